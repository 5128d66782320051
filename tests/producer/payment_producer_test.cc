// Property: the program payment-producer tells the truth by its exit code, its output and its acknowledgement log,
// whatever ends it: an entry of each send is in the file before the record can be in the topic, and what the file calls
// ok is in the topic where it says.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/line_file.h"
#include "payment/record_decoder.h"
#include "producer/ack_log.h"
#include "tests/producer/child.h"
#include "tests/producer/test_cluster.h"

namespace pipeline {
namespace {

constexpr int16_t kProduceApi = 0;

// The text or number of one member of a line of ours.
std::string Member(const std::string& line, const std::string& name) {
  const size_t at = line.find("\"" + name + "\":");
  if (at == std::string::npos) return "";
  size_t begin = at + name.size() + 3;
  std::string text;
  if (line[begin] != '"') return line.substr(begin, line.find_first_of(",}", begin) - begin);
  for (++begin; line[begin] != '"'; ++begin) {
    if (line[begin] == '\\') ++begin;
    text += line[begin];
  }
  return text;
}

struct AckLogSeen {
  std::map<uint64_t, std::string> values;    // of sends
  std::map<uint64_t, std::string> outcomes;  // "ok", "fail", "unknown"
  std::map<uint64_t, std::pair<int32_t, int64_t>> places;
  int starts = 0;
  std::string end;
};

// All whole lines; each must be sealed, and each outcome stand after its send.
AckLogSeen ReadAckLog(const std::string& path) {
  AckLogSeen seen;
  const std::string text = ReadFile(path);
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end - begin);
    EXPECT_EQ(CheckLine(line), LineState::kSealed) << line;
    const std::string type = Member(line, "type");
    const uint64_t sequence = std::strtoull(Member(line, "seq").c_str(), nullptr, 10);
    if (type == "start") ++seen.starts;
    if (type == "send") {
      EXPECT_TRUE(seen.values.emplace(sequence, Member(line, "value")).second) << line;
    }
    if (type == "outcome") {
      EXPECT_TRUE(seen.values.count(sequence)) << line;
      EXPECT_TRUE(seen.outcomes.emplace(sequence, Member(line, "outcome")).second) << line;
      seen.places[sequence] = {std::stoi(Member(line, "partition")), std::stoll(Member(line, "offset"))};
    }
    if (type == "end") seen.end = line;
  }
  return seen;
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class PaymentProducerTest : public testing::Test {
 protected:
  std::vector<std::string> Args(std::vector<std::string> more) const {
    std::vector<std::string> args = {"--brokers", cluster_.settings().brokers, "--ack-log", ack_log_};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
  // What the file calls ok is in the topic where it says; what is in the topic was written down before.
  void CheckAgainstTopic() const {
    const AckLogSeen seen = ReadAckLog(ack_log_);
    std::map<std::pair<int32_t, int64_t>, std::string> topic;
    for (const TopicRecord& record : ReadTopic(cluster_)) topic[{record.partition, record.offset}] = record.value;
    std::multiset<std::string> sent;
    for (const auto& [sequence, value] : seen.values) sent.insert(value);
    for (const auto& [place, value] : topic) EXPECT_EQ(sent.count(value), 1u) << value;
    for (const auto& [sequence, outcome] : seen.outcomes) {
      if (outcome == "ok") {
        EXPECT_EQ(topic[seen.places.at(sequence)], seen.values.at(sequence));
      }
    }
  }

  TempDir dir_;
  TestCluster cluster_{4};
  std::string ack_log_ = dir_ / "ack.jsonl";
  std::string output_ = dir_ / "output";
};

TEST_F(PaymentProducerTest, SendsItsCountAndSaysSo) {
  Child child("payment-producer", Args({"20", "--interval", "1ms", "--rec-prefix", "run7.load"}), output_,
              {{{"LC_ALL", "C.UTF-8"}}, {}});
  EXPECT_EQ(child.Wait(), 0) << child.Output();
  const std::string output = child.Output();
  EXPECT_NE(output.find("Broker: " + cluster_.settings().brokers), std::string::npos) << output;
  EXPECT_NE(output.find("Topic:  payments.raw"), std::string::npos);
  EXPECT_NE(output.find("SSL:    disabled"), std::string::npos);
  EXPECT_NE(output.find("Count:  20"), std::string::npos);
  EXPECT_EQ(CountOf(output, "[SEND] pay_"), 20u);
  EXPECT_EQ(CountOf(output, "[PRODUCER] ✅ Delivered: pay_"), 20u);
  EXPECT_NE(output.find("sent 20, delivered 20, failed 0, unknown 0"), std::string::npos);
  const AckLogSeen seen = ReadAckLog(ack_log_);
  EXPECT_EQ(seen.values.size(), 20u);
  EXPECT_EQ(std::count_if(seen.outcomes.begin(), seen.outcomes.end(), [](auto& o) { return o.second == "ok"; }), 20);
  EXPECT_NE(seen.values.at(20).find("\"rec\":\"run7.load.20\""), std::string::npos) << seen.values.at(20);
  EXPECT_EQ(Member(seen.end, "ok"), "20");
  CheckAgainstTopic();
  // Each is a payment of its own, as its key says.
  std::set<std::string> ids;
  RecordDecoder decoder;
  for (const TopicRecord& record : ReadTopic(cluster_)) {
    Payment payment;
    EXPECT_EQ(decoder.Decode(record.key, record.value, &payment), RejectReason::kNone);
    EXPECT_EQ(payment.id, record.key);
    ids.insert(payment.id);
  }
  EXPECT_EQ(ids.size(), 20u);
}

TEST_F(PaymentProducerTest, TakesTheTutorialsFlagsAndSettings) {
  Child child("payment-producer", {"-count=5", "-interval=1ms"}, output_,
              {{{"KAFKA_BROKERS", cluster_.settings().brokers}, {"KAFKA_TOPIC", "payments.raw"}}, {}});
  EXPECT_EQ(child.Wait(), 0) << child.Output();
  EXPECT_EQ(ReadTopic(cluster_).size(), 5u);
}

TEST_F(PaymentProducerTest, IsReadableWithoutUtf8) {
  Child child("payment-producer", Args({"3", "--interval", "0s"}), output_, {{{"LC_ALL", "C"}}, {}});
  EXPECT_EQ(child.Wait(), 0) << child.Output();
  const std::string output = child.Output();
  EXPECT_EQ(CountOf(output, "[PRODUCER] Delivered: pay_"), 3u) << output;
  EXPECT_TRUE(std::all_of(output.begin(), output.end(), [](char c) { return static_cast<unsigned char>(c) < 128; }));
}

TEST_F(PaymentProducerTest, FlushesOnEverySignalThatStopsIt) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    Child child("payment-producer", Args({"--count", "0", "--rate", "2000/s", "--quiet"}), output_);
    const size_t before = ReadAckLog(ack_log_).outcomes.size();
    AwaitCondition([&] { return ReadAckLog(ack_log_).outcomes.size() > before + 50; }, "acknowledged records");
    child.Signal(number);
    EXPECT_EQ(child.Wait(), 0) << child.Output();
    const AckLogSeen seen = ReadAckLog(ack_log_);
    EXPECT_EQ(seen.outcomes.size(), seen.values.size());
    EXPECT_EQ(Member(seen.end, "sent"), Member(seen.end, "ok"));
  }
  // Each run carried the numbers of the one before on.
  const AckLogSeen seen = ReadAckLog(ack_log_);
  EXPECT_EQ(seen.starts, 3);
  EXPECT_EQ(seen.values.rbegin()->first, seen.values.size());
  EXPECT_EQ(ReadTopic(cluster_).size(), seen.values.size());
  CheckAgainstTopic();
}

TEST_F(PaymentProducerTest, KilledItLeavesALogOfAllThatCanBeInTheTopic) {
  Child child("payment-producer", Args({"--count", "0", "--rate", "2000/s", "--quiet"}), output_);
  // Counted, not parsed: where parsing is slower than the producer, the log grows away from it.
  AwaitCondition([&] { return CountOf(ReadFile(ack_log_), R"("outcome":"ok")") > 200; }, "acknowledged records");
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait(), -SIGKILL);
  EXPECT_GE(ReadTopic(cluster_).size(), 200u);
  EXPECT_EQ(ReadAckLog(ack_log_).end, "");
  CheckAgainstTopic();
}

TEST_F(PaymentProducerTest, FailsWhenTheBrokerRefusesARecord) {
  rd_kafka_mock_push_request_errors(cluster_.mock(), kProduceApi, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  Child child("payment-producer", Args({"2", "--interval", "200ms"}), output_);
  EXPECT_EQ(child.Wait(), 1);
  EXPECT_NE(child.Output().find("[PRODUCER] Failed: pay_"), std::string::npos) << child.Output();
  EXPECT_NE(child.Output().find("delivered 1, failed 1, unknown 0"), std::string::npos) << child.Output();
  EXPECT_EQ(ReadAckLog(ack_log_).outcomes.at(1), "fail");
  CheckAgainstTopic();
}

TEST_F(PaymentProducerTest, NamesAFailedRecordEvenWhenQuiet) {
  rd_kafka_mock_push_request_errors(cluster_.mock(), kProduceApi, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  Child child("payment-producer", Args({"2", "--interval", "200ms", "--quiet"}), output_);
  EXPECT_EQ(child.Wait(), 1);
  EXPECT_EQ(CountOf(child.Output(), "[PRODUCER] "), 1u) << child.Output();
  EXPECT_EQ(CountOf(child.Output(), "[PRODUCER] Failed: pay_"), 1u) << child.Output();
}

TEST_F(PaymentProducerTest, CallsUnknownWhatABrokerThatIsGoneNeverAnswered) {
  Child child("payment-producer", Args({"--count", "0", "--interval", "5ms", "--flush-timeout", "100ms"}), output_);
  AwaitCondition([&] { return !ReadAckLog(ack_log_).outcomes.empty(); }, "an acknowledged record");
  cluster_.SetDown();
  const size_t sent = ReadAckLog(ack_log_).values.size();
  AwaitCondition([&] { return ReadAckLog(ack_log_).values.size() > sent + 5; }, "sends without a broker");
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 1);
  const AckLogSeen seen = ReadAckLog(ack_log_);
  EXPECT_EQ(seen.outcomes.size(), seen.values.size());
  EXPECT_EQ(seen.outcomes.rbegin()->second, "unknown");
  EXPECT_NE(child.Output().find("[PRODUCER] Unknown: pay_"), std::string::npos) << child.Output();
  cluster_.SetUp();
  CheckAgainstTopic();
}

// The second signal does not wait for outcomes that do not come, and what is known is written down all the same.
TEST_F(PaymentProducerTest, ASecondSignalStillWritesWhatIsKnown) {
  Child child("payment-producer", Args({"--count", "0", "--interval", "5ms", "--flush-timeout", "10m"}), output_);
  AwaitCondition([&] { return !ReadAckLog(ack_log_).outcomes.empty(); }, "an acknowledged record");
  cluster_.SetDown();
  const size_t sent = ReadAckLog(ack_log_).values.size();
  AwaitCondition([&] { return ReadAckLog(ack_log_).values.size() > sent + 5; }, "sends without a broker");
  child.Signal(SIGINT);
  size_t last = 0;
  int quiet_looks = 0;
  AwaitCondition(
      [&] {
        const size_t now = ReadAckLog(ack_log_).values.size();
        quiet_looks = now == last ? quiet_looks + 1 : 0;
        last = now;
        return quiet_looks >= 30;
      },
      "no more sends");
  child.Signal(SIGINT);
  EXPECT_EQ(child.Wait(), 1);
  const AckLogSeen seen = ReadAckLog(ack_log_);
  EXPECT_EQ(seen.outcomes.size(), seen.values.size());
  EXPECT_NE(child.Output().find("records still without an outcome at the second signal"), std::string::npos)
      << child.Output();
  EXPECT_NE(child.Output().find("Summary: sent "), std::string::npos);
  cluster_.SetUp();
}

TEST_F(PaymentProducerTest, StopsWhenTheLogCanNotBeWritten) {
  Child child("payment-producer", Args({"--count", "0", "--rate", "1000/s", "--quiet"}), output_, {{}, 20'000});
  EXPECT_EQ(child.Wait(), 1);
  EXPECT_NE(child.Output().find(ack_log_), std::string::npos) << child.Output();
  EXPECT_NE(child.Output().find("stopping"), std::string::npos) << child.Output();
  // A record that was not sent has an id too. (There is none when it was an outcome that could not be written.)
  EXPECT_EQ(CountOf(child.Output(), "[PRODUCER] Failed: "), CountOf(child.Output(), "[PRODUCER] Failed: pay_"));
  // The line that did not fit whole is torn, and the next run cuts it off and goes on.
  Child next("payment-producer", Args({"3", "--interval", "0s"}), output_);
  EXPECT_EQ(next.Wait(), 0) << next.Output();
  CheckAgainstTopic();
}

TEST(PaymentProducerExitTest, NoBrokerIsThree) {
  TempDir dir;
  Child child("payment-producer", {"--brokers", "127.0.0.1:1", "--connect-timeout", "200ms"}, dir / "output");
  EXPECT_EQ(child.Wait(), 3);
  EXPECT_NE(child.Output().find("no broker reached at 127.0.0.1:1 within 200ms"), std::string::npos) << child.Output();
}

TEST(PaymentProducerExitTest, WrongUsageIsTwo) {
  TempDir dir;
  const std::vector<std::vector<std::string>> wrong = {
      {"--count", "-1"},
      {"--count", "many"},
      {"--interval", "5"},
      {"--rate", "0/s"},
      {"--rate", "500"},
      {"--rate", "5/s", "--interval", "1s"},
      {"--no-such-flag"},
      {"1", "2"},
      {"--records-per-payment", "3..1"},
      {"-X", "nonsense"},
      {"-X", "no.such.thing=1"},
      {"--ack-log", dir / "no/such/folder/ack"},
      {"--ack-log", "/dev/null"},
  };
  for (const auto& args : wrong) {
    Child child("payment-producer", args, dir / "output");
    EXPECT_EQ(child.Wait(), 2) << testing::PrintToString(args) << child.Output();
  }
  for (const std::string flag : {"--help", "--version"}) {
    Child child("payment-producer", {flag}, dir / "output");
    EXPECT_EQ(child.Wait(), 0);
  }
}

TEST(AckLogTest, TheLastSequenceIsTheGreatestOfTheSends) {
  EXPECT_EQ(LastSequence(""), 0u);
  EXPECT_EQ(LastSequence("{\"type\":\"start\",\"t\":1}\n"), 0u);
  EXPECT_EQ(
      LastSequence("{\"type\":\"send\",\"t\":1,\"seq\":7,\"key\":\"k\"}\n{\"type\":\"outcome\",\"t\":1,\"seq\":9}\n"
                   "{\"type\":\"send\",\"t\":1,\"seq\":3}"),
      7u);
  EXPECT_EQ(LastSequence("{\"type\":\"send\",\"t\":1,\"seq\":"), 0u);
}

}  // namespace
}  // namespace pipeline
