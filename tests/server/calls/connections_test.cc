// Connections have limits, and the server stays reachable whatever becomes of them: without descriptors, past a limit,
// with peers that say nothing.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/sanitized.h"
#include "server/calls/listening_sockets.h"
#include "tests/server/calls/idle_connections.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/program.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

// What an HTTP/2 client says first.
constexpr std::string_view kHello("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);

grpc::Status GetAt(const std::string& address) {
  const auto stub =
      ::payment::PaymentService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  ::payment::GetPaymentRequest request;
  request.set_payment_id("pay_001");
  ::payment::Payment payment;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  return stub->GetPayment(&context, request, &payment);
}

double Refused(int metrics_port, const std::string& limit) {
  return ScrapeMetrics(metrics_port)["payment_server_connections_refused_total{limit=\"" + limit + "\"}"];
}

// gRPC's own acceptor is deaf for ever after this: it stops where there is no descriptor.
TEST(ConnectionsTest, AServerWithoutDescriptorsIsReachedWhenTheyAreBack) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own to look at memory";
  Program server("payment-server",
                 {"--brokers", "127.0.0.1:1", "--port", "0", "--demo-data", "--metrics-listen", "127.0.0.1:0"},
                 {.descriptors_max = 256});
  const int port = server.PortBehind("gRPC:  127.0.0.1:");
  const int metrics_port = server.PortBehind("http://127.0.0.1:");
  {
    IdleConnections idle(port, 300);
    EXPECT_TRUE(Eventually([&] { return idle.Open() == 192; })) << "what is beyond is closed";
    EXPECT_EQ(Refused(metrics_port, "connections") + Refused(metrics_port, "connections_per_peer"), 108);
  }
  EXPECT_TRUE(TestUnary(port).Get("pay_001").ok());
  EXPECT_TRUE(Eventually([&] { return ScrapeMetrics(metrics_port)["payment_server_connections"] == 0; }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.Output();
}

TEST(ConnectionsTest, OfAllHostsAndOfOne) {
  ServerOptions options = MeasuredOptions(NoKafka());
  options.demo_data = true;
  options.connections_max = 6;
  options.connections_per_peer_max = 4;
  PaymentServer server(options);
  server.Start();
  IdleConnections first(server.port(), 6, "127.0.0.1");
  EXPECT_TRUE(Eventually([&] { return first.Open() == 4; }));
  EXPECT_EQ(Refused(server.metrics_port(), "connections_per_peer"), 2);
  IdleConnections second(server.port(), 3, "127.0.0.2");
  EXPECT_TRUE(Eventually([&] { return second.Open() == 2; }));
  EXPECT_EQ(Refused(server.metrics_port(), "connections"), 1);
  EXPECT_EQ(server.connections(), 6);
  EXPECT_EQ(ScrapeMetrics(server.metrics_port())["payment_server_peer_connections_limit"], 4);
  first.Close();
  EXPECT_TRUE(TestUnary(server.port()).Get("pay_001").ok()) << "there is room at once";
}

TEST(ConnectionsTest, ThoseThatSayNothingEnd) {
  ServerOptions options = TestOptions(NoKafka());
  options.handshake_timeout_ns = 200'000'000;
  options.keepalive_time_ns = 600'000'000'000;  // which ends them too, later
  PaymentServer server(options);
  server.Start();
  IdleConnections silent(server.port(), 5);
  EXPECT_TRUE(Eventually([&] { return silent.Open() == 0; }));
  EXPECT_TRUE(Eventually([&] { return server.connections() == 0; }));
}

TEST(ConnectionsTest, ThoseWithoutACallEnd) {
  ServerOptions options = TestOptions(NoKafka());
  options.connection_idle_ns = 200'000'000;
  options.keepalive_time_ns = 600'000'000'000;  // which ends them too, later
  PaymentServer server(options);
  server.Start();
  TestStream stream(server.port());
  stream.Open();
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 1; }));
  IdleConnections idle(server.port(), 5, "127.0.0.1", kHello);
  EXPECT_TRUE(Eventually([&] { return idle.Open() == 0; }));
  EXPECT_EQ(server.open_calls(), 1) << "one with a call stays";
}

// A stream that is cut because its connection is old resumes: each record comes once, on one connection or the next.
TEST(ConnectionsTest, AnOldConnectionEndsAndItsStreamResumes) {
  constexpr int kRounds = 4;
  constexpr int kRecords = 100;  // of a round
  TestKafka kafka(1);
  ServerOptions options = TestOptions(kafka.settings());
  options.connection_age_ns = 150'000'000;
  options.connection_age_grace_ns = 20'000'000;
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestStream stream(server.port());
  const auto stream_until_cut = [&] {
    stream.Dial(server.port());
    stream.Open();
    EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::UNAVAILABLE) << "which every client tries again";
  };
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kRecords; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(round * kRecords + i));
    kafka.Flush();
    stream_until_cut();
  }
  ASSERT_TRUE(Eventually([&] {
    stream_until_cut();
    return stream.received().size() >= size_t{kRounds} * kRecords;
  }));
  EXPECT_EQ(stream.received().size(), size_t{kRounds} * kRecords);
  for (const auto& [position, events] : stream.received()) EXPECT_EQ(events.size(), 1u) << position.second;
}

TEST(ConnectionsTest, ListensWhereItIsTold) {
  struct Case {
    const char* listen;
    std::vector<std::string> reached;
  };
  for (const Case& at : {Case{"127.0.0.1", {"127.0.0.1"}}, Case{"::1", {"[::1]"}}, Case{"[::1]", {"[::1]"}},
                         Case{"localhost", {"127.0.0.1", "localhost"}}, Case{"0.0.0.0", {"127.0.0.1", "[::1]"}},
                         Case{"::", {"127.0.0.1", "[::1]"}}}) {
    ServerOptions options = TestOptions(NoKafka());
    options.demo_data = true;
    options.listen = at.listen;
    PaymentServer server(options);
    server.Start();
    for (const std::string& host : at.reached) {
      EXPECT_TRUE(GetAt(host + ":" + std::to_string(server.port())).ok()) << at.listen << " from " << host;
    }
  }
}

TEST(ConnectionsTest, ListensNowhereElse) {
  EXPECT_THROW(ListeningSockets("192.0.2.1", 0, 1'000'000'000), std::runtime_error) << "not of this machine";
  EXPECT_THROW(ListeningSockets("no.such.host.invalid", 0, 1'000'000'000), std::runtime_error);
  const ListeningSockets first("0.0.0.0", 0, 1'000'000'000);
  EXPECT_THROW(ListeningSockets("127.0.0.1", first.port(), 1'000'000'000), std::runtime_error) << "in use";
  EXPECT_TRUE(IsLoopback("127.0.0.1") && IsLoopback("127.9.9.9") && IsLoopback("::1") && IsLoopback("[::1]") &&
              IsLoopback("localhost"));
  EXPECT_FALSE(IsLoopback("0.0.0.0") || IsLoopback("::") || IsLoopback("10.0.0.1") || IsLoopback("example.com"));
}

TEST(ConnectionsTest, LimitsThatDoNotFitTheDescriptorsAreRefused) {
  Program server("payment-server", {"--brokers", "127.0.0.1:1", "--port", "0", "--max-calls", "1000"},
                 {.descriptors_max = 512});
  EXPECT_EQ(server.Wait(), 3);
  EXPECT_NE(server.Output().find("found a limit of 512 open files (ulimit -Hn), 128 of them for Kafka"),
            std::string::npos)
      << server.Output();
}

// What came of calls that were begun all at once.
struct Begun {
  int started = 0;  // have their StreamStart
  std::map<grpc::StatusCode, int> refused;
};

// Streams of clients that read nothing, all open until this goes; `per_connection` of them on each.
class ManyStreams {
 public:
  ManyStreams(int port, int count, int per_connection) {
    for (int i = 0; i < count; ++i) {
      if (i % per_connection == 0) stub_ = ::payment::PaymentService::NewStub(ChannelTo(port));
      streams_.push_back(std::make_unique<Stream>());
      streams_.back()->stub = stub_;
      streams_.back()->reader =
          stub_->AsyncStreamPayments(&streams_.back()->context, {}, &queue_, streams_.back().get());
    }
    Await(streams_.size());
    for (const auto& stream : streams_) stream->reader->ReadInitialMetadata(nullptr);
    Await(streams_.size());
  }
  ~ManyStreams() {
    for (const auto& stream : streams_) stream->context.TryCancel();
    Finish([](const Stream& stream) { return !stream.finished; });
    queue_.Shutdown();
  }
  Begun Count() {
    const auto is_started = [](const Stream& stream) {
      return stream.context.GetServerInitialMetadata().count("payment-start-bin") > 0;
    };
    Finish([&](const Stream& stream) { return !is_started(stream); });
    Begun begun;
    for (const auto& stream : streams_) {
      if (is_started(*stream)) {
        ++begun.started;
      } else {
        ++begun.refused[stream->status.error_code()];
      }
    }
    return begun;
  }

 private:
  struct Stream {
    std::shared_ptr<::payment::PaymentService::Stub> stub;
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncReader<::payment::PaymentEvent>> reader;
    grpc::Status status;
    bool finished = false;
  };
  void Await(size_t tags) {
    for (; tags > 0; --tags) {
      void* tag = nullptr;
      bool ok = false;
      const auto deadline = std::chrono::system_clock::now() + kPatience;
      ASSERT_EQ(queue_.AsyncNext(&tag, &ok, deadline), grpc::CompletionQueue::GOT_EVENT);
    }
  }
  template <typename Which>
  void Finish(const Which& which) {
    size_t asked = 0;
    for (const auto& stream : streams_) {
      if (!which(*stream)) continue;
      stream->finished = true;
      stream->reader->Finish(&stream->status, nullptr);
      ++asked;
    }
    Await(asked);
  }

  grpc::CompletionQueue queue_;
  std::shared_ptr<::payment::PaymentService::Stub> stub_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

// On one connection the calls' own limit holds, on one each that of connections; nobody waits for ever, and all are
// served when the others have gone.
TEST(ConnectionsTest, MoreStreamsThanDescriptors) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own to look at memory";
  TestKafka kafka(1);
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  Program server("payment-server", {"--brokers", kafka.settings().brokers, "--port", "0"}, {.descriptors_max = 512});
  const int port = server.PortBehind("gRPC:  127.0.0.1:");
  EXPECT_TRUE(Eventually([&] { return TestUnary(port).Get("pay_1").ok(); }));
  constexpr int kOfOneHost = 192;  // of 384: no host takes all that there are
  {
    ManyStreams streams(port, 550, 550);
    const Begun begun = streams.Count();
    EXPECT_EQ(begun.started, kOfOneHost);
    EXPECT_EQ(begun.refused, (std::map<grpc::StatusCode, int>{{grpc::RESOURCE_EXHAUSTED, 550 - kOfOneHost}}));
  }
  EXPECT_TRUE(Eventually([&] { return TestUnary(port).Get("pay_1").ok(); }));
  {
    ManyStreams streams(port, 550, 1);
    Begun begun = streams.Count();
    EXPECT_EQ(begun.started, kOfOneHost);
    EXPECT_GT(begun.refused[grpc::RESOURCE_EXHAUSTED], 0) << "connections of a host beyond its calls";
    EXPECT_GT(begun.refused[grpc::UNAVAILABLE], 0) << "connections beyond those";
    EXPECT_EQ(begun.refused[grpc::RESOURCE_EXHAUSTED] + begun.refused[grpc::UNAVAILABLE], 550 - kOfOneHost);
  }
  EXPECT_TRUE(Eventually([&] { return TestUnary(port).Get("pay_1").ok(); }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.Output();
}

}  // namespace
}  // namespace pipeline
