// A request's positions are looked at once, before anything waits for them: few, known to be possible, each partition
// once.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/calls/request_check.h"

namespace pipeline {
namespace {

constexpr int32_t kPartitions = 4;

std::variant<std::vector<Position>, std::string> Check(const std::vector<std::pair<int32_t, int64_t>>& positions) {
  ::payment::GetPaymentRequest request;
  for (const auto& [partition, offset] : positions) {
    ::payment::Position* at = request.add_min_position();
    at->set_partition(partition);
    at->set_offset(offset);
  }
  return CheckMinPosition(request.min_position(), kPartitions);
}

std::string Wrong(const std::vector<std::pair<int32_t, int64_t>>& positions) {
  const auto checked = Check(positions);
  const auto* wrong = std::get_if<std::string>(&checked);
  return wrong == nullptr ? "" : *wrong;
}

TEST(CheckMinPositionTest, TakesEachPartitionOnce) {
  const auto checked = Check({{3, 7}, {0, -1}});
  EXPECT_EQ(std::get<0>(checked), (std::vector<Position>{{3, 7}, {0, -1}}));
  EXPECT_EQ(Wrong({{1, std::numeric_limits<int64_t>::max()}}), "");
  EXPECT_EQ(Wrong({{1, 5}, {1, 5}}), "min_position with partition 1 twice; allowed: once");
}

TEST(CheckMinPositionTest, RefusesWhatCannotBe) {
  EXPECT_EQ(Wrong({{4, 5}}), "min_position with partition 4; allowed: 0 to 3");
  EXPECT_NE(Wrong({{-1, 5}}), "");
  EXPECT_NE(Wrong({{std::numeric_limits<int32_t>::min(), 5}}), "");
  EXPECT_EQ(Wrong({{0, -2}}), "min_position with partition 0, offset -2; allowed: -1 or more");
}

// 64 KiB of positions, as many as a request may hold, cost no more than a few: the answer comes with the fifth.
TEST(CheckMinPositionTest, StopsAtTheFirstThatIsTooMany) {
  std::vector<std::pair<int32_t, int64_t>> positions;
  for (int i = 0; i < 10'000; ++i) positions.emplace_back(i % kPartitions, i);
  EXPECT_EQ(Wrong(positions), "min_position with partition 0 twice; allowed: once");
}

}  // namespace
}  // namespace pipeline
