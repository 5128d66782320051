// Rejected records reach the dead-letter topic unchanged and once, whatever happens to the server and to Kafka on the
// way, and nobody waits for that.
#include "server/kafka/dead_letters.h"

#include <gmock/gmock.h>

#include <set>

#include "server/kafka/kafka_queries.h"
#include "tests/server/kafka/kafka_proxy.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

using ::testing::IsSupersetOf;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kDlq[] = "payments.raw.dlq";
constexpr int16_t kProduceApi = 0;

struct Letter {
  std::string key;
  std::optional<std::string> value;
  std::multimap<std::string, std::string> headers;
};

std::optional<std::string> Text(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

// All that the topic holds now.
std::vector<Letter> ReadLetters(const KafkaSettings& settings) {
  auto reader = MakeKafka(RD_KAFKA_CONSUMER, MakeConsumerConf(settings));
  rd_kafka_poll_set_consumer(reader.get());
  std::vector<Letter> letters;
  const int count = PartitionCount(reader.get(), kDlq, 10'000);
  if (count == 0) return letters;
  std::vector<int64_t> next_offsets;
  int left = 0;
  for (const Watermarks& at : QueryWatermarks(reader.get(), kDlq, count, 10'000)) {
    next_offsets.push_back(at.low < at.high ? at.low : -1);
    left += at.low < at.high ? 1 : 0;
  }
  if (left == 0) return letters;
  AssignAt(reader.get(), kDlq, next_offsets);
  const int64_t deadline_ns = MonotonicNs() + 60'000'000'000;
  while (left > 0) {
    if (MonotonicNs() > deadline_ns) throw std::runtime_error("the dead-letter topic's end is not reached");
    const KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(reader.get(), 100));
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) --left;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    Letter& letter = letters.emplace_back();
    letter.key = Text(message->key, message->key_len).value_or("");
    letter.value = Text(message->payload, message->len);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message.get(), &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      letter.headers.emplace(name, Text(value, size).value_or("(null)"));
    }
  }
  return letters;
}

class DeadLettersTest : public ::testing::Test {
 protected:
  DeadLettersTest() : kafka_(2) {
    options_ = TestOptions(kafka_.settings());
    options_.dead_letters.enabled = true;
  }
  std::unique_ptr<PaymentServer> StartServer() {
    auto server = std::make_unique<PaymentServer>(options_);
    server->Start();
    return server;
  }
  // Bad records, one partition after the other in turn.
  void ProduceBad(int count) {
    for (int i = 0; i < count; ++i, ++bad_) kafka_.Produce(bad_ % 2, "k", "not json " + std::to_string(bad_));
    kafka_.Flush();
  }
  static bool WaitWritten(const PaymentServer& server, int64_t count) {
    return Eventually([&] { return server.dead_letters().written >= count; });
  }
  // Each bad record is there, and nothing else.
  void ExpectEachOnce() {
    std::multiset<std::string> values;
    for (const Letter& letter : ReadLetters(kafka_.settings())) values.insert(letter.value.value_or("(null)"));
    std::multiset<std::string> wanted;
    for (int i = 0; i < bad_; ++i) wanted.insert("not json " + std::to_string(i));
    EXPECT_EQ(values, wanted);
  }
  void RefuseDlq(bool refuse) {
    rd_kafka_mock_topic_set_error(kafka_.mock(), kDlq,
                                  refuse ? RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED : RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  // The next writes are done, and the answer takes longer than anybody waits.
  void DelayProduceAnswers(int count) {
    for (int i = 0; i < count; ++i) {
      rd_kafka_mock_broker_push_request_error_rtts(kafka_.mock(), 1, kProduceApi, 1, RD_KAFKA_RESP_ERR_NO_ERROR,
                                                   20'000);
    }
  }

  TestKafka kafka_;
  ServerOptions options_;
  int bad_ = 0;
};

TEST_F(DeadLettersTest, ArriveByteForByteWithReasonAndOrigin) {
  const std::string value = std::string("{\"id\": \"pay_\xff") + '\0' + " 1\"";
  const std::string key("k\x00\xfe", 3);
  kafka_.ProducePayment(1, "pay_1");
  kafka_.Produce(1, key, value);
  kafka_.Produce(1, "", std::nullopt);
  kafka_.Produce(0, "pay_2", R"({"id":"pay_2","amount":-1})");
  kafka_.Flush();
  const auto server = StartServer();
  ASSERT_TRUE(WaitWritten(*server, 3));
  std::vector<Letter> letters = ReadLetters(kafka_.settings());
  std::sort(letters.begin(), letters.end(), [](const Letter& a, const Letter& b) { return a.key < b.key; });
  ASSERT_THAT(letters, SizeIs(3));
  EXPECT_EQ(letters[0].key, "payments.raw/0/0");
  EXPECT_EQ(letters[0].value, R"({"id":"pay_2","amount":-1})");
  EXPECT_THAT(letters[0].headers, IsSupersetOf({Pair("dlq.reason", "negative_amount"), Pair("dlq.key", "pay_2")}));
  EXPECT_EQ(letters[1].key, "payments.raw/1/1");
  EXPECT_EQ(letters[1].value, value);
  EXPECT_THAT(letters[1].headers, IsSupersetOf({Pair("dlq.reason", "not_utf8"), Pair("dlq.topic", "payments.raw"),
                                                Pair("dlq.partition", "1"), Pair("dlq.offset", "1")}));
  EXPECT_THAT(letters[1].headers, testing::Contains(Pair("dlq.key", key)));
  const auto written_at = letters[1].headers.find("dlq.timestamp_ms");
  ASSERT_NE(written_at, letters[1].headers.end());
  EXPECT_NEAR(std::stod(written_at->second), static_cast<double>(WallNs()) / 1e6, 600e3);
  EXPECT_EQ(letters[2].key, "payments.raw/1/2");
  EXPECT_EQ(letters[2].value, std::nullopt);
  EXPECT_THAT(letters[2].headers, testing::Contains(Pair("dlq.reason", "tombstone")));
  EXPECT_EQ(server->dead_letters().pending, 0);
}

TEST_F(DeadLettersTest, ARestartedServerWritesNothingTwice) {
  ProduceBad(50);
  ASSERT_TRUE(WaitWritten(*StartServer(), 50));
  ProduceBad(7);
  for (int life = 0; life < 3; ++life) {
    const auto server = StartServer();
    const int64_t expected = life == 0 ? 50 : 57;
    ASSERT_TRUE(Eventually([&] {
      const DeadLetterCounts counts = server->dead_letters();
      return counts.found == expected && counts.pending == 0 && counts.found + counts.written == 57;
    }));
  }
  ExpectEachOnce();
}

// Whoever gave it up and looked at the topic would not find it there, and write it a second time.
TEST_F(DeadLettersTest, AWriteThatKafkaTakesInLateIsNotDoneTwice) {
  ProduceBad(5);
  rd_kafka_mock_topic_create(kafka_.mock(), kDlq, 1, 1);
  KafkaProxy proxy(kafka_.settings().brokers);
  options_.kafka.brokers = proxy.address();
  options_.kafka.properties.emplace_back("message.timeout.ms=500");  // it is not to be given up whatever is asked for
  proxy.HoldNextWrite();
  const auto server = StartServer();
  ASSERT_TRUE(Eventually([&] { return proxy.holds(); }));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  EXPECT_TRUE(Eventually([&] { return proxy.writes() > 1 || std::chrono::steady_clock::now() > until; }));
  EXPECT_EQ(proxy.writes(), 1);
  EXPECT_EQ(server->dead_letters().in_doubt, 0);
  proxy.LetGo();
  ASSERT_TRUE(WaitWritten(*server, 5));
  ExpectEachOnce();
}

// librdkafka gives its producer up: a sequence number that Kafka does not expect.
TEST_F(DeadLettersTest, WithAnUnknownOutcomeTheTopicIsAskedBeforeItIsSentAgain) {
  ProduceBad(20);
  rd_kafka_mock_topic_create(kafka_.mock(), kDlq, 1, 1);
  rd_kafka_mock_push_request_errors(kafka_.mock(), kProduceApi, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  const auto server = StartServer();
  ASSERT_TRUE(WaitWritten(*server, 20));
  EXPECT_GT(server->dead_letters().in_doubt, 0);
  EXPECT_EQ(server->dead_letters().pending, 0);
  ExpectEachOnce();
}

TEST_F(DeadLettersTest, AServerThatEndsBetweenWriteAndReportLeavesItToTheNext) {
  ProduceBad(20);
  rd_kafka_mock_topic_create(kafka_.mock(), kDlq, 1, 1);
  DelayProduceAnswers(1);
  auto server = StartServer();
  ASSERT_TRUE(Eventually([&] { return !ReadLetters(kafka_.settings()).empty(); }));
  EXPECT_EQ(server->dead_letters().written, 0);
  server.reset();
  server = StartServer();
  ASSERT_TRUE(Eventually([&] {
    const DeadLetterCounts counts = server->dead_letters();
    return counts.found + counts.written == 20 && counts.pending == 0;
  }));
  EXPECT_GT(server->dead_letters().found, 0);
  ExpectEachOnce();
}

TEST_F(DeadLettersTest, NobodyWaitsForATopicThatCannotBeWritten) {
  rd_kafka_mock_topic_create(kafka_.mock(), kDlq, 2, 1);
  RefuseDlq(true);
  ProduceBad(10);
  kafka_.ProducePayment(0, "pay_1");
  kafka_.Flush();
  const auto server = StartServer();
  TestStream stream(server->port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1)[0].payment().id(), "pay_1");
  EXPECT_EQ(server->dead_letters().written, 0);
  EXPECT_EQ(server->dead_letters().pending, 10);
  RefuseDlq(false);
  ASSERT_TRUE(WaitWritten(*server, 10));
  ExpectEachOnce();
}

TEST_F(DeadLettersTest, WritesThatKafkaRefusesAreTriedAgain) {
  ProduceBad(10);
  rd_kafka_mock_topic_create(kafka_.mock(), kDlq, 1, 1);
  rd_kafka_mock_push_request_errors(kafka_.mock(), kProduceApi, 3, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto server = StartServer();
  ASSERT_TRUE(WaitWritten(*server, 10));
  EXPECT_GT(server->dead_letters().retried + server->dead_letters().in_doubt, 0);
  ExpectEachOnce();
}

TEST_F(DeadLettersTest, ABrokerThatGoesAndComesBackLosesNothing) {
  ProduceBad(10);
  const auto server = StartServer();
  ASSERT_TRUE(WaitWritten(*server, 10));
  kafka_.SetBrokerDown(true);
  ASSERT_TRUE(Eventually([&] { return !server->serving(); }));
  kafka_.SetBrokerDown(false);
  ProduceBad(10);
  ASSERT_TRUE(WaitWritten(*server, 20));
  ExpectEachOnce();
}

TEST_F(DeadLettersTest, PastTheRoomForLettersPlacesAreKeptAndReadAgain) {
  options_.dead_letters.limits = {.letters_max = 4, .bytes_max = 1'000'000, .places_max = 100};
  rd_kafka_mock_topic_create(kafka_.mock(), kDlq, 2, 1);
  RefuseDlq(true);
  ProduceBad(50);
  const auto server = StartServer();
  ASSERT_TRUE(Eventually([&] { return server->dead_letters().pending == 50; }));
  RefuseDlq(false);
  ASSERT_TRUE(WaitWritten(*server, 50));
  EXPECT_EQ(server->dead_letters().refetched, 46);
  EXPECT_EQ(server->dead_letters().lost, 0);
  ExpectEachOnce();
}

TEST_F(DeadLettersTest, PastTheRoomForPlacesTheyAreCountedAndTheNextStartWritesThem) {
  options_.dead_letters.limits = {.letters_max = 2, .bytes_max = 1'000'000, .places_max = 3};
  rd_kafka_mock_topic_create(kafka_.mock(), kDlq, 2, 1);
  RefuseDlq(true);
  ProduceBad(5);
  auto server = StartServer();
  ASSERT_TRUE(Eventually([&] { return server->dead_letters().pending == 5; }));
  EXPECT_EQ(server->dead_letters().lost, 0) << "at the limit all have room";
  ProduceBad(3);
  ASSERT_TRUE(Eventually([&] { return server->dead_letters().lost == 3; }));
  RefuseDlq(false);
  ASSERT_TRUE(WaitWritten(*server, 5));
  ASSERT_TRUE(Eventually([&] { return server->dead_letters().lost_ranges >= 2; }));
  EXPECT_THAT(ReadLetters(kafka_.settings()), SizeIs(5));
  server.reset();
  options_.dead_letters.limits = {};
  server = StartServer();
  ASSERT_TRUE(WaitWritten(*server, 3));
  EXPECT_EQ(server->dead_letters().found, 5);
  ExpectEachOnce();
}

TEST(DeadLetterKeyTest, SaysWhereTheRecordWas) {
  EXPECT_EQ(DeadLetterKey("payments.raw", {42, 7, 1}), "payments.raw/7/42");
  const auto place = ParseDeadLetterKey("payments.raw", "payments.raw/7/42");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->partition, 7);
  EXPECT_EQ(place->offset, 42);
  for (const char* other : {"", "payments.raw", "payments.raw/7", "payments.raw/7/", "payments.raw/-1/3",
                            "payments.raw/7/42x", "payments/7/42", "payments.raw/99999999999/1"}) {
    EXPECT_FALSE(ParseDeadLetterKey("payments.raw", other)) << other;
  }
}

}  // namespace
}  // namespace pipeline
