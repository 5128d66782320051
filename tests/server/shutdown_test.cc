// A server that is told to stop ends, whatever its clients do: those that read see it at once, those that take nothing
// (no window granted, stopped by a signal) are let go, and so are open health watches. A watch is told NOT_SERVING
// before it ends.
#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/server/calls/stuck_client.h"
#include "tests/server/health_testing.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/program.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

constexpr int64_t kLongNs = 3600'000'000'000;

std::string GetRequest(const std::string& id) {
  ::payment::GetPaymentRequest request;
  request.set_payment_id(id);
  return request.SerializeAsString();
}

// Many connections, each with streams and a unary call of which nothing is ever taken.
std::vector<std::unique_ptr<StuckClient>> StuckClients(int port, int connections, int calls) {
  std::vector<std::unique_ptr<StuckClient>> clients;
  for (int i = 0; i < connections; ++i) {
    clients.push_back(std::make_unique<StuckClient>(port, StuckClient::Window::kNone));
    for (int call = 0; call < calls; ++call) clients.back()->Call("payment.PaymentService/StreamPayments", "");
    clients.back()->Call("payment.PaymentService/GetPayment", GetRequest("pay_0"));
  }
  return clients;
}

class ShutdownTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 10; ++i) kafka_.ProducePayment(0, "pay_" + std::to_string(i));
    kafka_.Flush();
  }
  void Start(const ServerOptions& options) {
    server_ = std::make_unique<PaymentServer>(options);
    server_->Start();
    metrics_port_ = server_->metrics_port();
    ASSERT_TRUE(Eventually([&] { return server_->serving(); }));
  }
  ServerOptions Options() {
    ServerOptions options = MeasuredOptions(kafka_.settings());
    options.keepalive_time_ns = kLongNs;  // no dead connection is noticed otherwise
    options.keepalive_timeout_ns = kLongNs;
    return options;
  }
  // Far more than the buffers of a connection hold.
  void ProduceMuch() {
    const std::string padding = R"(,"metadata":{"x":")" + std::string(100'000, 'x') + "\"}";
    for (int i = 0; i < 300; ++i) kafka_.ProducePayment(0, "pay_" + std::to_string(i), "paid", "paypal", padding);
    kafka_.Flush();
  }
  double Sample(const std::string& name) const { return ScrapeMetrics(metrics_port_)[name]; }
  // Shuts down; false when it has not returned after kPatience.
  bool ShutDown() {
    shutdown_ = std::async(std::launch::async, [this] { server_->Shutdown(); });
    return shutdown_.wait_for(kPatience) == std::future_status::ready;
  }

  TestKafka kafka_{1};
  std::unique_ptr<PaymentServer> server_;
  int metrics_port_ = 0;
  std::future<void> shutdown_;
};

TEST_F(ShutdownTest, CallsThatAreStuckAreCancelledLongBeforeTheDrainTimeIsOver) {
  ServerOptions options = Options();
  options.drain_timeout_ns = kLongNs;
  options.stuck_ns = 200'000'000;
  Start(options);
  const auto stuck = StuckClients(server_->port(), 20, 20);
  ASSERT_TRUE(Eventually([&] { return Sample(R"(payment_server_calls_started_total{method="GetPayment"})") == 20; }));
  ASSERT_TRUE(Eventually([&] { return server_->open_calls() == int64_t{20} * 20; }))
      << "the unary calls end by themselves: nobody takes their answers. " << server_->open_calls();
  EXPECT_EQ(Sample(R"(payment_server_calls_ended_total{method="GetPayment",code="OK"})"), 20);
  TestStream reads(server_->port());
  reads.Open();
  EXPECT_EQ(reads.ReadMany(10).size(), 10u);
  EXPECT_TRUE(ShutDown());
  EXPECT_EQ(reads.Finish().error_message(), "the server is shutting down; resume");
  EXPECT_EQ(server_->open_calls(), 0);
}

TEST_F(ShutdownTest, TheDrainTimeIsKeptWithEverythingStuck) {
  ServerOptions options = Options();
  options.drain_timeout_ns = 500'000'000;
  options.stuck_ns = kLongNs;  // the shutdown itself has to free what is stuck
  Start(options);
  const auto stuck = StuckClients(server_->port(), 20, 20);
  ASSERT_TRUE(Eventually([&] { return server_->open_calls() == 20 * 20 + 20; }));
  std::vector<std::unique_ptr<HealthWatch>> watches;
  for (int i = 0; i < 3; ++i) {
    watches.push_back(std::make_unique<HealthWatch>(server_->port()));
    EXPECT_EQ(watches.back()->Read(), kServing);
  }
  EXPECT_TRUE(ShutDown());
  EXPECT_EQ(server_->open_calls(), 0);
  for (const auto& watch : watches) {
    EXPECT_EQ(watch->Read(), kNotServing);
    EXPECT_EQ(watch->Read(), std::nullopt);
  }
}

// Their buffers are full, so that gRPC ends neither their streams nor their watches.
TEST_F(ShutdownTest, ConnectionsThatTakeNothingAreBroken) {
  ServerOptions options = Options();
  options.drain_timeout_ns = 500'000'000;
  options.stuck_ns = kLongNs;
  Start(options);
  std::vector<std::unique_ptr<StuckClient>> stuck;
  for (int i = 0; i < 10; ++i) {
    stuck.push_back(std::make_unique<StuckClient>(server_->port(), StuckClient::Window::kAll));
    stuck.back()->Call("grpc.health.v1.Health/Watch", "");
    stuck.back()->Call("payment.PaymentService/StreamPayments", "");
    stuck.back()->Call("payment.PaymentService/StreamPayments", "");
  }
  ASSERT_TRUE(Eventually([&] { return Sample(R"(payment_server_streams{stage="live"})") == 20; }));
  ProduceMuch();
  ASSERT_TRUE(Eventually([&] { return Sample("payment_server_records_accepted_total") == 310; }));
  ASSERT_TRUE(Eventually([&] { return Sample(R"(payment_server_streams_behind{at_least="10"})") == 20; }));
  EXPECT_TRUE(ShutDown());
  EXPECT_EQ(server_->open_calls(), 0);
}

// A watch, and a call of gRPC's own services that fills the buffers: gRPC's own end is held up.
TEST_F(ShutdownTest, ConnectionsThatHoldGrpcItselfAreBroken) {
  Start(Options());
  StuckClient stuck(server_->port(), StuckClient::Window::kAll);
  stuck.Call("grpc.health.v1.Health/Watch", "");
  // ServerReflectionRequest.file_containing_symbol; each answer holds payment.proto.
  stuck.Call("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "\x22\x16payment.PaymentService", 1500);
  ASSERT_TRUE(Eventually([&] { return stuck.HasUnread(); }));
  EXPECT_TRUE(ShutDown());
}

// A watch that is open sees that nothing is served any more while streams are still being ended.
TEST_F(ShutdownTest, AWatchIsToldBeforeStuckStreamsAreGone) {
  ServerOptions options = Options();
  options.drain_timeout_ns = kLongNs;
  options.stuck_ns = kLongNs;
  Start(options);
  auto stuck = std::make_unique<StuckClient>(server_->port(), StuckClient::Window::kNone);
  stuck->Call("payment.PaymentService/StreamPayments", "");
  ASSERT_TRUE(Eventually([&] { return server_->open_calls() == 1; }));
  HealthWatch watch(server_->port());
  EXPECT_EQ(watch.Read(), kServing);
  shutdown_ = std::async(std::launch::async, [this] { server_->Shutdown(); });
  EXPECT_EQ(watch.Read(), kNotServing);
  EXPECT_EQ(server_->open_calls(), 1) << "and it is not over yet";
  EXPECT_EQ(TestUnary(server_->port()).Get("pay_1").error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Sample("payment_server_serving"), 0) << "scraped to the last";
  EXPECT_EQ(Sample(R"(payment_server_streams{stage="ending"})"), 1);
  stuck.reset();
  EXPECT_EQ(shutdown_.wait_for(kPatience), std::future_status::ready);
}

std::vector<std::string> ClientArgs(int port) { return {"--server", "127.0.0.1:" + std::to_string(port)}; }

// Also while the server goes on, a stopped client does not stay: its connection fails as --keepalive says.
TEST_F(ShutdownTest, AStoppedClientIsLetGo) {
  ServerOptions options = Options();
  options.keepalive_time_ns = 1'000'000'000;
  options.keepalive_timeout_ns = 1'000'000'000;
  Start(options);
  Program client("payment-client", ClientArgs(server_->port()));
  ASSERT_TRUE(Eventually([&] { return Sample(R"(payment_server_streams{stage="live"})") == 1; }));
  client.Signal(SIGSTOP);
  ProduceMuch();
  EXPECT_TRUE(Eventually([&] { return server_->open_calls() == 0; }));
  EXPECT_EQ(Sample(R"(payment_server_streams_ended_total{reason="client"})"), 1);
}

TEST_F(ShutdownTest, TheProgramEndsWithStoppedClientsAndAWatch) {
  Program server("payment-server",
                 {"--brokers", kafka_.settings().brokers, "--port", "0", "--listen", "127.0.0.1", "--metrics-listen",
                  "127.0.0.1:0", "--drain-timeout", "1s", "--keepalive", "1h,1h"});
  const int port = server.PortBehind("gRPC:  127.0.0.1:");
  const int metrics_port = server.PortBehind("Metrics: http://127.0.0.1:");
  const auto sample = [&](const std::string& name) { return ScrapeMetrics(metrics_port)[name]; };
  std::vector<std::unique_ptr<Program>> clients;
  clients.reserve(5);
  for (int i = 0; i < 5; ++i) clients.push_back(std::make_unique<Program>("payment-client", ClientArgs(port)));
  ASSERT_TRUE(Eventually([&] { return sample(R"(payment_server_streams{stage="live"})") == 5; })) << server.Output();
  for (const auto& client : clients) client->Signal(SIGSTOP);
  ProduceMuch();
  ASSERT_TRUE(Eventually([&] { return sample("payment_server_records_accepted_total") == 310; }));
  const auto stuck = StuckClients(port, 20, 10);
  ASSERT_TRUE(Eventually([&] { return sample("payment_server_calls_open") >= 5 + 20 * 10; }));
  EXPECT_EQ(sample(R"(payment_server_streams_behind{at_least="10"})"), 5) << "the clients read nothing";
  HealthWatch watch(port);
  EXPECT_EQ(watch.Read(), kServing);

  server.Signal(SIGTERM);
  EXPECT_EQ(watch.Read(), kNotServing);
  EXPECT_EQ(watch.Read(), std::nullopt);
  EXPECT_EQ(server.Wait(), 0) << server.Output();
  EXPECT_NE(server.Output().find("[SERVER] stopped"), std::string::npos) << server.Output();
}

// A terminal that closes stops it in order: streams end with a status, and it says that it has stopped.
TEST_F(ShutdownTest, AHangUpStopsTheProgramInOrder) {
  Program server("payment-server", {"--brokers", kafka_.settings().brokers, "--port", "0", "--listen", "127.0.0.1"});
  const int port = server.PortBehind("gRPC:  127.0.0.1:");
  TestStream stream(port);
  stream.Open();
  HealthWatch watch(port);
  std::optional<int> state = watch.Read();
  while (state && state != kServing) state = watch.Read();
  ASSERT_EQ(state, kServing);
  server.Signal(SIGHUP);
  EXPECT_EQ(watch.Read(), kNotServing);
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(server.Wait(), 0) << server.Output();
  EXPECT_NE(server.Output().find("[SERVER] stopped"), std::string::npos) << server.Output();
}

}  // namespace
}  // namespace pipeline
