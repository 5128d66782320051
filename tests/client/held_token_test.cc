// A held token says exactly what was handed on: whatever repeats and bookmarks come in, each record of a partition is
// taken once and in order, and the vector is that of a model that only remembers the last thing that moved it.
#include "client/held_token.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <vector>

namespace pipeline {
namespace {

Token TwoPartitions() {
  Token token{.log_id = "log", .partitions = {}};
  token.partitions[0] = {.after = -1, .record_crc32c = {}, .snapshot_until = 10};
  token.partitions[1] = {.after = 4, .record_crc32c = 44, .snapshot_until = {}};
  return token;
}

TEST(HeldTokenTest, KnowsNothingBeforeAStart) {
  HeldToken held;
  EXPECT_FALSE(held.known());
  held.OnStart(TwoPartitions(), false);
  EXPECT_TRUE(held.known());
  EXPECT_EQ(held.token(), TwoPartitions());
  held.Reset();
  EXPECT_FALSE(held.known());
  EXPECT_TRUE(held.token().partitions.empty());
}

TEST(HeldTokenTest, AStreamWithoutATokenReplacesAndOneWithATokenOnlyAdds) {
  HeldToken held;
  held.OnStart(TwoPartitions(), false);
  ASSERT_TRUE(held.OnEvent(1, 9, 99));
  Token server{.log_id = "log", .partitions = {}};
  server.partitions[1] = {.after = 2, .record_crc32c = 22, .snapshot_until = 7};
  server.partitions[2] = {.after = 5, .record_crc32c = 55, .snapshot_until = {}};

  held.OnStart(server, true);
  Token expected = TwoPartitions();
  expected.partitions[1] = {.after = 9, .record_crc32c = 99, .snapshot_until = {}};
  expected.partitions[2] = server.partitions[2];
  EXPECT_EQ(held.token(), expected);

  held.OnStart(server, false);
  EXPECT_EQ(held.token(), server);
  server.log_id = "another";
  server.partitions.erase(2);
  held.OnStart(server, true);
  EXPECT_EQ(held.token(), server);
}

TEST(HeldTokenTest, TheSnapshotEndsAtTheFirstEventBeyondIt) {
  HeldToken held;
  held.OnStart(TwoPartitions(), false);
  const auto until = [&] { return held.token().partitions.at(0).snapshot_until; };
  ASSERT_TRUE(held.OnEvent(0, 10, 1));
  EXPECT_EQ(until(), 10);
  ASSERT_TRUE(held.OnEvent(0, 11, 1));
  EXPECT_EQ(until(), std::nullopt);
  held.OnStart(TwoPartitions(), false);
  held.OnBookmark(0, 10);
  EXPECT_EQ(until(), 10);
  held.OnBookmark(0, 12);
  EXPECT_EQ(until(), std::nullopt);
}

TEST(HeldTokenTest, AChecksumBelongsToTheRecordAtItsAfter) {
  HeldToken held;
  held.OnStart(TwoPartitions(), false);
  const auto crc = [&] { return held.token().partitions.at(1).record_crc32c; };
  ASSERT_TRUE(held.OnEvent(1, 6, 66));
  EXPECT_EQ(crc(), 66u);
  held.OnBookmark(1, 6);
  EXPECT_EQ(crc(), 66u) << "the bookmark did not move `after` away from the record";
  held.OnBookmark(1, 8);
  EXPECT_EQ(crc(), std::nullopt);
  EXPECT_EQ(held.token().partitions.at(1).after, 8);
}

TEST(HeldTokenTest, AGapIsSkippedOnPurpose) {
  HeldToken held;
  held.OnStart(TwoPartitions(), false);
  held.SetEarliest(1, 50);
  EXPECT_EQ(held.token().partitions.at(1), (TokenPart{.after = 49, .record_crc32c = {}, .snapshot_until = {}}));
  held.SetEarliest(1, 3);
  EXPECT_TRUE(held.OnEvent(1, 3, 33)) << "a truncated log begins again below the old one";
}

struct Step {
  int32_t partition;
  int64_t offset;
  bool bookmark;
};

RC_GTEST_PROP(HeldTokenProperty, EachRecordIsTakenOnceAndTheVectorFollows, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(rc::gen::build<Step>(
      rc::gen::set(&Step::partition, rc::gen::inRange(0, 3)),
      rc::gen::set(&Step::offset, rc::gen::inRange<int64_t>(0, 20)), rc::gen::set(&Step::bookmark)));
  const int64_t until = *rc::gen::inRange<int64_t>(-1, 20);
  Token token{.log_id = "log", .partitions = {}};
  for (int32_t p = 0; p < 3; ++p) token.partitions[p] = {.after = -1, .record_crc32c = {}, .snapshot_until = until};
  HeldToken held;
  held.OnStart(token, false);

  std::map<int32_t, std::vector<int64_t>> taken;
  Token model = token;
  for (const Step& step : steps) {
    const auto crc = static_cast<uint32_t>(step.offset * 31 + step.partition);
    TokenPart& at = model.partitions[step.partition];
    const bool beyond = step.offset > at.after;
    if (step.bookmark) {
      held.OnBookmark(step.partition, step.offset);
    } else {
      const bool is_new = held.OnEvent(step.partition, step.offset, crc);
      RC_ASSERT(is_new == beyond);
      if (is_new) taken[step.partition].push_back(step.offset);
    }
    if (!beyond) continue;
    at = {.after = step.offset,
          .record_crc32c = step.bookmark ? std::nullopt : std::optional(crc),
          .snapshot_until = at.snapshot_until && step.offset > *at.snapshot_until ? std::nullopt : at.snapshot_until};
  }
  RC_ASSERT(held.token() == model);
  for (const auto& [partition, offsets] : taken) {
    for (size_t i = 1; i < offsets.size(); ++i) RC_ASSERT(offsets[i - 1] < offsets[i]);
  }
}

}  // namespace
}  // namespace pipeline
