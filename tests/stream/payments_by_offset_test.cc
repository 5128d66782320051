// The order is the map of offsets that it stands for, whatever is put in and taken out wherever, and keeps little more.
#include "stream/payments_by_offset.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <vector>

#include "stream/payment_store.h"

namespace pipeline {
namespace {

constexpr auto kBlockMax = static_cast<int64_t>(PaymentsByOffset::kBlockMax);

struct Entry {
  StoredPayment* payment = nullptr;
  int kind = 0;
};
using Model = std::map<int64_t, Entry>;

std::vector<const StoredPayment*> Expected(const Model& model, int64_t after, int64_t until, uint32_t kinds) {
  std::vector<const StoredPayment*> found;
  for (const auto& [offset, entry] : model) {
    if (offset > after && offset <= until && (kinds >> entry.kind & 1) != 0) found.push_back(entry.payment);
  }
  return found;
}

std::vector<const StoredPayment*> Found(const PaymentsByOffset& order, int64_t after, int64_t until, uint32_t kinds) {
  std::vector<const StoredPayment*> found;
  order.ForEach(after, until, kinds, [&](const StoredPayment& payment) {
    found.push_back(&payment);
    return true;
  });
  return found;
}

// An order and its model, which are changed alike.
class Pair {
 public:
  explicit Pair(size_t payments) : payments_(payments) {}

  void Insert(int64_t offset, int kind) {
    StoredPayment* const payment = &payments_.at(static_cast<size_t>(offset));
    if (!model_.emplace(offset, Entry{payment, kind}).second) return;
    order_.Insert(offset, payment, kind);
  }
  void Erase(int64_t offset) {
    if (model_.erase(offset) > 0) order_.Erase(offset);
  }
  void SetKind(int64_t offset, int kind) {
    const auto found = model_.find(offset);
    if (found == model_.end()) return;
    found->second.kind = kind;
    order_.SetKind(offset, kind);
  }
  void ExpectSame() const {
    const auto end = static_cast<int64_t>(payments_.size());
    ExpectSameOf(-1, end, PaymentsByOffset::kAllKinds);
    ExpectSameOf(*rc::gen::inRange<int64_t>(-1, end), *rc::gen::inRange<int64_t>(-1, end + 1),
                 *rc::gen::inRange<uint32_t>(0, PaymentsByOffset::kAllKinds + 1));
    const auto first = order_.First();
    RC_ASSERT(first.has_value() == !model_.empty());
    if (first) RC_ASSERT(first->offset == model_.begin()->first);
    if (first) RC_ASSERT(first->payment == model_.begin()->second.payment);
    RC_ASSERT(static_cast<int64_t>(order_.blocks()) <= 8 * (static_cast<int64_t>(model_.size()) / kBlockMax + 1));
  }

 private:
  void ExpectSameOf(int64_t after, int64_t until, uint32_t kinds) const {
    RC_ASSERT(Found(order_, after, until, kinds) == Expected(model_, after, until, kinds));
  }

  std::vector<StoredPayment> payments_;
  PaymentsByOffset order_;
  Model model_;
};

int DrawKind() { return *rc::gen::inRange(0, PaymentsByOffset::kKindCount); }

// Runs of several blocks, so that blocks are filled, split, emptied and joined, from the front, the back and between.
RC_GTEST_PROP(PaymentsByOffsetPropertyTest, IsTheMapThatItStandsFor, ()) {
  const auto count = *rc::gen::inRange<int64_t>(1, 5 * kBlockMax);
  Pair pair(static_cast<size_t>(count));
  const auto changes = *rc::gen::inRange(1, 8);
  for (int change = 0; change < changes; ++change) {
    const auto begin = *rc::gen::inRange<int64_t>(0, count);
    const auto end = *rc::gen::inRange<int64_t>(begin, count + 1);
    const auto step = *rc::gen::inRange<int64_t>(1, 20);
    const auto what = *rc::gen::inRange(0, 4);
    const int kind = DrawKind();
    for (int64_t i = begin; i < end; i += what == 2 ? 1 : step) {
      if (what == 0) pair.Insert(i, (kind + static_cast<int>(i)) % PaymentsByOffset::kKindCount);
      if (what == 1) pair.Insert(end - 1 - (i - begin), kind);
      if (what == 2 && i % step != 0) pair.Erase(i);
      if (what == 3) pair.SetKind(i, kind);
    }
    pair.ExpectSame();
  }
}

TEST(PaymentsByOffsetTest, AVisitEndsWhenItIsToldTo) {
  std::vector<StoredPayment> payments(3);
  PaymentsByOffset order;
  for (int64_t i = 0; i < 3; ++i) order.Insert(i, &payments[static_cast<size_t>(i)], 0);
  int visits = 0;
  order.ForEach(-1, 2, PaymentsByOffset::kAllKinds, [&](const StoredPayment&) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

// What comes in order and leaves in order takes no more room than it has members.
TEST(PaymentsByOffsetTest, AQueueKeepsWhatItHoldsAlone) {
  StoredPayment payment;
  PaymentsByOffset order;
  for (int64_t i = 0; i < 100 * kBlockMax; ++i) {
    order.Insert(i, &payment, 0);
    if (i >= kBlockMax) order.Erase(i - kBlockMax);
    ASSERT_LE(order.blocks(), 3u);
  }
}

}  // namespace
}  // namespace pipeline
