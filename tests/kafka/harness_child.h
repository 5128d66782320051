// The harness as a child of a test, and the topics that a cluster has: for the tests that look at what a run does to a
// real cluster.
#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "common/kafka.h"
#include "tests/paths.h"

namespace pipeline {

inline pid_t StartHarness(std::vector<std::string> words) {
  words.insert(words.begin(), std::string(PIPELINE_BIN_DIR) + "/harness");
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  EXPECT_EQ(posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ), 0);
  return pid;
}

// Waits for its end. A signal is told as its negative number.
inline int ExitCode(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline std::set<std::string> Topics(const std::string& brokers) {
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

// The topic that a run of this scenario has made for itself. Empty while there is none.
inline std::string OwnTopic(const std::string& brokers, const std::string& scenario) {
  for (const std::string& topic : Topics(brokers)) {
    if (topic.starts_with("payments.raw." + scenario + "-")) return topic;
  }
  return "";
}

}  // namespace pipeline
