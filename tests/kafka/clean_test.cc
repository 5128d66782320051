// A harness that is killed leaves a topic on the cluster, which its run's directory names, and `harness clean` deletes
// that one and no other.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "tests/kafka/real_kafka.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

pid_t StartHarness(std::vector<std::string> words) {
  words.insert(words.begin(), std::string(PIPELINE_BIN_DIR) + "/harness");
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  EXPECT_EQ(posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ), 0);
  return pid;
}

int ExitCode(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::set<std::string> Topics(const std::string& brokers) {
  KafkaSettings settings;
  settings.brokers = brokers;
  const auto handle = MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(settings, {}));
  const rd_kafka_metadata_t* metadata = nullptr;
  EXPECT_EQ(rd_kafka_metadata(handle.get(), 1, nullptr, &metadata, 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  std::set<std::string> topics;
  if (metadata == nullptr) return topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) topics.insert(metadata->topics[i].topic);
  rd_kafka_metadata_destroy(metadata);
  return topics;
}

TEST(CleanOnKafkaTest, DeletesWhatAKilledRunHasLeft) {
  const std::string brokers = Environment("PIPELINE_TEST_KAFKA");
  if (brokers.empty()) GTEST_SKIP() << "PIPELINE_TEST_KAFKA is not set";
  std::string folder = (fs::temp_directory_path() / "clean_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/endless.json") << R"({
    "name": "endless", "broker": {"partitions": 1},
    "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "10m", "rate": "50/s"}]})";
  KafkaSettings settings;
  settings.brokers = brokers;
  const RealTopic other(settings);
  const pid_t harness =
      StartHarness({"run", folder + "/endless.json", "--brokers", brokers, "--out", folder + "/runs"});
  const auto own_topic = [&]() -> std::string {
    for (const std::string& topic : Topics(brokers)) {
      if (topic.starts_with("payments.raw.endless-")) return topic;
    }
    return "";
  };
  EXPECT_TRUE(Eventually([&] { return !own_topic().empty(); }));
  EXPECT_EQ(ExitCode(StartHarness({"clean", folder + "/runs"})), 0) << "a run that goes on is left alone";
  EXPECT_NE(own_topic(), "");
  kill(harness, SIGKILL);
  EXPECT_EQ(ExitCode(harness), -SIGKILL);
  EXPECT_TRUE(Eventually([&] {
    return ExitCode(StartHarness({"clean", folder + "/runs"})) == 0 && own_topic().empty();
  }));
  EXPECT_TRUE(Topics(brokers).contains(other.settings().topic));
  for (const auto& run : fs::directory_iterator(folder + "/runs")) {
    EXPECT_FALSE(fs::exists(run.path() / "kafka-topics.json"));
  }
  fs::remove_all(folder);
}

// A hang-up is an interruption: the topic goes with the run.
TEST(CleanOnKafkaTest, AHangUpLeavesNoTopic) {
  const std::string brokers = Environment("PIPELINE_TEST_KAFKA");
  if (brokers.empty()) GTEST_SKIP() << "PIPELINE_TEST_KAFKA is not set";
  std::string folder = (fs::temp_directory_path() / "clean_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/hangup.json") << R"({
    "name": "hangup", "broker": {"partitions": 1},
    "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "10m", "rate": "50/s"}]})";
  const pid_t harness = StartHarness({"run", folder + "/hangup.json", "--brokers", brokers, "--out", folder + "/runs"});
  const auto has_topic = [&] {
    const std::set<std::string> topics = Topics(brokers);
    return std::any_of(topics.begin(), topics.end(),
                       [](const std::string& topic) { return topic.starts_with("payments.raw.hangup-"); });
  };
  EXPECT_TRUE(Eventually(has_topic));
  kill(harness, SIGHUP);
  EXPECT_EQ(ExitCode(harness), 130);
  EXPECT_FALSE(has_topic());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace pipeline
