// A run whose topic is given more partitions while it goes on proves nothing, and says why: the audit reads those that
// the topic began with.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/kafka/harness_child.h"
#include "tests/kafka/real_kafka.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

std::string Contents(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In partition 0: the load's keys are spread over all.
bool HasRecords(rd_kafka_t* handle, const std::string& topic) {
  int64_t begin = 0;
  int64_t end = 0;
  return rd_kafka_query_watermark_offsets(handle, topic.c_str(), 0, &begin, &end, 5'000) ==
             RD_KAFKA_RESP_ERR_NO_ERROR &&
         end > 0;
}

using PartitionsAddedTest = RealKafkaTest;

TEST_F(PartitionsAddedTest, MakeTheRunInvalidWithThatReason) {
  std::string folder = (fs::temp_directory_path() / "partitions_added_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/growing.json") << R"({
    "name": "growing", "broker": {"partitions": 2},
    "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "10s", "rate": "50/s"}]})";
  const pid_t harness =
      StartHarness({"run", folder + "/growing.json", "--brokers", kafka_.brokers, "--out", folder + "/runs"});
  const auto handle = MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(kafka_, {}));
  const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle.get()));
  std::string topic;
  EXPECT_TRUE(Eventually([&] {
    topic = OwnTopic(kafka_.brokers, "growing");
    return !topic.empty() && HasRecords(handle.get(), topic);
  })) << "the load has not begun";
  AddPartitions(handle.get(), queue.get(), topic, 3);
  EXPECT_EQ(ExitCode(harness), 4);
  ASSERT_TRUE(fs::exists(folder + "/runs"));
  const fs::path run = *fs::directory_iterator(folder + "/runs");
  const std::string result = Contents(run / "result.json");
  EXPECT_NE(result.find("\"INVALID\""), std::string::npos) << result;
  EXPECT_NE(result.find("has 3 partitions now and had 2 when the run began"), std::string::npos) << result;
  fs::remove_all(folder);
}

}  // namespace
}  // namespace pipeline
