// A server starts without Kafka and without its topic and says so, serves demo data all the same, rejects bad records
// without stopping, listens on a port of its own alone, and ends in time whatever its clients do.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "server/server_command.h"
#include "tests/server/health_testing.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

TEST(LifecycleTest, SaysNothingFalseWithoutKafka) {
  PaymentServer server(TestOptions(NoKafka()));
  server.Start();
  TestUnary unary(server.port());
  EXPECT_EQ(unary.Get("pay_001").error_code(), grpc::StatusCode::UNAVAILABLE);
  ::payment::PaymentList list;
  EXPECT_EQ(unary.List({}, &list).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Health(server.port()), kNotServing);
  TestStream stream(server.port());
  stream.Open();
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 1; })) << "a stream waits";
  server.Shutdown();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(LifecycleTest, ServesDemoDataWithoutKafka) {
  ServerOptions options = TestOptions(NoKafka());
  options.demo_data = true;
  PaymentServer server(options);
  server.Start();
  TestUnary unary(server.port());
  EXPECT_TRUE(unary.Get("pay_001").ok());
  EXPECT_EQ(unary.Get("pay_004").error_code(), grpc::StatusCode::UNAVAILABLE) << "it may be in Kafka";
  ::payment::PaymentList list;
  ASSERT_TRUE(unary.List({}, &list).ok());
  ASSERT_EQ(list.payments_size(), 3);
  EXPECT_EQ(list.payments(2).id(), "pay_003");
}

TEST(LifecycleTest, DemoDataGivesWayToTheLog) {
  TestKafka kafka(1);
  kafka.ProducePayment(0, "pay_001", "pending", "paypal");
  kafka.Flush();
  ServerOptions options = TestOptions(kafka.settings());
  options.demo_data = true;
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestUnary unary(server.port());
  ::payment::PaymentList list;
  ASSERT_TRUE(unary.List({}, &list).ok());
  EXPECT_EQ(list.total_count(), 3);
  EXPECT_EQ(list.payments(0).provider(), ::payment::PROVIDER_PAYPAL);
  EXPECT_EQ(unary.Get("pay_004").error_code(), grpc::StatusCode::NOT_FOUND);
  TestStream stream(server.port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_001");
}

TEST(LifecycleTest, WaitsForItsTopicAndThenServes) {
  TestKafka kafka(0, "payments.raw", /*create=*/false);
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  TestUnary unary(server.port());
  ASSERT_TRUE(
      Eventually([&] { return unary.Get("pay_1").error_message() == "Kafka topic payments.raw does not exist yet"; }));
  EXPECT_EQ(Health(server.port()), kNotServing);
  TestStream stream(server.port());
  stream.Open();
  kafka.CreateTopic(2);
  kafka.ProducePayment(1, "pay_1");
  kafka.Flush();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_1");
  EXPECT_TRUE(Eventually([&] { return server.serving(); }));
  EXPECT_EQ(Health(server.port()), kServing);
}

TEST(LifecycleTest, HealthFollowsTheBroker) {
  TestKafka kafka(1);
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestStream stream(server.port());
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  kafka.SetBrokerDown(true);
  ASSERT_TRUE(Eventually([&] { return !server.serving(); }));
  EXPECT_EQ(Health(server.port()), kNotServing);
  kafka.SetBrokerDown(false);
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_1") << "the stream was never broken";
}

TEST(LifecycleTest, RefusesATopicOfTooManyPartitions) {
  TestKafka kafka(201);
  std::atomic<bool> fatal = false;
  PaymentServer server(TestOptions(kafka.settings()), [&](const std::string& reason) {
    EXPECT_EQ(reason, "Kafka topic payments.raw has 201 partitions; allowed: at most 200");
    fatal = true;
  });
  server.Start();
  EXPECT_TRUE(Eventually([&] { return fatal.load(); }));
  EXPECT_FALSE(server.serving());
}

// Its StreamStart fits the metadata that clients take by default.
TEST(LifecycleTest, ServesATopicOfTheMostPartitionsAllowed) {
  TestKafka kafka(200);
  for (int partition = 0; partition < 200; ++partition) kafka.ProducePayment(partition, std::to_string(partition));
  kafka.Flush();
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  TestStream stream(server.port());
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  EXPECT_EQ(stream.start().token().partitions_size(), 200);
  EXPECT_EQ(stream.ReadMany(200).size(), 200u);
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  kafka.ProducePayment(199, "pay_new");
  kafka.Flush();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_new");
}

TEST(LifecycleTest, BadRecordsAreCountedAndTheStreamGoesOn) {
  TestKafka kafka(1);
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  TestStream stream(server.port());
  stream.Open();
  kafka.ProducePayment(0, "pay_first");
  kafka.Produce(0, "k", "not json at all");
  kafka.Produce(0, "k", "{\"id\":\"pay_x\",");
  kafka.Produce(0, "k", std::string(R"({"id":"pay_)") + "\xff\xfe" + R"("})");
  kafka.Produce(0, "k", "");
  kafka.Produce(0, "k", std::nullopt);
  kafka.Produce(0, "k", R"({"provider":"stripe","amount":1})");
  kafka.Produce(0, "k", R"({"id":"pay_x","provider":"stripe","amount":-1,"currency":"usd","status":"paid"})");
  kafka.Produce(0, "k", R"({"id":"pay_x","provider":"stripe","amount":NaN,"currency":"usd","status":"paid"})");
  kafka.Produce(0, "k", R"({"id":"pay_x","provider":"stripe","amount":1e308,"currency":"usd","status":"paid"})");
  kafka.Produce(0, "k", std::string(200'000, '['));
  kafka.ProducePayment(0, "pay_odd", "who knows", "a bank");
  kafka.ProducePayment(0, "pay_1MiB", "pending", "stripe", R"(,"metadata":{"x":")" + std::string(1 << 20, 'x') + "\"}");
  kafka.ProducePayment(0, "pay_big", "pending", "stripe",
                       R"(,"metadata":{"x":")" + std::string(3'670'016, 'x') + "\"}");
  kafka.ProducePayment(0, "pay_last");
  kafka.Flush();
  std::vector<std::string> ids;
  for (const ::payment::PaymentEvent& event : stream.ReadMany(4)) ids.push_back(event.payment().id());
  EXPECT_EQ(ids, (std::vector<std::string>{"pay_first", "pay_odd", "pay_1MiB", "pay_last"}));
  EXPECT_EQ(server.rejected(RejectReason::kTombstone), 2);
  EXPECT_EQ(server.rejected(RejectReason::kNotUtf8), 1);
  EXPECT_EQ(server.rejected(RejectReason::kNoId), 1);
  EXPECT_EQ(server.rejected(RejectReason::kNegativeAmount), 1);
  EXPECT_EQ(server.rejected(RejectReason::kOversized), 1);
  EXPECT_EQ(server.rejected(RejectReason::kNotJson) + server.rejected(RejectReason::kBadAmount), 5);
  TestUnary unary(server.port());
  EXPECT_EQ(unary.Get("pay_x").error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(LifecycleTest, APortInUseIsAnErrorAndNotShared) {
  PaymentServer first(TestOptions(NoKafka()));
  first.Listen();
  ServerOptions options = TestOptions(NoKafka());
  options.port = first.port();
  PaymentServer second(options);
  try {
    second.Listen();
    FAIL() << "both listen on " << first.port();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("can't listen on 127.0.0.1:" + std::to_string(first.port())),
              std::string::npos)
        << error.what();
  }
}

TEST(LifecycleTest, EndsInTimeWithOpenStuckAndWatchingClients) {
  TestKafka kafka(1);
  ServerOptions options = TestOptions(kafka.settings());
  options.stuck_ns = 600'000'000'000;  // the shutdown itself has to free what is stuck
  auto server = std::make_unique<PaymentServer>(options);
  server->Start();
  ASSERT_TRUE(Eventually([&] { return server->serving(); }));
  TestStream idle(server->port());
  idle.Open();
  ASSERT_TRUE(idle.WaitForStart());
  // Reads nothing while more is sent than the transport holds.
  TestStream stuck(server->port());
  stuck.Open();
  ASSERT_TRUE(stuck.WaitForStart());
  const std::string padding = R"(,"metadata":{"x":")" + std::string(100'000, 'x') + "\"}";
  for (int i = 0; i < 100; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(i), "pending", "stripe", padding);
  kafka.Flush();
  ASSERT_EQ(idle.ReadMany(100).size(), 100u);
  HealthWatch watch(server->port());  // which gRPC's own shutdown waits for
  EXPECT_EQ(watch.Read(), kServing);

  std::thread shutdown([&] { server->Shutdown(); });
  const grpc::Status status = idle.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server is shutting down; resume");
  shutdown.join();  // though `stuck` has read nothing, and the watch is open
  EXPECT_EQ(server->open_calls(), 0);
  stuck.Finish();
}

TEST(LifecycleTest, MoreCallsThanAllowedAreRefused) {
  ServerOptions options = TestOptions(NoKafka());
  options.calls_max = 1;
  PaymentServer server(options);
  server.Start();
  TestStream first(server.port());
  first.Open();
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 1; }));
  TestStream second(server.port());
  second.Open();
  EXPECT_EQ(second.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(ServerCommandTest, TakesItsOptionsAndNamesWhatIsWrong) {
  ServerOptions options;
  EXPECT_EQ(ParseServerOptions({"--port",
                                "0",
                                "--window-bytes",
                                "4MB",
                                "--drain-timeout",
                                "1500ms",
                                "--keepalive",
                                "30s,2s",
                                "--unready-after",
                                "2s",
                                "--tombstones",
                                "delete",
                                "--slow-subscriber",
                                "disconnect",
                                "--demo-data",
                                "--journal",
                                "j.jsonl",
                                "--max-calls-per-peer",
                                "7",
                                "--max-payments",
                                "8",
                                "--max-connections",
                                "9",
                                "--max-connections-per-peer",
                                "10",
                                "--handshake-timeout",
                                "1s",
                                "--connection-idle",
                                "2s",
                                "--max-connection-age",
                                "3s",
                                "--max-connection-age-grace",
                                "0s",
                                "--metrics-listen",
                                "[::1]:0",
                                "--brokers",
                                "localhost:1234",
                                "-X",
                                "fetch.wait.max.ms=1"},
                               &options),
            std::nullopt);
  EXPECT_EQ(options.port, 0);
  EXPECT_EQ(options.window_bytes_max, 4 * 1024 * 1024);
  EXPECT_EQ(options.drain_timeout_ns, 1'500'000'000);
  EXPECT_EQ(options.keepalive_time_ns, 30'000'000'000);
  EXPECT_EQ(options.keepalive_timeout_ns, 2'000'000'000);
  EXPECT_EQ(options.unready_after_ns, 2'000'000'000);
  EXPECT_TRUE(options.demo_data);
  EXPECT_EQ(options.journal_path, "j.jsonl");
  EXPECT_EQ(options.calls_per_peer_max, 7);
  EXPECT_EQ(options.payments_max, 8);
  EXPECT_EQ(options.connections_max, 9);
  EXPECT_EQ(options.connections_per_peer_max, 10);
  EXPECT_EQ(options.handshake_timeout_ns, 1'000'000'000);
  EXPECT_EQ(options.connection_idle_ns, 2'000'000'000);
  EXPECT_EQ(options.connection_age_ns, 3'000'000'000);
  EXPECT_EQ(options.connection_age_grace_ns, 0);
  EXPECT_EQ(options.listen, "127.0.0.1") << "unless somebody decides otherwise";
  EXPECT_TRUE(options.calls_per_peer_max_given);
  EXPECT_FALSE(options.calls_max_given);
  EXPECT_EQ(options.metrics_listen, "[::1]:0");
  EXPECT_EQ(options.tombstones, Tombstones::kDelete);
  EXPECT_EQ(options.slow_subscriber, SlowSubscriber::kDisconnect);
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--port", "70000"},
                                                {"--window-bytes", "1"},
                                                {"--drain-timeout", "5"},
                                                {"--unready-after", "soon"},
                                                {"--tombstones", "keep"},
                                                {"--tombstones", "1"},
                                                {"--slow-subscriber", ""},
                                                {"--keepalive", "10s"},
                                                {"--keepalive", "0s,1s"},
                                                {"--max-calls", "0"},
                                                {"--max-calls-per-peer", "0"},
                                                {"--max-payments", "0"},
                                                {"--metrics-listen", "9464"},
                                                {"--max-connections", "0"},
                                                {"--handshake-timeout", "0s"},
                                                {"--max-connection-age", "old"},
                                                {"--topic", "a/b"},
                                                {"--dlq-topic", ".."},
                                                {"--dlq", "on", "--topic", std::string(246, 'x')},
                                                {"--nonsense"},
                                                {"extra"}}) {
    ::testing::internal::CaptureStderr();
    ServerOptions ignored;
    EXPECT_EQ(ParseServerOptions(wrong, &ignored), 2) << wrong[0];
    EXPECT_FALSE(::testing::internal::GetCapturedStderr().empty());
  }
}

}  // namespace
}  // namespace pipeline
