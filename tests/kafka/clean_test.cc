// A harness that is killed leaves a topic on the cluster, which its run's directory names, and `harness clean` deletes
// that one and no other.
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/kafka/harness_child.h"
#include "tests/kafka/real_kafka.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

using CleanOnKafkaTest = RealKafkaTest;

TEST_F(CleanOnKafkaTest, DeletesWhatAKilledRunHasLeft) {
  std::string folder = (fs::temp_directory_path() / "clean_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/endless.json") << R"({
    "name": "endless", "broker": {"partitions": 1},
    "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "10m", "rate": "50/s"}]})";
  const RealTopic other(kafka_);
  const pid_t harness =
      StartHarness({"run", folder + "/endless.json", "--brokers", kafka_.brokers, "--out", folder + "/runs"});
  const auto own_topic = [&] { return OwnTopic(kafka_.brokers, "endless"); };
  EXPECT_TRUE(Eventually([&] { return !own_topic().empty(); }));
  EXPECT_EQ(ExitCode(StartHarness({"clean", folder + "/runs"})), 0) << "a run that goes on is left alone";
  EXPECT_NE(own_topic(), "");
  kill(harness, SIGKILL);
  EXPECT_EQ(ExitCode(harness), -SIGKILL);
  EXPECT_TRUE(Eventually([&] {
    return ExitCode(StartHarness({"clean", folder + "/runs"})) == 0 && own_topic().empty();
  }));
  EXPECT_TRUE(Topics(kafka_.brokers).contains(other.settings().topic));
  for (const auto& run : fs::directory_iterator(folder + "/runs")) {
    EXPECT_FALSE(fs::exists(run.path() / "kafka-topics.json"));
  }
  fs::remove_all(folder);
}

// A hang-up is an interruption: the topic goes with the run.
TEST_F(CleanOnKafkaTest, AHangUpLeavesNoTopic) {
  std::string folder = (fs::temp_directory_path() / "clean_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/hangup.json") << R"({
    "name": "hangup", "broker": {"partitions": 1},
    "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "10m", "rate": "50/s"}]})";
  const pid_t harness =
      StartHarness({"run", folder + "/hangup.json", "--brokers", kafka_.brokers, "--out", folder + "/runs"});
  const auto has_topic = [&] { return !OwnTopic(kafka_.brokers, "hangup").empty(); };
  EXPECT_TRUE(Eventually(has_topic));
  kill(harness, SIGHUP);
  EXPECT_EQ(ExitCode(harness), 130);
  EXPECT_FALSE(has_topic());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace pipeline
