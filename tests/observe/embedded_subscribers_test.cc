// Embedded subscribers tell the recorder what they were handed, connection by connection, and across a restart of the
// server nothing is missing or twice: against a real payment-server (in this process) on the mock cluster, and held to
// what the audit read.
#include "harness/observe/embedded_subscribers.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "harness/broker/mock_cluster.h"
#include "harness/observe/audit.h"
#include "observe_testing.h"
#include "producer/payment_maker.h"
#include "producer/record_producer.h"
#include "server/payment_server.h"

namespace harness {
namespace {

constexpr int kPartitions = 4;
constexpr int kWaitSeconds = 60;

class EmbeddedSubscribersTest : public ::testing::Test {
 protected:
  EmbeddedSubscribersTest() {
    cluster_.CreateTopic("payments.raw", kPartitions);
    kafka_.brokers = cluster_.bootstrap();
    kafka_.properties = {"fetch.wait.max.ms=1"};
    recorder_.AddProducer("load", true);
    recorder_.AddClient(NamedClient("one"));
    recorder_.AddClient(NamedClient("two"));
  }
  std::unique_ptr<pipeline::PaymentServer> Server(int port) {
    pipeline::ServerOptions options;
    options.kafka = kafka_;
    options.listen = "127.0.0.1";
    options.port = port;
    auto server = std::make_unique<pipeline::PaymentServer>(options);
    server->Start();
    return server;
  }
  static pipeline::SubscriptionOptions Options(int port) {
    pipeline::SubscriptionOptions options;
    options.servers = {"127.0.0.1:" + std::to_string(port)};
    options.reconnect = {.attempts_max = 0, .delay_min_ns = 20'000'000, .delay_max_ns = 20'000'000};
    return options;
  }
  void Produce(int records) {
    pipeline::RecordProducer producer({.kafka = kafka_, .properties = {{"compression.type", "lz4"}}}, [](auto) {});
    for (int i = 0; i < records; ++i) {
      std::string value;
      const pipeline::MadeRecord made = maker_.Make(1'700'000'000, &value);
      while (!producer.TrySend(made.sequence, -1, made.key, value)) producer.WaitForRoom(SecondsFromNow(1));
    }
    ASSERT_TRUE(producer.WaitUntilBelow(1, SecondsFromNow(kWaitSeconds)));
  }
  bool WaitFor(const std::function<bool(const LiveCounts&)>& predicate) {
    return recorder_.WaitFor(predicate, SecondsFromNow(kWaitSeconds));
  }

  MockCluster cluster_{1};
  pipeline::KafkaSettings kafka_;
  pipeline::PaymentMaker maker_{{.rec_prefix = "run.load"}};
  Recorder recorder_{"run", ""};
};

TEST_F(EmbeddedSubscribersTest, TellAllThatTheyAreHandedAcrossARestart) {
  constexpr int kRecords = 2'000;
  Audit audit(kafka_, kPartitions, true, &recorder_);
  auto server = Server(0);
  const int port = server->port();
  EmbeddedSubscribers subscribers(&recorder_);
  subscribers.Add(0, Options(port));
  subscribers.Add(1, Options(port));
  ASSERT_TRUE(
      WaitFor([](const LiveCounts& counts) { return counts.clients[0].connected && counts.clients[1].connected; }));
  Produce(kRecords / 2);
  ASSERT_TRUE(WaitFor([](const LiveCounts& counts) { return counts.delivered_min == kRecords / 2; }));
  server->Shutdown();
  ASSERT_TRUE(
      WaitFor([](const LiveCounts& counts) { return !counts.clients[0].connected && !counts.clients[1].connected; }));
  server.reset();
  Produce(kRecords / 2);
  server = Server(port);
  ASSERT_TRUE(WaitFor([](const LiveCounts& counts) { return counts.delivered_min == kRecords; }));
  ASSERT_TRUE(audit.CatchUp(SecondsFromNow(kWaitSeconds)));
  subscribers.StopAll();
  audit.Stop();
  const History history = recorder_.Finish(nullptr);
  EXPECT_TRUE(history.harness_errors.empty());
  for (const Client& client : history.clients) {
    EXPECT_EQ(client.deliveries.size(), static_cast<size_t>(kRecords));
    ASSERT_EQ(client.connections.size(), 2u);
    EXPECT_FALSE(client.connections[0].resumed);
    EXPECT_TRUE(client.connections[0].has_start);
    EXPECT_EQ(client.connections[0].token.size(), static_cast<size_t>(kPartitions));
    EXPECT_NE(client.connections[0].log_id, "");
    EXPECT_TRUE(client.connections[0].subscription.starts_with(client.connections[0].server_id + "/"));
    EXPECT_GT(client.connections[0].ended_ns, client.connections[0].started_ns);
    EXPECT_TRUE(client.connections[1].resumed);
    EXPECT_NE(client.connections[1].first_message_ns, 0);
    EXPECT_TRUE(client.marks_connections);
    for (const Delivery& delivery : client.deliveries) {
      const PartitionLog& log = history.partitions[static_cast<size_t>(delivery.partition)];
      const LogRecord& record = log.records[static_cast<size_t>(delivery.offset)];
      ASSERT_EQ(delivery.rec, record.rec);
      ASSERT_EQ(delivery.content_hash, record.content_hash);
      ASSERT_EQ(delivery.id_hash, record.id_hash);
      ASSERT_EQ(delivery.crc32c, record.crc32c);
    }
  }
}

TEST_F(EmbeddedSubscribersTest, StopWhileNoServerAnswers) {
  {
    EmbeddedSubscribers subscribers(&recorder_);
    subscribers.Add(0, Options(1));
    ASSERT_TRUE(WaitFor([this](const LiveCounts&) {
      size_t attempts = 0;
      recorder_.Read([&](const History& history) { attempts = history.clients[0].attempts.size(); });
      return attempts >= 2;
    }));
  }  // and is stopped with its owner
  EXPECT_EQ(recorder_.Finish(nullptr).clients[0].connections.size(), 0u);
}

}  // namespace
}  // namespace harness
