// What only a real Kafka can show of the server: partitions that are added are served from their beginning, an absent
// topic is waited for, a topic made again is another log, what was trimmed is told as a gap and not stepped over, a
// stream is caught up behind control records too, and a broker that goes and comes back changes health but not what a
// stream carries.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/kafka/real_kafka.h"
#include "tests/server/ops/scrape.h"

namespace pipeline {
namespace {

constexpr size_t kHugeBytes = 6'000'000;

std::unique_ptr<PaymentServer> StartServer(const KafkaSettings& kafka, bool serving = true) {
  auto server = std::make_unique<PaymentServer>(TestOptions(kafka));
  server->Start();
  EXPECT_TRUE(!serving || Eventually([&] { return server->serving(); }));
  return server;
}

// Looks at the topic each second, where the default is half a minute.
KafkaSettings Looking(KafkaSettings settings) {
  settings.properties.emplace_back("topic.metadata.refresh.interval.ms=1000");
  return settings;
}

using ServerOnKafkaTest = RealKafkaTest;

TEST_F(ServerOnKafkaTest, ServesAddedPartitionsFromTheirBeginning) {
  RealTopic topic(Looking(kafka_), 2);
  topic.ProducePayment(0, "pay_0");
  topic.ProducePayment(1, "pay_1");
  const auto server = StartServer(topic.settings());
  const auto other = StartServer(topic.settings());
  TestStream open(server->port());
  open.Open();
  open.ReadMany(2);
  topic.AddPartitions(4);
  topic.ProducePayment(3, "pay_3");
  topic.ProducePayment(2, "pay_2");
  topic.ProducePayment(0, "pay_4");
  // An open stream: each once, as new.
  std::set<int32_t> partitions;
  TestStream moved(other->port());
  for (int i = 0; i < 3; ++i) {
    const auto event = open.Read();
    ASSERT_TRUE(event) << open.Finish().error_message();
    EXPECT_EQ(event->event_type(), "new");
    partitions.insert(event->partition());
  }
  EXPECT_EQ(partitions, (std::set<int32_t>{0, 2, 3}));
  EXPECT_TRUE(server->serving());
  // A token that knows the new partitions, at a server that may not yet.
  for (const auto& [place, events] : open.received()) {
    EXPECT_EQ(events.size(), 1u);
    while (moved.token().partitions_size() <= place.first) {
      const int32_t p = moved.token().partitions_size();
      moved.token().add_partitions()->set_partition(p);
    }
    ::payment::PartitionResume* at = moved.token().mutable_partitions(place.first);
    at->set_after(place.second);
    at->set_record_crc32c(events[0].record_crc32c());
  }
  moved.token().set_log_id(open.token().log_id());
  topic.ProducePayment(3, "pay_5");
  std::optional<::payment::PaymentEvent> next;
  ASSERT_TRUE(Eventually([&] {
    moved.Open();
    next = moved.Read();
    return next || moved.Finish().error_code() != grpc::StatusCode::UNAVAILABLE;
  }));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->payment().id(), "pay_5");
  // And a new subscriber.
  TestStream fresh(server->port());
  fresh.Open();
  EXPECT_EQ(fresh.ReadMany(6).size(), 6u);
}

// Beyond what a server takes: the others are served on, streams and tokens too.
TEST_F(ServerOnKafkaTest, PartitionsBeyondTheLimitThatAreAddedAreRefusedAndTheOthersServed) {
  RealTopic topic(Looking(kafka_), 2);
  topic.ProducePayment(0, "pay_0");
  ServerOptions options = MeasuredOptions(topic.settings());
  PaymentServer server(options, [](const std::string& reason) { ADD_FAILURE() << reason; });
  server.Start();
  TestStream stream(server.port());
  stream.Open();
  stream.ReadMany(1);
  topic.AddPartitions(203);
  ASSERT_TRUE(Eventually([&] { return ScrapeMetrics(server.metrics_port())["payment_server_partitions"] == 200; }));
  EXPECT_EQ(ScrapeMetrics(server.metrics_port())["payment_server_partitions_refused"], 3);
  topic.ProducePayment(202, "refused");
  topic.ProducePayment(199, "pay_1");
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_1");
  // A token that only Kafka can verify.
  stream.Cancel();
  stream.token().mutable_partitions(0)->set_after(0);
  topic.ProducePayment(0, "pay_2");
  stream.token().mutable_partitions(1)->set_after(7);
  stream.Open();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_TRUE(server.serving());
}

TEST_F(ServerOnKafkaTest, ATokenForAnAddedPartitionIsNotRefusedByAReplicaThatHasNotSeenIt) {
  RealTopic topic(Looking(kafka_), 1);
  topic.ProducePayment(0, "pay_0");
  const auto server = StartServer(topic.settings());
  TestStream stream(server->port());
  stream.Open();
  stream.ReadMany(1);
  stream.Cancel();
  topic.AddPartitions(2);
  topic.ProducePayment(1, "pay_1");
  ::payment::PartitionResume* at = stream.token().add_partitions();  // as another replica would have told
  at->set_partition(1);
  at->set_after(-1);
  // It may be told to try again, as clients do; never that its token is wrong.
  std::optional<::payment::PaymentEvent> event;
  ASSERT_TRUE(Eventually([&] {
    stream.Open();
    event = stream.Read();
    return event || stream.Finish().error_code() != grpc::StatusCode::UNAVAILABLE;
  }));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->payment().id(), "pay_1");
  stream.Cancel();
  stream.token().add_partitions()->set_partition(2);
  stream.token().mutable_partitions(2)->set_after(-1);
  stream.Open();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT) << "Kafka does not know it either";
}

TEST_F(ServerOnKafkaTest, WaitsForAnAbsentTopic) {
  RealTopic topic(kafka_, 1, false);
  const auto server = StartServer(topic.settings(), false);
  TestUnary unary(server->port());
  ASSERT_TRUE(Eventually([&] {
    const grpc::Status status = unary.Get("pay_0");
    return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
           status.error_message().find("does not exist yet") != std::string::npos;
  }));
  EXPECT_FALSE(server->serving());
  topic.Create(1);
  topic.ProducePayment(0, "pay_0");
  EXPECT_TRUE(Eventually([&] { return server->serving(); }));
  TestStream stream(server->port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1).size(), 1u);
}

// Made again at once, with fewer records than were read of it; or later, with however many.
TEST_F(ServerOnKafkaTest, ATopicMadeAgainIsAnotherLog) {
  for (const auto& [count, at_once] : {std::pair{1, true}, {1, false}, {5, false}, {9, false}}) {
    SCOPED_TRACE(count);
    RealTopic topic(kafka_, 1);
    for (int i = 0; i < 5; ++i) topic.ProducePayment(0, "old_" + std::to_string(i));
    const auto server = StartServer(topic.settings());
    TestStream stream(server->port());
    stream.Open();
    stream.ReadMany(5);
    topic.Delete();
    EXPECT_TRUE(at_once || Eventually([&] { return !server->serving(); })) << "the topic is gone";
    topic.Create(1);
    for (int i = 0; i < count; ++i) topic.ProducePayment(0, "new_" + std::to_string(i));
    EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_TRUE(
        Eventually([&] { return TestUnary(server->port()).Get("old_0").error_code() == grpc::StatusCode::NOT_FOUND; }));
    EXPECT_TRUE(Eventually([&] { return server->serving(); }));
    stream.Open();
    const grpc::Status status = stream.Finish();
    EXPECT_TRUE(status.error_code() == grpc::StatusCode::OUT_OF_RANGE ||
                status.error_code() == grpc::StatusCode::FAILED_PRECONDITION)
        << status.error_code() << " " << status.error_message();
    TestStream fresh(server->port());
    fresh.Open();
    EXPECT_EQ(fresh.ReadMany(static_cast<size_t>(count)).size(), static_cast<size_t>(count));
  }
}

// A record that is too large for a message is rejected, and what is behind it is read.
TEST_F(ServerOnKafkaTest, AResumeAtATrimmedPositionIsToldTheGap) {
  RealTopic topic(kafka_, 1);
  for (int i = 0; i < 3; ++i) topic.ProducePayment(0, "pay_" + std::to_string(i));
  const auto first = StartServer(topic.settings());
  TestStream stream(first->port());
  stream.Open();
  stream.ReadMany(3);
  topic.Produce(
      0, "pay_huge",
      PaymentJson("pay_huge", "pending", "stripe", R"(,"metadata":{"x":")" + std::string(kHugeBytes, 'x') + "\"}"));
  for (int i = 3; i < 6; ++i) topic.ProducePayment(0, "pay_" + std::to_string(i));
  const std::vector<::payment::PaymentEvent> behind = stream.ReadMany(3);
  ASSERT_EQ(behind.size(), 3u);
  EXPECT_EQ(behind[0].offset(), 4) << "3 is the rejected one";
  EXPECT_EQ(TestUnary(first->port()).Get("pay_huge").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(first->rejected(RejectReason::kOversized), 1);
  EXPECT_TRUE(first->serving());
  stream.Cancel();
  // Back to where it was before.
  stream.token().mutable_partitions(0)->set_after(2);
  stream.token().mutable_partitions(0)->clear_record_crc32c();
  topic.Trim(0, 5);
  const auto second = StartServer(topic.settings());
  stream.Dial(second->port());
  stream.Open();
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE) << status.error_message();
  ASSERT_EQ(stream.gaps().size(), 1u);
  EXPECT_EQ(stream.gaps()[0].partition(), 0);
  EXPECT_EQ(stream.gaps()[0].wanted(), 3);
  EXPECT_EQ(stream.gaps()[0].earliest(), 5);
  // At the trimmed position itself nothing is missing.
  stream.token().mutable_partitions(0)->set_after(4);
  stream.Open();
  const auto event = stream.Read();
  ASSERT_TRUE(event) << stream.Finish().error_message();
  EXPECT_EQ(event->offset(), 5);
}

TEST(BrokerOnKafkaTest, ABrokerThatGoesAndComesBackChangesHealthAlone) {
  const std::string script = Environment("PIPELINE_TEST_RUN_KAFKA");
  if (script.empty()) GTEST_SKIP() << "PIPELINE_TEST_RUN_KAFKA names no script that starts Kafka (ci/real-kafka does)";
  OwnKafka kafka(script);
  KafkaSettings settings;
  settings.brokers = kafka.address();
  RealTopic topic(settings, 1);
  topic.ProducePayment(0, "pay_0");
  const auto server = StartServer(topic.settings());
  TestStream stream(server->port());
  stream.Open();
  stream.ReadMany(1);
  kafka.Kill();
  EXPECT_TRUE(Eventually([&] { return !server->serving(); }));
  EXPECT_TRUE(TestUnary(server->port()).Get("pay_0").ok()) << "what is known is still answered";
  kafka.Start();
  EXPECT_EQ(kafka.address(), settings.brokers);
  topic.ProducePayment(0, "pay_1");
  const auto event = stream.Read();
  ASSERT_TRUE(event) << stream.Finish().error_message();
  EXPECT_EQ(event->payment().id(), "pay_1");
  EXPECT_EQ(event->offset(), 1);
  EXPECT_TRUE(Eventually([&] { return server->serving(); }));
}

class SecureKafkaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    plain_.brokers = Environment("PIPELINE_TEST_KAFKA");
    if (Environment("PIPELINE_TEST_KAFKA_CA").empty()) {
      GTEST_SKIP() << "PIPELINE_TEST_KAFKA_CA is not set (ci/real-kafka does)";
    }
    topic_ = std::make_unique<RealTopic>(plain_, 1);
    topic_->ProducePayment(0, "pay_0");
  }
  KafkaSettings Settings(const char* listener) const {
    KafkaSettings settings;
    settings.brokers = Environment(listener);
    settings.topic = topic_->settings().topic;
    return settings;
  }
  KafkaSettings Sasl(const char* listener) const {
    KafkaSettings settings = Settings(listener);
    settings.sasl_mechanism = "PLAIN";
    settings.sasl_username = Environment("PIPELINE_TEST_KAFKA_USER");
    settings.sasl_password = Environment("PIPELINE_TEST_KAFKA_PASSWORD");
    return settings;
  }
  static void Trust(KafkaSettings* settings) {
    settings->ssl = true;
    settings->properties = {"ssl.ca.location=" + Environment("PIPELINE_TEST_KAFKA_CA")};
  }
  static void ExpectServed(const KafkaSettings& settings) {
    const auto server = StartServer(settings);
    EXPECT_TRUE(TestUnary(server->port()).Get("pay_0").ok());
  }
  // Whoever has asked Kafka has had its answer by the time the text stands.
  static void ExpectRefused(const KafkaSettings& settings) {
    const auto server = StartServer(settings, false);
    ASSERT_TRUE(Eventually([&] {
      const grpc::Status status = TestUnary(server->port()).Get("pay_0");
      return status.error_message().find("has not answered yet") != std::string::npos;
    }));
    EXPECT_FALSE(server->serving());
  }

  KafkaSettings plain_;
  std::unique_ptr<RealTopic> topic_;
};

TEST_F(SecureKafkaTest, ReadsOverSasl) {
  ExpectServed(Sasl("PIPELINE_TEST_KAFKA_SASL"));
  KafkaSettings wrong = Sasl("PIPELINE_TEST_KAFKA_SASL");
  wrong.sasl_password += "x";
  ExpectRefused(wrong);
}

TEST_F(SecureKafkaTest, ReadsOverTls) {
  KafkaSettings settings = Settings("PIPELINE_TEST_KAFKA_SSL");
  settings.ssl = true;
  ExpectRefused(settings);  // nobody vouches for the node's certificate
  Trust(&settings);
  ExpectServed(settings);
}

TEST_F(SecureKafkaTest, ReadsOverSaslAndTls) {
  KafkaSettings settings = Sasl("PIPELINE_TEST_KAFKA_SASL_SSL");
  Trust(&settings);
  ExpectServed(settings);
}

// Behind the newest record stand markers of transactions alone.
TEST_F(ServerOnKafkaTest, AStreamIsCaughtUpBehindControlRecords) {
  RealTopic topic(kafka_, 1);
  for (int i = 0; i < 20; ++i) topic.ProducePayment(0, "pay_" + std::to_string(i));
  topic.ProduceTransaction(0, "committed", true);
  topic.ProduceTransaction(0, "aborted", false);
  ServerOptions options = TestOptions(topic.settings());
  options.window_bytes_max = 1;
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestStream stream(server.port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(21).back().payment().id(), "committed");
  stream.Cancel();
  ::payment::PartitionResume* at = stream.token().mutable_partitions(0);
  at->set_after(4);
  at->clear_record_crc32c();
  at->clear_snapshot_until();
  stream.Open();
  EXPECT_EQ(stream.ReadMany(16).back().payment().id(), "committed");
  EXPECT_TRUE(Eventually([&] { return server.caught_up() == 1; }));
}

}  // namespace
}  // namespace pipeline
