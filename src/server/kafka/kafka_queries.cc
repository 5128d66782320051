#include "server/kafka/kafka_queries.h"

#include <algorithm>
#include <stdexcept>

namespace pipeline {
namespace {

[[noreturn]] void Fail(const std::string& what, rd_kafka_resp_err_t error) {
  throw std::runtime_error(what + ": " + rd_kafka_err2str(error));
}

// ListOffsets takes these in place of a time: one request per broker answers for all partitions.
std::vector<int64_t> ListOffsets(rd_kafka_t* handle, const std::string& topic, int32_t count, int64_t which,
                                 int timeout_ms) {
  const KafkaPtr<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(count));
  for (int32_t p = 0; p < count; ++p) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p)->offset = which;
  }
  const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(handle, list.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("watermarks of " + topic, error);
  std::vector<int64_t> offsets(static_cast<size_t>(count), -1);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& at = list->elems[i];
    if (at.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Fail("watermark of " + topic + " partition " + std::to_string(at.partition), at.err);
    }
    if (at.partition >= 0 && at.partition < count) offsets[at.partition] = at.offset;
  }
  const auto missing = std::find_if(offsets.begin(), offsets.end(), [](int64_t offset) { return offset < 0; });
  if (missing != offsets.end()) {
    throw std::runtime_error("no watermark of " + topic + " partition " + std::to_string(missing - offsets.begin()));
  }
  return offsets;
}

}  // namespace

KafkaPtr<rd_kafka_conf_t> MakeConsumerConf(const KafkaSettings& settings, const KafkaProperties& properties) {
  KafkaProperties all = {
      {"group.id", settings.group_id},  // librdkafka wants one; nothing joins or commits
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},
      {"auto.offset.reset", "error"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
      // The server says itself, once, when Kafka goes and comes.
      {"log_level", "2"},
  };
  all.insert(all.end(), properties.begin(), properties.end());
  return MakeKafkaConf(settings, all);
}

std::vector<Watermarks> QueryWatermarks(rd_kafka_t* handle, const std::string& topic, int32_t count, int timeout_ms) {
  // The end last: what is trimmed or written between the two makes the range too wide, never too narrow.
  const std::vector<int64_t> low = ListOffsets(handle, topic, count, RD_KAFKA_OFFSET_BEGINNING, timeout_ms);
  const std::vector<int64_t> high = ListOffsets(handle, topic, count, RD_KAFKA_OFFSET_END, timeout_ms);
  std::vector<Watermarks> marks;
  marks.reserve(low.size());
  for (int32_t p = 0; p < count; ++p) marks.push_back({low[p], std::max(low[p], high[p])});
  return marks;
}

void AssignAt(rd_kafka_t* handle, const std::string& topic, const std::vector<int64_t>& next_offsets) {
  const KafkaPtr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets.size())));
  for (size_t p = 0; p < next_offsets.size(); ++p) {
    if (next_offsets[p] < 0) continue;
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), static_cast<int32_t>(p))->offset = next_offsets[p];
  }
  const rd_kafka_resp_err_t error = rd_kafka_assign(handle, list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("assignment of " + topic, error);
}

}  // namespace pipeline
