// An OrderedBitmap answers as a std::set does, across words and levels.
#include "stream/ordered_bitmap.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <vector>

namespace pipeline {
namespace {

// Mostly near the ends of words and of whole levels.
uint64_t DrawValue() {
  const uint64_t base = *rc::gen::element<uint64_t>(0, 64, 128, 4096, 8192, 262144);
  const int64_t near = static_cast<int64_t>(base) + *rc::gen::inRange(-3, 4);
  return near < 0 ? 0 : static_cast<uint64_t>(near);
}

RC_GTEST_PROP(OrderedBitmapTest, AnswersAsASetDoes, ()) {
  OrderedBitmap bitmap;
  std::set<uint64_t> model;
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    const uint64_t value = DrawValue();
    if (*rc::gen::inRange(0, 3) == 0) {
      bitmap.Erase(value);
      model.erase(value);
    } else {
      bitmap.Insert(value);
      model.insert(value);
    }
    const uint64_t from = DrawValue();
    const auto expected = model.lower_bound(from);
    const std::optional<uint64_t> next = bitmap.Next(from);
    RC_ASSERT(next.has_value() == (expected != model.end()));
    if (next) RC_ASSERT(*next == *expected);
  }
}

TEST(OrderedBitmapTest, FindsAFarMember) {
  OrderedBitmap bitmap;
  EXPECT_FALSE(bitmap.Next(0));
  bitmap.Insert(20'000'000);
  EXPECT_EQ(bitmap.Next(0), 20'000'000u);
  EXPECT_FALSE(bitmap.Next(20'000'001));
  bitmap.Insert(5);
  EXPECT_EQ(bitmap.Next(0), 5u);
  EXPECT_EQ(bitmap.Next(6), 20'000'000u);
}

}  // namespace
}  // namespace pipeline
