// A server that has lost contact with Kafka goes on with the log that it read, or loads another one anew: whatever has
// become of the topic while it did not look. It does not look while its process is stopped.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>

#include "tests/kafka/real_kafka.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/program.h"

namespace pipeline {
namespace {

constexpr int kRecords = 5;  // of each partition, when the server has read them

// payment-server as a process of its own, which can be stopped.
class StoppableServer {
 public:
  explicit StoppableServer(const KafkaSettings& kafka)
      : program_("payment-server", {"--brokers", kafka.brokers, "--topic", kafka.topic, "--port", "0", "--listen",
                                    "127.0.0.1", "--metrics-listen", "127.0.0.1:0", "-X", "fetch.wait.max.ms=20"}),
        port_(program_.PortBehind("gRPC:  127.0.0.1:")),
        metrics_port_(program_.PortBehind("Metrics: http://127.0.0.1:")) {}

  int port() const { return port_; }
  double Metric(const std::string& name) const { return ScrapeMetrics(metrics_port_)["payment_server_" + name]; }
  // While `change` is made, and no shorter than a loss of contact is.
  template <typename Change>
  void StopWhile(const Change& change) {
    program_.Signal(SIGSTOP);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    change();
    EXPECT_TRUE(Eventually([&] { return std::chrono::steady_clock::now() > until; }));
    program_.Signal(SIGCONT);
  }

 private:
  Program program_;
  int port_;
  int metrics_port_;
};

// One that has read the topic, and a stream that has had `payments` of it.
struct Reading {
  Reading(const RealTopic& topic, size_t payments) : server(topic.settings()), stream(server.port()) {
    stream.Open();
    EXPECT_EQ(stream.ReadMany(payments).size(), payments);
  }

  StoppableServer server;
  TestStream stream;
};

class SameLogTest : public RealKafkaTest {
 protected:
  static void Fill(RealTopic* topic, int partitions, const std::string& name, int count) {
    for (int p = 0; p < partitions; ++p) {
      for (int i = 0; i < count; ++i) {
        topic->ProducePayment(p, name + "_" + std::to_string(p) + "_" + std::to_string(i));
      }
    }
  }

  // The stream has ended, the old payments are gone, the new ones are all there, and a token of before is refused.
  static void ExpectAnotherLog(TestStream* stream, int port, const std::string& old_id, size_t records) {
    const grpc::Status ended = stream->Finish();
    EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(ended.error_message(), "the log was replaced; resume");
    EXPECT_TRUE(Eventually([&] { return TestUnary(port).Get(old_id).error_code() == grpc::StatusCode::NOT_FOUND; }));
    stream->Open();
    const grpc::Status refused = stream->Finish();
    EXPECT_TRUE(refused.error_code() == grpc::StatusCode::FAILED_PRECONDITION ||
                refused.error_code() == grpc::StatusCode::OUT_OF_RANGE)
        << refused.error_message();
    TestStream fresh(port);
    fresh.Open();
    EXPECT_EQ(fresh.ReadMany(records).size(), records);
  }
};

// Another topic of that name, whose end is before the next offset, at it, and beyond it.
TEST_F(SameLogTest, ATopicMadeAgainMeanwhileIsLoadedAnew) {
  for (const int count : {kRecords - 2, kRecords - 1, kRecords, kRecords + 4}) {
    SCOPED_TRACE(count);
    RealTopic topic(kafka_, 2);
    Fill(&topic, 2, "old", kRecords);
    Reading reading(topic, 2 * kRecords);
    reading.server.StopWhile([&] {
      topic.Delete();
      topic.Create(2);
      Fill(&topic, 2, "new", count);
    });
    ExpectAnotherLog(&reading.stream, reading.server.port(), "old_0_0", 2 * static_cast<size_t>(count));
    EXPECT_EQ(reading.server.Metric("logs_replaced_total"), 1);
  }
}

// Only one partition tells: nothing has been read of the other one.
TEST_F(SameLogTest, OnePartitionThatDiffersIsEnough) {
  RealTopic topic(kafka_, 2);
  Fill(&topic, 1, "old", kRecords);
  Reading reading(topic, kRecords);
  reading.server.StopWhile([&] {
    topic.Delete();
    topic.Create(2);
    Fill(&topic, 2, "new", kRecords + 1);
  });
  ExpectAnotherLog(&reading.stream, reading.server.port(), "old_0_0", 2 * (kRecords + 1));
}

// The last record that was seen is no payment: its checksum counts all the same.
TEST_F(SameLogTest, ARejectedRecordTellsAsWell) {
  RealTopic topic(kafka_, 1);
  Fill(&topic, 1, "old", kRecords);
  topic.Produce(0, "k", "no payment");
  Reading reading(topic, kRecords);
  reading.server.StopWhile([&] {
    topic.Delete();
    topic.Create(1);
    Fill(&topic, 1, "old", kRecords);  // as they were
    topic.Produce(0, "k", "still none");
    topic.ProducePayment(0, "pay_new");
  });
  EXPECT_EQ(reading.stream.Finish().error_message(), "the log was replaced; resume");
  EXPECT_TRUE(Eventually([&] { return TestUnary(reading.server.port()).Get("pay_new").ok(); }));
}

void ExpectSameLog(RealTopic* topic, Reading* reading, const std::string& id) {
  topic->ProducePayment(0, id);
  const auto event = reading->stream.Read();
  ASSERT_TRUE(event) << reading->stream.Finish().error_message();
  EXPECT_EQ(event->payment().id(), id);
  EXPECT_GE(reading->server.Metric("log_checks_total"), 1);
  EXPECT_EQ(reading->server.Metric("logs_replaced_total"), 0);
}

TEST_F(SameLogTest, TheSameLogIsReadOn) {
  RealTopic topic(kafka_, 1);
  Fill(&topic, 1, "old", kRecords);
  Reading reading(topic, kRecords);
  reading.server.StopWhile([&] { topic.ProducePayment(0, "meanwhile"); });
  EXPECT_EQ(reading.stream.ReadMany(1)[0].payment().id(), "meanwhile");
  ExpectSameLog(&topic, &reading, "later");
}

// Trimmed up to the next offset: no record is left that could be compared.
TEST_F(SameLogTest, ATrimmedLogIsTheSame) {
  RealTopic topic(kafka_, 1);
  Fill(&topic, 1, "old", kRecords);
  Reading reading(topic, kRecords);
  reading.server.StopWhile([&] { topic.Trim(0, kRecords); });
  ExpectSameLog(&topic, &reading, "later");
}

// Markers of transactions stand before the next offset, and what was aborted.
TEST_F(SameLogTest, ALogWithControlRecordsBeforeTheNextOffsetIsTheSame) {
  RealTopic topic(kafka_, 1);
  topic.ProduceTransaction(0, "aborted", false);
  topic.ProduceTransaction(0, "committed", true);
  topic.ProduceTransaction(0, "aborted", false);
  Reading reading(topic, 1);
  EXPECT_EQ(TestUnary(reading.server.port()).Get("committed").error_code(), grpc::StatusCode::OK);
  reading.server.StopWhile([&] {});
  ExpectSameLog(&topic, &reading, "later");
}

// A disk restored from a copy: the log is shorter than what was read, and goes on with other records.
TEST(RestoredKafkaTest, ALogThatWasCutAndFilledAgainIsLoadedAnew) {
  const std::string script = Environment("PIPELINE_TEST_RUN_KAFKA");
  if (script.empty()) GTEST_SKIP() << "PIPELINE_TEST_RUN_KAFKA names no script that starts Kafka (ci/real-kafka does)";
  OwnKafka kafka(script);
  KafkaSettings settings;
  settings.brokers = kafka.address();
  RealTopic topic(settings, 1);
  for (int i = 0; i < 3; ++i) topic.ProducePayment(0, "kept_" + std::to_string(i));
  kafka.Kill();
  kafka.Save();
  kafka.Start();
  for (int i = 0; i < 2; ++i) topic.ProducePayment(0, "cut_" + std::to_string(i));
  Reading reading(topic, 5);
  kafka.Kill();
  kafka.Restore();
  kafka.Start();
  for (int i = 0; i < 4; ++i) topic.ProducePayment(0, "new_" + std::to_string(i));
  EXPECT_EQ(reading.stream.Finish().error_message(), "the log was replaced; resume");
  EXPECT_TRUE(Eventually([&] { return TestUnary(reading.server.port()).Get("new_3").ok(); }));
  EXPECT_EQ(TestUnary(reading.server.port()).Get("cut_0").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(TestUnary(reading.server.port()).Get("new_0").ok()) << "it stands where a record was that is gone";
}

}  // namespace
}  // namespace pipeline
