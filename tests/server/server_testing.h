// What the server's tests share: a Kafka of the test's own (librdkafka's mock cluster in this process), and a client
// that speaks the contract by itself. Every wait has a condition and a deadline.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/kafka.h"
#include "payment.grpc.pb.h"
#include "server/payment_server.h"

namespace pipeline {

inline constexpr std::chrono::seconds kPatience(60);

// True once `condition` holds; false when it still does not after kPatience.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline std::string PaymentJson(const std::string& id, const std::string& status = "pending",
                               const std::string& provider = "stripe", const std::string& more = "") {
  return R"({"id":")" + id + R"(","provider":")" + provider + R"(","amount":15000,"currency":"usd","status":")" +
         status + R"(","customer_email":"a@example.com","timestamp":1700000000)" + more + "}";
}

class TestKafka {
 public:
  explicit TestKafka(int partitions, const std::string& topic = "payments.raw", bool create = true, int brokers = 1)
      : topic_(topic) {
    // The producer brings the cluster with it.
    sender_ = MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(settings_, {{"test.mock.num.brokers", std::to_string(brokers)},
                                                                     {"message.max.bytes", "8000000"},
                                                                     {"linger.ms", "1"},
                                                                     {"compression.type", "lz4"},
                                                                     {"log_level", "2"}}));
    cluster_ = rd_kafka_handle_mock_cluster(sender_.get());
    if (cluster_ == nullptr) throw std::runtime_error("no mock cluster");
    settings_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    settings_.topic = topic;
    settings_.properties = {"fetch.wait.max.ms=5"};
    if (create) CreateTopic(partitions);
  }

  void CreateTopic(int partitions) { rd_kafka_mock_topic_create(cluster_, topic_.c_str(), partitions, 1); }
  const KafkaSettings& settings() const { return settings_; }
  rd_kafka_mock_cluster_t* mock() { return cluster_; }
  void SetBrokerDown(bool down) {
    if (down) {
      rd_kafka_mock_broker_set_down(cluster_, 1);
    } else {
      rd_kafka_mock_broker_set_up(cluster_, 1);
    }
  }

  void SetRoundTripMs(int round_trip_ms) { rd_kafka_mock_broker_set_rtt(cluster_, 1, round_trip_ms); }

  void Produce(int32_t partition, const std::string& key, std::optional<std::string> value) {
    void* bytes = value ? value->data() : nullptr;
    const size_t size = value ? value->size() : 0;
    const KafkaPtr<rd_kafka_topic_t> topic(rd_kafka_topic_new(sender_.get(), topic_.c_str(), nullptr));
    for (;;) {
      const int refused =
          rd_kafka_produce(topic.get(), partition, RD_KAFKA_MSG_F_COPY, bytes, size, key.data(), key.size(), nullptr);
      if (refused == 0) return;
      const rd_kafka_resp_err_t error = rd_kafka_last_error();
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) throw std::runtime_error(rd_kafka_err2str(error));
      rd_kafka_poll(sender_.get(), 10);
    }
  }
  void ProducePayment(int32_t partition, const std::string& id, const std::string& status = "pending",
                      const std::string& provider = "stripe", const std::string& more = "") {
    Produce(partition, id, PaymentJson(id, status, provider, more));
  }
  void Flush() { ASSERT_EQ(rd_kafka_flush(sender_.get(), 60'000), RD_KAFKA_RESP_ERR_NO_ERROR); }

 private:
  std::string topic_;
  KafkaSettings settings_;
  KafkaPtr<rd_kafka_t> sender_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;  // the sender's
};

inline ServerOptions TestOptions(const KafkaSettings& kafka) {
  ServerOptions options;
  options.kafka = kafka;
  options.listen = "127.0.0.1";
  options.port = 0;
  options.stuck_ns = 300'000'000;
  options.drain_timeout_ns = 2'000'000'000;
  options.unready_after_ns = 0;  // health follows Kafka at once
  return options;
}

// With metrics on a free port.
inline ServerOptions MeasuredOptions(const KafkaSettings& kafka) {
  ServerOptions options = TestOptions(kafka);
  options.metrics_listen = "127.0.0.1:0";
  return options;
}

inline KafkaSettings NoKafka() {
  KafkaSettings settings;
  settings.brokers = "127.0.0.1:1";
  return settings;
}

inline std::shared_ptr<grpc::Channel> ChannelTo(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments);
}

// A client's stream, and its position as the contract keeps it.
class TestStream {
 public:
  explicit TestStream(int port) { Dial(port); }
  ~TestStream() { Cancel(); }

  void Dial(int port) { stub_ = ::payment::PaymentService::NewStub(ChannelTo(port)); }
  ::payment::ListPaymentsRequest& request() { return request_; }

  // Opens a stream, with the position as its token when there is one.
  void Open() {
    Cancel();
    if (!token_.log_id().empty()) *request_.mutable_resume() = token_;
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(std::chrono::system_clock::now() + kPatience);
    reader_ = stub_->StreamPayments(context_.get(), request_);
  }
  // Waits for the initial metadata, before anything was read. False: they hold no StreamStart.
  bool WaitForStart() {
    reader_->WaitForInitialMetadata();
    return TakeStart();
  }
  // The next event; nullopt at the stream's end.
  std::optional<::payment::PaymentEvent> Read() {
    ::payment::PaymentEvent event;
    if (!reader_->Read(&event)) return std::nullopt;
    if (token_.log_id().empty() && !TakeStart()) ADD_FAILURE() << "no StreamStart";
    while (token_.partitions_size() <= event.partition()) {  // added after the stream's start
      const int32_t added = token_.partitions_size();
      ::payment::PartitionResume* partition = token_.add_partitions();
      partition->set_partition(added);
      partition->set_after(-1);
    }
    ::payment::PartitionResume* at = token_.mutable_partitions(event.partition());
    at->set_after(event.offset());
    at->set_record_crc32c(event.record_crc32c());
    if (at->has_snapshot_until() && event.offset() > at->snapshot_until()) at->clear_snapshot_until();
    received_[{event.partition(), event.offset()}].push_back(event);
    EXPECT_TRUE(event.has_payment());
    return event;
  }
  // Reads until `count` more events have come; a failure when the stream ends before.
  std::vector<::payment::PaymentEvent> ReadMany(size_t count) {
    std::vector<::payment::PaymentEvent> events;
    while (events.size() < count) {
      std::optional<::payment::PaymentEvent> event = Read();
      if (!event) {
        ADD_FAILURE() << "the stream ended after " << events.size() << " of " << count
                      << " events: " << Finish().error_message();
        break;
      }
      events.push_back(*std::move(event));
    }
    return events;
  }
  // After the end.
  grpc::Status Finish() {
    while (Read()) {
    }
    grpc::Status status = reader_->Finish();
    gaps_.clear();
    const auto [first, last] = context_->GetServerTrailingMetadata().equal_range("payment-gap-bin");
    for (auto at = first; at != last; ++at) {
      EXPECT_TRUE(gaps_.emplace_back().ParseFromArray(at->second.data(), static_cast<int>(at->second.size())));
    }
    reader_.reset();
    return status;
  }
  void Cancel() {
    if (reader_ == nullptr) return;
    context_->TryCancel();
    ::payment::PaymentEvent ignored;
    while (reader_->Read(&ignored)) {
    }
    reader_->Finish();
    reader_.reset();
  }

  const ::payment::StreamStart& start() const { return start_; }
  const std::string& subscription() const { return subscription_; }
  ::payment::ResumeToken& token() { return token_; }
  const std::vector<::payment::PositionGap>& gaps() const { return gaps_; }
  const std::map<std::pair<int32_t, int64_t>, std::vector<::payment::PaymentEvent>>& received() const {
    return received_;
  }

 private:
  bool TakeStart() {
    const auto& metadata = context_->GetServerInitialMetadata();
    const auto found = metadata.find("payment-start-bin");
    if (found == metadata.end()) return false;
    EXPECT_TRUE(start_.ParseFromArray(found->second.data(), static_cast<int>(found->second.size())));
    if (token_.log_id().empty()) token_ = start_.token();
    const auto name = metadata.find("payment-subscription");
    if (name != metadata.end()) subscription_.assign(name->second.data(), name->second.size());
    return true;
  }

  std::unique_ptr<::payment::PaymentService::Stub> stub_;
  ::payment::ListPaymentsRequest request_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<::payment::PaymentEvent>> reader_;
  ::payment::StreamStart start_;
  std::string subscription_;
  ::payment::ResumeToken token_;
  std::vector<::payment::PositionGap> gaps_;
  std::map<std::pair<int32_t, int64_t>, std::vector<::payment::PaymentEvent>> received_;
};

// The unary methods.
class TestUnary {
 public:
  explicit TestUnary(int port) : stub_(::payment::PaymentService::NewStub(ChannelTo(port))) {}
  grpc::Status Get(const ::payment::GetPaymentRequest& request, ::payment::Payment* response,
                   std::chrono::milliseconds deadline = kPatience) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    context.set_wait_for_ready(true);
    return stub_->GetPayment(&context, request, response);
  }
  grpc::Status Get(const std::string& id) {
    ::payment::GetPaymentRequest request;
    request.set_payment_id(id);
    ::payment::Payment response;
    return Get(request, &response);
  }
  grpc::Status List(const ::payment::ListPaymentsRequest& request, ::payment::PaymentList* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    context.set_wait_for_ready(true);
    return stub_->ListPayments(&context, request, response);
  }

 private:
  std::unique_ptr<::payment::PaymentService::Stub> stub_;
};

}  // namespace pipeline
