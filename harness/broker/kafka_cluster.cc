#include "harness/broker/kafka_cluster.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "common/kafka.h"
#include "common/secrets.h"

namespace harness {
namespace {

using pipeline::KafkaPtr;

constexpr int kAskMs = 500;  // one question; how long a stop may have to wait
constexpr int kAdminMs = 15'000;
constexpr int kLeadersMs = 15'000;
constexpr size_t kErrorBytesMax = 512;

struct AdminDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_DeleteTopic_t* topic) const { rd_kafka_DeleteTopic_destroy(topic); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
template <typename T>
using AdminPtr = std::unique_ptr<T, AdminDeleter>;

// Of the topic alone, or of the brokers alone when `topic` is null.
KafkaPtr<const rd_kafka_metadata_t> Metadata(rd_kafka_t* handle, rd_kafka_topic_t* topic, int timeout_ms,
                                             rd_kafka_resp_err_t* error) {
  const rd_kafka_metadata_t* answer = nullptr;
  *error = rd_kafka_metadata(handle, 0, topic, &answer, timeout_ms);
  return KafkaPtr<const rd_kafka_metadata_t>(answer);
}

bool HasLeaders(const rd_kafka_metadata_t& metadata, int partitions) {
  if (metadata.topic_cnt != 1 || metadata.topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  const rd_kafka_metadata_topic_t& topic = metadata.topics[0];
  if (topic.partition_cnt != partitions) return false;
  for (int i = 0; i < partitions; ++i) {
    if (topic.partitions[i].err != RD_KAFKA_RESP_ERR_NO_ERROR || topic.partitions[i].leader < 0) return false;
  }
  return true;
}

}  // namespace

struct KafkaCluster::State {
  void Connect(int within_ms, const std::function<bool()>& stopped);
  AdminPtr<rd_kafka_AdminOptions_t> Options(rd_kafka_admin_op_t operation) const;
  // What `wanted`'s one topic came to; the reason, or empty and the code kept in `code`.
  std::string TopicResult(rd_kafka_event_type_t wanted, rd_kafka_resp_err_t* code) const;

  pipeline::KafkaSettings kafka;
  std::string last_error;  // of librdkafka's error callback
  KafkaPtr<rd_kafka_t> handle;
  KafkaPtr<rd_kafka_queue_t> queue;
  int broker_count = 0;
  std::string id;
};

KafkaCluster::KafkaCluster(const pipeline::KafkaSettings& kafka, int within_ms, const std::function<bool()>& stopped)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.kafka = kafka;
  auto conf = pipeline::MakeKafkaConf(
      kafka, {{"client.id", "harness"}, {"reconnect.backoff.ms", "50"}, {"reconnect.backoff.max.ms", "500"}});
  rd_kafka_conf_set_opaque(conf.get(), &state);
  // Called within rd_kafka_poll.
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int error, const char* reason, void* opaque) {
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) static_cast<State*>(opaque)->last_error = reason;
  });
  state.handle = pipeline::MakeKafka(RD_KAFKA_PRODUCER, std::move(conf));
  state.queue.reset(rd_kafka_queue_new(state.handle.get()));
  state.Connect(within_ms, stopped);
}

KafkaCluster::~KafkaCluster() = default;

int KafkaCluster::broker_count() const { return state_->broker_count; }
const std::string& KafkaCluster::id() const { return state_->id; }

void KafkaCluster::State::Connect(int within_ms, const std::function<bool()>& stopped) {
  const int64_t deadline_ns = pipeline::MonotonicNs() + int64_t{within_ms} * 1'000'000;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (;;) {
    const auto metadata = Metadata(handle.get(), nullptr, kAskMs, &error);
    rd_kafka_poll(handle.get(), 0);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->broker_cnt > 0) {
      broker_count = metadata->broker_cnt;
      break;
    }
    if (stopped()) throw std::runtime_error("interrupted while Kafka at " + kafka.brokers + " was asked");
    if (pipeline::MonotonicNs() < deadline_ns) continue;
    const std::string reason = last_error.empty() ? rd_kafka_err2str(error) : last_error;
    throw std::runtime_error("Kafka at " + kafka.brokers + " does not answer within " +
                             std::to_string(within_ms / 1000) + " s: " + pipeline::HideSecrets(reason) +
                             "; is it running there, and do --brokers, -X and KAFKA_* say how to reach it?");
  }
  if (char* text = rd_kafka_clusterid(handle.get(), kAskMs); text != nullptr) {
    id = text;
    rd_kafka_mem_free(handle.get(), text);
  }
}

AdminPtr<rd_kafka_AdminOptions_t> KafkaCluster::State::Options(rd_kafka_admin_op_t operation) const {
  AdminPtr<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(handle.get(), operation));
  std::array<char, kErrorBytesMax> error{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kAdminMs, error.data(), error.size());
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), kAdminMs, error.data(), error.size());
  return options;
}

std::string KafkaCluster::State::TopicResult(rd_kafka_event_type_t wanted, rd_kafka_resp_err_t* code) const {
  const AdminPtr<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), kAdminMs + kAskMs));
  *code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (event == nullptr) return "no answer within " + std::to_string(kAdminMs / 1000) + " s";
  *code = rd_kafka_event_error(event.get());
  if (*code != RD_KAFKA_RESP_ERR_NO_ERROR) return rd_kafka_event_error_string(event.get());
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      wanted == RD_KAFKA_EVENT_CREATETOPICS_RESULT
          ? rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count)
          : rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  if (count == 0) return "an answer without a topic";
  *code = rd_kafka_topic_result_error(results[0]);
  if (*code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const char* text = rd_kafka_topic_result_error_string(results[0]);
  return text != nullptr ? text : rd_kafka_err2str(*code);
}

void KafkaCluster::CreateTopic(const std::string& topic, int partitions, int replication) {
  State& state = *state_;
  std::array<char, kErrorBytesMax> error{};
  AdminPtr<rd_kafka_NewTopic_t> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, replication, error.data(), error.size()));
  if (wanted == nullptr) throw std::runtime_error("topic " + topic + ": " + error.data());
  for (const auto& [name, value] :
       {std::pair{"cleanup.policy", "delete"}, std::pair{"retention.ms", "-1"}, std::pair{"retention.bytes", "-1"}}) {
    rd_kafka_NewTopic_set_config(wanted.get(), name, value);
  }
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(state.handle.get(), topics, 1, state.Options(RD_KAFKA_ADMIN_OP_CREATETOPICS).get(),
                        state.queue.get());
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  const std::string problem = state.TopicResult(RD_KAFKA_EVENT_CREATETOPICS_RESULT, &code);
  if (!problem.empty()) {
    throw std::runtime_error("Kafka at " + state.kafka.brokers + " does not make the run's topic " + topic + ": " +
                             problem);
  }
  const KafkaPtr<rd_kafka_topic_t> handle(rd_kafka_topic_new(state.handle.get(), topic.c_str(), nullptr));
  const int64_t deadline_ns = pipeline::MonotonicNs() + int64_t{kLeadersMs} * 1'000'000;
  for (;;) {
    const auto metadata = Metadata(state.handle.get(), handle.get(), kAskMs, &code);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && HasLeaders(*metadata, partitions)) return;
    rd_kafka_poll(state.handle.get(), 20);  // also the pause between two questions
    if (pipeline::MonotonicNs() >= deadline_ns) {
      throw std::runtime_error("Kafka at " + state.kafka.brokers + " gave the partitions of " + topic +
                               " no leaders within " + std::to_string(kLeadersMs / 1000) + " s");
    }
  }
}

std::optional<int> KafkaCluster::PartitionCount(const std::string& topic) {
  const KafkaPtr<rd_kafka_topic_t> handle(rd_kafka_topic_new(state_->handle.get(), topic.c_str(), nullptr));
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto metadata = Metadata(state_->handle.get(), handle.get(), kAdminMs, &error);
  const bool answered = error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1 &&
                        metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  return answered ? std::optional(metadata->topics[0].partition_cnt) : std::nullopt;
}

std::string KafkaCluster::DeleteTopic(const std::string& topic) {
  State& state = *state_;
  const AdminPtr<rd_kafka_DeleteTopic_t> wanted(rd_kafka_DeleteTopic_new(topic.c_str()));
  rd_kafka_DeleteTopic_t* topics[] = {wanted.get()};
  rd_kafka_DeleteTopics(state.handle.get(), topics, 1, state.Options(RD_KAFKA_ADMIN_OP_DELETETOPICS).get(),
                        state.queue.get());
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  const std::string problem = state.TopicResult(RD_KAFKA_EVENT_DELETETOPICS_RESULT, &code);
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? std::string() : problem;
}

bool KafkaAnswers(const std::string& brokers, int timeout_ms) {
  pipeline::KafkaSettings kafka;
  kafka.brokers = brokers;
  const auto handle = pipeline::MakeKafka(
      RD_KAFKA_PRODUCER, pipeline::MakeKafkaConf(kafka, {{"reconnect.backoff.ms", "20"}, {"log_level", "2"}}));
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto metadata = Metadata(handle.get(), nullptr, timeout_ms, &error);
  return error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->broker_cnt > 0;
}

}  // namespace harness
