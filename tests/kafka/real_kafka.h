// A real Kafka for tests: the one that PIPELINE_TEST_KAFKA names (ci/real-kafka starts it), with topics of the test's
// own; and one that the test itself starts, kills and starts again, by the script that PIPELINE_TEST_RUN_KAFKA names.
// Tests are skipped where the variable is not set.
#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/kafka.h"
#include "harness/broker/kafka_cluster.h"
#include "tests/server/server_testing.h"

namespace pipeline {

// Empty when it is not set.
inline std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Skipped where PIPELINE_TEST_KAFKA is not set.
class RealKafkaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kafka_.brokers = Environment("PIPELINE_TEST_KAFKA");
    if (kafka_.brokers.empty()) GTEST_SKIP() << "PIPELINE_TEST_KAFKA names no Kafka (ci/real-kafka does)";
  }

  KafkaSettings kafka_;
};

inline void TakeAdminAnswer(rd_kafka_queue_t* queue) {
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 60'000);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_event_error_string(event);
  rd_kafka_event_destroy(event);
}

// The topic has `count_after` partitions when it returns. Any handle of the cluster does, and a queue of it.
inline void AddPartitions(rd_kafka_t* handle, rd_kafka_queue_t* queue, const std::string& topic, size_t count_after) {
  std::array<char, 512> error{};
  rd_kafka_NewPartitions_t* wanted = rd_kafka_NewPartitions_new(topic.c_str(), count_after, error.data(), error.size());
  rd_kafka_CreatePartitions(handle, &wanted, 1, nullptr, queue);
  rd_kafka_NewPartitions_destroy(wanted);
  TakeAdminAnswer(queue);
}

// One topic of its own, deleted at the end.
class RealTopic {
 public:
  explicit RealTopic(KafkaSettings settings, int partitions = 1, bool create = true)
      : settings_(std::move(settings)), cluster_(settings_, 30'000, [] { return false; }) {
    static int number = 0;
    settings_.topic = "test-" + std::to_string(getpid()) + "-" + std::to_string(++number);
    settings_.properties.emplace_back("fetch.wait.max.ms=20");
    KafkaSettings sending = settings_;
    sending.properties = {"message.max.bytes=10000000"};
    sender_ = MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(sending, {{"linger.ms", "1"}, {"log_level", "2"}}));
    queue_.reset(rd_kafka_queue_new(sender_.get()));
    if (create) Create(partitions);
  }
  ~RealTopic() { EXPECT_EQ(cluster_.DeleteTopic(settings_.topic), ""); }

  const KafkaSettings& settings() const { return settings_; }
  void Create(int partitions) { cluster_.CreateTopic(settings_.topic, partitions, 1); }
  // Of one partition, whose segments are compacted as soon as they are full, which they are after a moment.
  void CreateCompacted() {
    std::array<char, 512> error{};
    rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(settings_.topic.c_str(), 1, 1, error.data(), error.size());
    for (const auto& [name, value] :
         {std::pair{"cleanup.policy", "compact"}, std::pair{"segment.ms", "50"},
          std::pair{"min.cleanable.dirty.ratio", "0.001"}, std::pair{"max.compaction.lag.ms", "1"}}) {
      rd_kafka_NewTopic_set_config(wanted, name, value);
    }
    rd_kafka_CreateTopics(sender_.get(), &wanted, 1, nullptr, queue_.get());
    rd_kafka_NewTopic_destroy(wanted);
    TakeAdminAnswer(queue_.get());
  }
  void Delete() { ASSERT_EQ(cluster_.DeleteTopic(settings_.topic), ""); }

  void AddPartitions(size_t count_after) {
    pipeline::AddPartitions(sender_.get(), queue_.get(), settings_.topic, count_after);
  }
  // Afterwards the partition begins at `offset`.
  void Trim(int32_t partition, int64_t offset) {
    const KafkaPtr<rd_kafka_topic_partition_list_t> before(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(before.get(), settings_.topic.c_str(), partition)->offset = offset;
    rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(before.get());
    rd_kafka_DeleteRecords(sender_.get(), &wanted, 1, nullptr, queue_.get());
    rd_kafka_DeleteRecords_destroy(wanted);
    TakeAdminAnswer(queue_.get());
  }
  // Acknowledged when it returns. Tries again while the partition is not known yet.
  // Without a value: a tombstone.
  void Produce(int32_t partition, const std::string& key, const std::optional<std::string>& value) {
    ASSERT_TRUE(Eventually([&] { return TryProduce(partition, key, value); })) << key;
  }
  void ProducePayment(int32_t partition, const std::string& id) { Produce(partition, id, PaymentJson(id)); }
  // One payment in a transaction of its own: markers are written behind it.
  void ProduceTransaction(int32_t partition, const std::string& id, bool commit) {
    constexpr int kPatienceMs = 60'000;
    KafkaSettings sending = settings_;
    sending.properties.clear();
    const auto sender = MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(sending, {{"transactional.id", settings_.topic}}));
    const KafkaPtr<rd_kafka_topic_t> topic(rd_kafka_topic_new(sender.get(), settings_.topic.c_str(), nullptr));
    ASSERT_EQ(rd_kafka_init_transactions(sender.get(), kPatienceMs), nullptr);
    ASSERT_EQ(rd_kafka_begin_transaction(sender.get()), nullptr);
    std::string value = PaymentJson(id);
    ASSERT_EQ(rd_kafka_produce(topic.get(), partition, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), id.data(),
                               id.size(), nullptr),
              0);
    ASSERT_EQ(rd_kafka_flush(sender.get(), kPatienceMs), RD_KAFKA_RESP_ERR_NO_ERROR);
    ASSERT_EQ(commit ? rd_kafka_commit_transaction(sender.get(), kPatienceMs)
                     : rd_kafka_abort_transaction(sender.get(), kPatienceMs),
              nullptr);
  }

 private:
  bool TryProduce(int32_t partition, const std::string& key, const std::optional<std::string>& value) {
    const KafkaPtr<rd_kafka_topic_t> topic(rd_kafka_topic_new(sender_.get(), settings_.topic.c_str(), nullptr));
    char* const bytes = value ? const_cast<char*>(value->data()) : nullptr;
    const int refused = rd_kafka_produce(topic.get(), partition, RD_KAFKA_MSG_F_COPY, bytes, value ? value->size() : 0,
                                         key.data(), key.size(), nullptr);
    const rd_kafka_resp_err_t error = refused == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
    // Until the sender has heard of it, or that the topic is there again.
    if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
      const rd_kafka_metadata_t* metadata = nullptr;
      if (rd_kafka_metadata(sender_.get(), 1, nullptr, &metadata, 1000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
      }
      return false;
    }
    EXPECT_EQ(error, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(error);
    EXPECT_EQ(rd_kafka_flush(sender_.get(), 60'000), RD_KAFKA_RESP_ERR_NO_ERROR);
    return true;
  }
  KafkaSettings settings_;
  harness::KafkaCluster cluster_;
  KafkaPtr<rd_kafka_t> sender_;
  KafkaPtr<rd_kafka_queue_t> queue_;
};

// A node of the test's own, with data that outlives it.
class OwnKafka {
 public:
  explicit OwnKafka(std::string script) : script_(std::move(script)) {
    std::string folder = std::filesystem::temp_directory_path() / "own-kafka.XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
    Start();
  }
  ~OwnKafka() {
    Kill();
    std::filesystem::remove_all(folder_);
  }
  // Returns when it is ready; at the port it had before.
  void Start() {
    const std::string env_file = folder_ + "/env";
    std::filesystem::remove(env_file);
    std::vector<std::string> words = {script_, "--data", Data(), "--env-file", env_file};
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);  // a group of its own, to be killed whole
    ASSERT_EQ(posix_spawn(&pid_, script_.c_str(), nullptr, &attributes, argv.data(), environ), 0);
    posix_spawnattr_destroy(&attributes);
    ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(env_file); })) << script_;
    std::ifstream file(env_file);
    std::string line;
    std::getline(file, line);
    address_ = line.substr(line.find('=') + 1);
  }
  void Kill() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // A copy of the disk, to be taken and put back while it does not run.
  void Save() const { std::filesystem::copy(Data(), Data() + ".copy", std::filesystem::copy_options::recursive); }
  void Restore() const {
    std::filesystem::remove_all(Data());
    std::filesystem::rename(Data() + ".copy", Data());
  }
  const std::string& address() const { return address_; }

 private:
  std::string Data() const { return folder_ + "/data"; }

  const std::string script_;
  std::string folder_;
  std::string address_;
  pid_t pid_ = -1;
};

}  // namespace pipeline
