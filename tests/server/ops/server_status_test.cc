// Health of a loaded server waits before it says that Kafka is away, at the start it does not; and what is said of
// Kafka at the moment does not wait.
#include "server/ops/server_status.h"

#include <gtest/gtest.h>

#include <vector>

namespace pipeline {
namespace {

constexpr int64_t kNever = INT64_MAX;

ServerStatus::State Away(int64_t unready_after_ns) {
  ServerStatus status("kafka:9092", "payments.raw", unready_after_ns);
  status.SetReachable(true);
  status.SetTopicPresent(true);
  status.SetLoaded(true);
  EXPECT_TRUE(status.serving());
  status.SetReachable(false, "refused");
  return status.state();
}

TEST(ServerStatusTest, ALoadedServerStaysInTheBalancerWhileKafkaIsAwayForShort) {
  EXPECT_TRUE(Away(kNever).serving);
  EXPECT_FALSE(Away(kNever).reachable);
  EXPECT_TRUE(Away(kNever).loaded);
  EXPECT_FALSE(Away(0).serving);
}

TEST(ServerStatusTest, AServerThatIsNotLoadedNeverServes) {
  ServerStatus status("kafka:9092", "payments.raw", kNever);
  status.SetReachable(false, "refused");
  EXPECT_FALSE(status.serving());
  EXPECT_EQ(status.WhyNotLoaded(), "Kafka at kafka:9092 has not answered yet");
  status.SetReachable(true);
  status.SetTopicRefused("Kafka does not let us describe it");
  EXPECT_FALSE(status.serving());
  EXPECT_EQ(status.WhyNotLoaded(), "Kafka does not let us describe it");
}

TEST(ServerStatusTest, ATopicThatMayNotBeDescribedCountsAsKafkaBeingAway) {
  ServerStatus status("kafka:9092", "payments.raw", 0);
  std::vector<bool> told;
  status.SetReachable(true);
  status.SetTopicPresent(true);
  status.SetLoaded(true);
  status.OnServing([&](bool serving) { told.push_back(serving); });
  status.SetTopicRefused("no");
  status.SetTopicRefused("no");
  EXPECT_TRUE(status.state().topic_present) << "it is not deleted";
  status.SetTopicRefused("");
  EXPECT_EQ(told, (std::vector<bool>{true, false, true}));
}

TEST(ServerStatusTest, ATopicThatIsGoneIsSaidAtOnce) {
  ServerStatus status("kafka:9092", "payments.raw", kNever);
  status.SetReachable(true);
  status.SetLoaded(true);
  status.SetTopicPresent(false);
  EXPECT_FALSE(status.serving());
}

}  // namespace
}  // namespace pipeline
