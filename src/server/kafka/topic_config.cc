#include "server/kafka/topic_config.h"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "common/kafka.h"
#include "text/words.h"

namespace pipeline {
namespace {

constexpr char kPolicy[] = "cleanup.policy";

struct AdminDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
  void operator()(rd_kafka_ConfigResource_t* resource) const { rd_kafka_ConfigResource_destroy(resource); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
template <typename T>
using AdminPtr = std::unique_ptr<T, AdminDeleter>;

[[noreturn]] void Fail(const std::string& topic, rd_kafka_resp_err_t error, const char* text) {
  const std::string reason = text == nullptr ? rd_kafka_err2str(error) : text;
  if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    throw TopicRefused("Kafka does not let us see the configuration of topic " + topic + ": " + reason);
  }
  throw std::runtime_error("configuration of topic " + topic + ": " + reason);
}

// One of the words between commas.
bool HasWord(std::string_view list, std::string_view word) {
  const std::vector<std::string_view> words = Split(list, ',');
  return std::any_of(words.begin(), words.end(), [&](std::string_view one) { return Stripped(one) == word; });
}

AdminPtr<rd_kafka_event_t> Describe(rd_kafka_t* handle, const std::string& topic, int timeout_ms) {
  std::array<char, 512> error{};
  const AdminPtr<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, error.data(), error.size());
  const AdminPtr<rd_kafka_ConfigResource_t> wanted(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle));
  rd_kafka_ConfigResource_t* one = wanted.get();
  rd_kafka_DescribeConfigs(handle, &one, 1, options.get(), queue.get());
  // librdkafka keeps the time itself; what is added is for a process that stands still.
  return AdminPtr<rd_kafka_event_t>(rd_kafka_queue_poll(queue.get(), 2 * timeout_ms));
}

}  // namespace

std::optional<bool> AskCompacted(rd_kafka_t* handle, const std::string& topic, const TopicFacts& facts,
                                 int timeout_ms) {
  // librdkafka asks the controller, and waits for one that it does not know until the time is over.
  if (facts.hosts.count(rd_kafka_controllerid(handle, 0)) == 0) return std::nullopt;
  const AdminPtr<rd_kafka_event_t> event = Describe(handle, topic, timeout_ms);
  if (event == nullptr) Fail(topic, RD_KAFKA_RESP_ERR__TIMED_OUT, nullptr);
  if (const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Fail(topic, error, rd_kafka_event_error_string(event.get()));
  }
  size_t count = 0;
  const rd_kafka_ConfigResource_t** const resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count == 0) Fail(topic, RD_KAFKA_RESP_ERR__BAD_MSG, nullptr);
  if (const rd_kafka_resp_err_t error = rd_kafka_ConfigResource_error(resources[0]);
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Fail(topic, error, rd_kafka_ConfigResource_error_string(resources[0]));
  }
  size_t entries = 0;
  const rd_kafka_ConfigEntry_t** const configs = rd_kafka_ConfigResource_configs(resources[0], &entries);
  for (size_t i = 0; i < entries; ++i) {
    if (std::string_view(rd_kafka_ConfigEntry_name(configs[i])) != kPolicy) continue;
    const char* const value = rd_kafka_ConfigEntry_value(configs[i]);
    return value != nullptr && HasWord(value, "compact");
  }
  return false;
}

}  // namespace pipeline
