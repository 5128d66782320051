#include "server/kafka/kafka_queries.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
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

KafkaPtr<rd_kafka_topic_partition_list_t> Places(const std::string& topic, const std::vector<int64_t>& next_offsets) {
  KafkaPtr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets.size())));
  for (size_t p = 0; p < next_offsets.size(); ++p) {
    if (next_offsets[p] < 0) continue;
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), static_cast<int32_t>(p))->offset = next_offsets[p];
  }
  return list;
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

std::string ConfValue(const rd_kafka_conf_t* conf, const std::string& name) {
  std::array<char, 512> value{};
  size_t size = value.size();
  if (rd_kafka_conf_get(conf, name.c_str(), value.data(), &size) != RD_KAFKA_CONF_OK) return "";
  return {value.data(), strnlen(value.data(), value.size())};
}

int FetchWaitMs(const KafkaSettings& settings) {
  return std::atoi(ConfValue(MakeConsumerConf(settings).get(), "fetch.wait.max.ms").c_str());
}

std::string BrokerErrorText(std::string text) {
  const size_t since = text.rfind(" (after ");
  if (since != std::string::npos) text.resize(since);
  return text;
}

TopicFacts AskTopic(rd_kafka_t* handle, const std::string& topic, bool known, int timeout_ms) {
  const KafkaPtr<rd_kafka_topic_t> one(known ? rd_kafka_topic_new(handle, topic.c_str(), nullptr) : nullptr);
  const rd_kafka_metadata_t* answer = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(handle, known ? 0 : 1, one.get(), &answer, timeout_ms);
  const KafkaPtr<const rd_kafka_metadata_t> metadata(answer);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Fail("Kafka at " + ConfValue(rd_kafka_conf(handle), "bootstrap.servers") + " not reached within " +
             std::to_string(timeout_ms) + " ms",
         error);
  }
  TopicFacts facts;
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    const rd_kafka_metadata_broker_t& broker = metadata->brokers[i];
    facts.hosts[broker.id] = std::string(broker.host) + ":" + std::to_string(broker.port);
  }
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& found = metadata->topics[i];
    if (topic != found.topic || found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
    if (found.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
      throw TopicRefused("Kafka does not let us describe topic " + topic + " (TOPIC_AUTHORIZATION_FAILED)");
    }
    if (found.err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) throw TopicRefused("no topic can have the name " + topic);
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("topic " + topic, found.err);
    facts.partitions = found.partition_cnt;
    facts.leaders.assign(static_cast<size_t>(found.partition_cnt), -1);
    for (int j = 0; j < found.partition_cnt; ++j) {
      const rd_kafka_metadata_partition_t& at = found.partitions[j];
      if (at.id >= 0 && at.id < found.partition_cnt) facts.leaders[static_cast<size_t>(at.id)] = at.leader;
    }
  }
  return facts;
}

Watermarks QueryWatermark(rd_kafka_t* handle, const std::string& topic, int32_t partition, int timeout_ms) {
  Watermarks at;
  const rd_kafka_resp_err_t error =
      rd_kafka_query_watermark_offsets(handle, topic.c_str(), partition, &at.low, &at.high, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Fail("watermarks of " + topic + " partition " + std::to_string(partition), error);
  }
  return at;
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
  const auto list = Places(topic, next_offsets);
  const rd_kafka_resp_err_t error = rd_kafka_assign(handle, list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("assignment of " + topic, error);
}

bool SeekTo(rd_kafka_t* handle, const std::string& topic, const std::vector<int64_t>& next_offsets, int timeout_ms) {
  const auto list = Places(topic, next_offsets);
  if (rd_kafka_error_t* error = rd_kafka_seek_partitions(handle, list.get(), timeout_ms); error != nullptr) {
    rd_kafka_error_destroy(error);
    return false;
  }
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  }
  return true;
}

}  // namespace pipeline
