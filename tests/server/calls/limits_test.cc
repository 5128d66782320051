// Every limit of the server, at it and past it: at it nothing is different, past it one clear refusal that is counted,
// and never a part of an answer as if it were the whole.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "payment/retry_info.h"
#include "server/calls/call_limits.h"
#include "server/kafka/kafka_reader.h"
#include "tests/server/health_testing.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

double Refused(const PaymentServer& server, const std::string& limit) {
  return ScrapeMetrics(server.metrics_port())["payment_server_calls_refused_total{limit=\"" + limit + "\"}"];
}

class IdleCall : public OpenCall {
 public:
  CallProgress progress() const override { return {}; }
  void Wake() override {}
  void Tick(int64_t /*now_ns*/) override {}
  void EndForShutdown(int64_t /*cancel_at_ns*/) override {}
};

TEST(LimitsTest, CallsAreCountedByPeer) {
  Replica replica(1 << 20);
  CallHub hub(&replica, 5, 2);
  std::vector<std::shared_ptr<IdleCall>> calls(6);
  for (auto& call : calls) call = std::make_shared<IdleCall>();
  EXPECT_EQ(hub.Add(calls[0], "a"), Admission::kAdmitted);
  EXPECT_EQ(hub.Add(calls[1], "a"), Admission::kAdmitted);
  EXPECT_EQ(hub.Add(calls[2], "a"), Admission::kPeerFull);
  EXPECT_EQ(hub.Add(calls[2], "b"), Admission::kAdmitted) << "another one has room";
  EXPECT_EQ(hub.most_calls_of_a_peer(), 2);
  hub.Remove(calls[0].get());
  EXPECT_EQ(hub.Add(calls[3], "a"), Admission::kAdmitted);
  EXPECT_EQ(hub.Add(calls[0], "b"), Admission::kAdmitted);
  EXPECT_EQ(hub.Add(calls[4], "c"), Admission::kAdmitted);
  EXPECT_EQ(hub.Add(calls[5], "d"), Admission::kFull);
  for (const auto& call : calls) hub.Remove(call.get());
  EXPECT_EQ(hub.open_calls(), 0);
  EXPECT_EQ(hub.most_calls_of_a_peer(), 0);
}

// What the status's details say: there are some. nullopt: never here.
std::optional<int64_t> RetryDelayNs(const grpc::Status& status) {
  const auto details = DecodeStatusDetails(status.error_code(), status.error_details());
  EXPECT_TRUE(details.has_value()) << status.error_message();
  return details ? details->retry_delay_ns : std::nullopt;
}

TEST(LimitsTest, CallsOfOneHost) {
  ServerOptions options = MeasuredOptions(NoKafka());
  options.calls_per_peer_max = 2;
  PaymentServer server(options);
  server.Start();
  TestStream first(server.port());
  first.Open();
  TestStream second(server.port());
  second.Open();
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 2; }));
  TestStream third(server.port());
  third.Open();
  const grpc::Status status = third.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "your host has its 2 open calls at this server already");
  EXPECT_EQ(RetryDelayNs(status), 1'000'000'000) << "calls come and go";
  EXPECT_EQ(TestUnary(server.port()).Get("pay_1").error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Refused(server, "calls_per_peer"), 2);
  EXPECT_EQ(Refused(server, "calls"), 0);
  first.Cancel();
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 1; }));
  EXPECT_EQ(TestUnary(server.port()).Get("pay_1").error_code(), grpc::StatusCode::UNAVAILABLE) << "admitted";
}

TEST(LimitsTest, ATokenOfTheMostPartitionsFitsARequest) {
  ::payment::ListPaymentsRequest request;
  request.mutable_resume()->set_log_id(std::string(300, 'x'));  // a cluster id, and a topic of 249 characters
  for (int p = 0; p < kPartitionsMax; ++p) {
    ::payment::PartitionResume& at = *request.mutable_resume()->add_partitions();
    at.set_partition(p);
    at.set_after(INT64_MAX);
    at.set_record_crc32c(UINT32_MAX);
    at.set_snapshot_until(INT64_MAX);
  }
  EXPECT_LT(static_cast<int64_t>(request.ByteSizeLong()), kRequestBytesMax / 5);
}

TEST(LimitsTest, RequestBytes) {
  PaymentServer server(MeasuredOptions(NoKafka()));
  server.Start();
  TestUnary unary(server.port());
  ::payment::GetPaymentRequest get;
  get.set_payment_id(std::string(kRequestBytesMax - 4, 'x'));
  ASSERT_EQ(static_cast<int64_t>(get.ByteSizeLong()), kRequestBytesMax);
  ::payment::Payment ignored;
  EXPECT_EQ(unary.Get(get, &ignored).error_code(), grpc::StatusCode::UNAVAILABLE) << "taken; no Kafka";
  get.mutable_payment_id()->push_back('x');
  const grpc::Status status = unary.Get(get, &ignored);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "the request has 65537 bytes; allowed: at most 65536");
  EXPECT_EQ(Refused(server, "request_bytes"), 1);

  ::payment::ListPaymentsRequest list;
  list.set_cursor(std::string(kRequestBytesMax, 'x'));
  ::payment::PaymentList payments;
  EXPECT_EQ(unary.List(list, &payments).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  TestStream stream(server.port());
  stream.request() = list;
  stream.Open();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Refused(server, "request_bytes"), 3);
  stream.request().mutable_cursor()->resize(kRequestBytesMax - 4);
  stream.Open();
  EXPECT_TRUE(Eventually([&] { return server.open_calls() == 1; }));

  get.mutable_payment_id()->resize(kReceiveBytesMax, 'x');
  EXPECT_EQ(unary.Get(get, &ignored).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << "gRPC's own";
  EXPECT_EQ(Refused(server, "request_bytes"), 3) << "nothing of it was handed over";
}

grpc::Status GetWithMetadata(int port, int entries, const std::string& value) {
  const auto stub = ::payment::PaymentService::NewStub(ChannelTo(port));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  for (int i = 0; i < entries; ++i) context.AddMetadata("key-" + std::to_string(i), value);
  ::payment::GetPaymentRequest request;
  request.set_payment_id("pay_1");
  ::payment::Payment ignored;
  return stub->GetPayment(&context, request, &ignored);
}

TEST(LimitsTest, MetadataOfACall) {
  PaymentServer server(MeasuredOptions(NoKafka()));
  server.Start();
  constexpr int kOwn = 1;  // gRPC's own: user-agent
  EXPECT_EQ(GetWithMetadata(server.port(), kCallMetadataEntriesMax - kOwn, "x").error_code(),
            grpc::StatusCode::UNAVAILABLE);
  const grpc::Status status = GetWithMetadata(server.port(), kCallMetadataEntriesMax - kOwn + 1, "x");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "the call has 65 metadata entries; allowed: at most 64");
  EXPECT_EQ(Refused(server, "metadata_entries"), 1);
  // gRPC's own limit.
  EXPECT_EQ(GetWithMetadata(server.port(), 1, std::string(kCallMetadataBytesMax / 2, 'x')).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(GetWithMetadata(server.port(), 1, std::string(kCallMetadataBytesMax, 'x')).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

// The largest record passes through everything, to a client with gRPC's default limits.
TEST(LimitsTest, RecordBytes) {
  const auto value_of = [](const std::string& id, size_t size) {
    const std::string shell = PaymentJson(id, "pending", "stripe", R"(,"metadata":{"x":""})");
    return PaymentJson(id, "pending", "stripe",
                       R"(,"metadata":{"x":")" + std::string(size - shell.size(), 'x') + "\"}");
  };
  TestKafka kafka(2);
  const size_t at_limit = static_cast<size_t>(kRecordBytesMax) - 1;  // and a key of one byte
  ASSERT_EQ(value_of("pay_at", at_limit).size(), at_limit);
  kafka.Produce(0, "k", value_of("pay_at", at_limit));
  kafka.Produce(1, "k", value_of("pay_past", at_limit + 1));
  kafka.Flush();
  PaymentServer server(MeasuredOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestStream stream(server.port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_at");
  EXPECT_EQ(TestUnary(server.port()).Get("pay_past").error_code(), grpc::StatusCode::NOT_FOUND);
  ::payment::PaymentList list;
  EXPECT_TRUE(TestUnary(server.port()).List({}, &list).ok());
  EXPECT_EQ(list.payments_size(), 1);
  const Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape[R"(payment_server_records_rejected_total{reason="oversized"})"], 1);
}

constexpr char kBeyondText[] =
    "the topic has more payments than the 3 that this server keeps (--max-payments); it serves resumed streams only";

TEST(LimitsTest, PaymentsKept) {
  TestKafka kafka(2);
  for (int i = 0; i < 3; ++i) kafka.ProducePayment(i % 2, "pay_" + std::to_string(i));
  kafka.Flush();
  ServerOptions options = MeasuredOptions(kafka.settings());
  options.payments_max = 3;
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestStream stream(server.port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(3).size(), 3u);
  kafka.ProducePayment(1, "pay_1", "completed");  // not one more
  kafka.Flush();
  EXPECT_EQ(stream.ReadMany(1).size(), 1u);
  TestUnary unary(server.port());
  ::payment::PaymentList list;
  ASSERT_TRUE(unary.List({}, &list).ok()) << "at the limit everything is as ever";
  EXPECT_EQ(list.total_count(), 3);
  EXPECT_EQ(unary.Get("pay_3").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(server.serving());

  kafka.ProducePayment(0, "pay_3");
  kafka.ProducePayment(0, "pay_0", "refunded");
  kafka.Flush();
  const std::vector<::payment::PaymentEvent> events = stream.ReadMany(2);
  EXPECT_EQ(events.at(0).payment().id(), "pay_3") << "a stream carries every record";
  EXPECT_EQ(events.at(1).payment().status(), ::payment::STATUS_REFUNDED);
  ASSERT_TRUE(Eventually([&] { return !server.serving(); }));
  EXPECT_EQ(Health(server.port()), kNotServing);
  EXPECT_EQ(unary.List({}, &list).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(unary.Get("pay_3").error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << "it exists";
  EXPECT_EQ(unary.Get("nobody").error_message(), kBeyondText);
  ::payment::GetPaymentRequest kept;
  kept.set_payment_id("pay_0");
  ::payment::Payment payment;
  ASSERT_TRUE(unary.Get(kept, &payment).ok());
  EXPECT_EQ(payment.status(), ::payment::STATUS_REFUNDED) << "what is kept goes on";
  TestStream fresh(server.port());
  fresh.Open();
  EXPECT_FALSE(fresh.WaitForStart()) << "it gets no position that it could go on from";
  const grpc::Status refused = fresh.Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(), kBeyondText);
  EXPECT_EQ(RetryDelayNs(refused), std::nullopt) << "it stays so";

  stream.Open();  // resumes
  kafka.ProducePayment(1, "pay_4");
  kafka.Flush();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_4");
  const Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape["payment_server_payments"], 3);
  EXPECT_EQ(scrape["payment_server_payments_limit"], 3);
  EXPECT_EQ(scrape["payment_server_complete"], 0);
  EXPECT_EQ(scrape["payment_server_records_accepted_total"], 7);
  EXPECT_EQ(scrape["payment_server_records_not_kept_total"], 2);
  EXPECT_EQ(scrape[R"(payment_server_calls_refused_total{limit="payments"})"], 4);
  EXPECT_EQ(scrape[R"(payment_server_streams_ended_total{reason="limit"})"], 1);
}

// In bytes: the same answers, and the flag that helps.
TEST(LimitsTest, BytesOfPaymentsKept) {
  TestKafka kafka(1);
  const std::string padding = R"(,"metadata":{"x":")" + std::string(100'000, 'x') + "\"}";
  for (int i = 0; i < 30; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(i), "pending", "stripe", padding);
  kafka.Flush();
  ServerOptions options = MeasuredOptions(kafka.settings());
  options.store_bytes_max = 2'000'000;
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(
      Eventually([&] { return ScrapeMetrics(server.metrics_port())["payment_server_records_accepted_total"] == 30; }));
  EXPECT_FALSE(server.serving());
  EXPECT_EQ(
      TestUnary(server.port()).Get("nobody").error_message(),
      "the topic has more payments than fit the 2000000 bytes that this server keeps (--max-store-bytes); it serves "
      "resumed streams only");
  const Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape["payment_server_payments_bytes_limit"], 2'000'000);
  EXPECT_LE(scrape["payment_server_payments_bytes"], 2'200'000);
  EXPECT_EQ(scrape["payment_server_complete"], 0);
}

// A snapshot that is being sent when one payment too many comes ends, and is not taken for a whole one when it resumes.
TEST(LimitsTest, PaymentsKeptWhileASnapshotIsSent) {
  constexpr int kPayments = 300;
  TestKafka kafka(1);
  const std::string padding = R"(,"metadata":{"x":")" + std::string(100'000, 'x') + "\"}";
  for (int i = 0; i < kPayments; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(i), "pending", "stripe", padding);
  kafka.Flush();
  ServerOptions options = MeasuredOptions(kafka.settings());
  options.payments_max = kPayments;
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestStream slow(server.port());
  slow.Open();
  ASSERT_TRUE(slow.WaitForStart());  // and reads nothing: 30 MB, far more than the connection holds
  kafka.ProducePayment(0, "pay_more");
  kafka.Flush();
  ASSERT_TRUE(Eventually([&] { return !server.serving(); }));
  EXPECT_EQ(slow.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_LT(slow.received().size(), static_cast<size_t>(kPayments));
  ASSERT_TRUE(slow.token().partitions(0).has_snapshot_until());
  slow.Open();
  EXPECT_EQ(slow.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace pipeline
