// The list is the map of offsets that it stands for, whatever is superseded in whatever order, and keeps little more.
#include "stream/winner_list.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <vector>

#include "stream/payment_store.h"

namespace pipeline {
namespace {

using Model = std::map<int64_t, StoredPayment*>;

std::vector<StoredPayment*> Expected(const Model& model, int64_t after, int64_t until) {
  std::vector<StoredPayment*> found;
  for (const auto& [offset, payment] : model) {
    if (offset > after && offset <= until) found.push_back(payment);
  }
  return found;
}

std::vector<const StoredPayment*> Found(const WinnerList& list, int64_t after, int64_t until) {
  std::vector<const StoredPayment*> found;
  list.ForEach(after, until, [&](const StoredPayment& payment) {
    found.push_back(&payment);
    return true;
  });
  return found;
}

void ExpectSame(const WinnerList& list, const Model& model, int64_t after, int64_t until) {
  const std::vector<StoredPayment*> expected = Expected(model, after, until);
  RC_ASSERT(Found(list, after, until) == std::vector<const StoredPayment*>(expected.begin(), expected.end()));
}

// Several blocks, so that they are emptied, joined and skipped.
RC_GTEST_PROP(WinnerListPropertyTest, IsTheMapThatItStandsFor, ()) {
  const auto count = *rc::gen::inRange<int64_t>(0, 4 * static_cast<int64_t>(WinnerList::kBlockMax));
  std::vector<StoredPayment> payments(static_cast<size_t>(count));
  WinnerList list;
  Model model;
  const auto step = *rc::gen::inRange<int64_t>(1, 4);
  for (int64_t i = 0; i < count; ++i) {
    list.Append(i * step, &payments[i]);
    model[i * step] = &payments[i];
  }
  // Each `every`th is left over, of a range or of all.
  const auto every = *rc::gen::inRange<int64_t>(1, 20);
  const auto begin = *rc::gen::inRange<int64_t>(0, count + 1);
  for (int64_t i = begin; i < count; ++i) {
    if (i % every == 0) continue;
    list.Supersede(i * step);
    model.erase(i * step);
  }
  ExpectSame(list, model, -1, count * step);
  const auto after = *rc::gen::inRange<int64_t>(-1, count * step + 1);
  ExpectSame(list, model, after, *rc::gen::inRange<int64_t>(-1, count * step + 1));
  RC_ASSERT(list.kept() <= 2 * model.size() + WinnerList::kBlockMax);
  StoredPayment last;
  list.Append(count * step, &last);
  RC_ASSERT(Found(list, count * step - 1, count * step).size() == 1u);
}

TEST(WinnerListTest, AVisitEndsWhenItIsToldTo) {
  std::vector<StoredPayment> payments(3);
  WinnerList list;
  for (int64_t i = 0; i < 3; ++i) list.Append(i, &payments[i]);
  int visits = 0;
  list.ForEach(-1, 2, [&](const StoredPayment&) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

}  // namespace
}  // namespace pipeline
