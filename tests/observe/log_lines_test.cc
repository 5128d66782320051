// What our programs write is read back member by member; the minimal lines of foreign programs are taken; and whatever
// else stands in a line is refused without harm.
#include "harness/observe/log_lines.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "client/event_log.h"
#include "common/line_file.h"
#include "harness/contract/canonical.h"
#include "payment/codec.h"
#include "producer/payment_maker.h"

namespace harness {
namespace {

// A line in memory of exactly its size and the padding, so that a sanitizer sees every byte too far.
class Padded {
 public:
  explicit Padded(std::string_view line) : size_(line.size()), bytes_(line.begin(), line.end()) {
    bytes_.resize(size_ + kLinePaddingBytes, '"');
  }
  std::string_view line() const { return {bytes_.data(), size_}; }

 private:
  size_t size_;
  std::vector<char> bytes_;
};

std::string Sealed(const std::string& object) {
  std::string line = pipeline::SealLine(object);
  line.pop_back();
  return line;
}

bool ParsesEvent(const std::string& line) {
  LogLineParser parser;
  EventLine out;
  return parser.ParseEvent(Padded(line).line(), &out);
}

bool ParsesAck(const std::string& line) {
  LogLineParser parser;
  AckLine out;
  return parser.ParseAck(Padded(line).line(), &out);
}

pipeline::Payment RandomPayment(uint64_t seed) {
  pipeline::PaymentMaker maker({.seed = seed, .rec_prefix = "run.load"});
  std::string value;
  return *maker.Make(1'700'000'000, &value).payment;
}

RC_GTEST_PROP(LogLinesProperty, ReadsTheEventsThatClientsWrite, (uint64_t seed, bool existing, uint32_t crc)) {
  pipeline::ReceivedEvent event;
  event.payment = RandomPayment(seed);
  event.payment.metadata.emplace_back("zz", *rc::gen::arbitrary<std::string>());
  // What is not UTF-8 can't be in JSON: the client writes what the wire allows.
  std::string quoted;
  pipeline::AppendJsonString(event.payment.metadata.back().second, &quoted);
  event.time_ns = *rc::gen::inRange<int64_t>(1, INT64_MAX);
  event.connection = 3;
  event.existing = existing;
  event.partition = *rc::gen::inRange<int32_t>(0, INT32_MAX);
  event.offset = *rc::gen::inRange<int64_t>(0, INT64_MAX);
  event.record_crc32c = crc;
  std::string object;
  pipeline::AppendEventEntry(event, &object);
  LogLineParser parser;
  EventLine out;
  RC_ASSERT(parser.ParseEvent(Padded(Sealed(object)).line(), &out));
  RC_ASSERT(out.type == EventLine::Type::kEvent);
  RC_ASSERT(out.time_ns == event.time_ns);
  RC_ASSERT(out.delivery.time_ns == event.time_ns);
  RC_ASSERT(out.connection_number == 3);
  RC_ASSERT(out.delivery.partition == event.partition);
  RC_ASSERT(out.delivery.offset == event.offset);
  RC_ASSERT(out.delivery.crc32c == crc);
  RC_ASSERT(out.delivery.kind == (existing ? DeliveryKind::kExisting : DeliveryKind::kNew));
  RC_ASSERT(out.delivery.id_hash == IdHash(event.payment.id));
  RC_ASSERT(out.rec_text() == "run.load.1");
  if (quoted.find("\xEF\xBF\xBD") == std::string::npos) {
    RC_ASSERT(out.payment == event.payment);
    RC_ASSERT(out.delivery.content_hash == CanonicalHash(event.payment));
  }
}

RC_GTEST_PROP(LogLinesProperty, ADamagedSealedLineIsBroken, (uint64_t seed)) {
  pipeline::ReceivedEvent event;
  event.payment = RandomPayment(seed);
  event.time_ns = 5;
  std::string object;
  pipeline::AppendEventEntry(event, &object);
  std::string line = Sealed(object);
  const auto at = *rc::gen::inRange<size_t>(0, line.size());
  const auto flip = *rc::gen::inRange(1, 256);
  line[at] = static_cast<char>(line[at] ^ flip);
  RC_ASSERT(!ParsesEvent(line));
}

RC_GTEST_PROP(LogLinesProperty, MutatedUnsealedLinesDoNoHarm, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const std::vector<std::string> lines = {
      R"({"type":"event","t":123,"conn":1,"kind":"new","p":0,"o":7,"payment":{"id":"a","amount":1.5,"metadata":{"rec":"x"}}})",
      R"({"type":"connection","t":1,"token":{"log_id":"l","partitions":[{"p":0,"after":-1,"snapshot_until":4}]}})",
      R"({"type":"send","t":1,"seq":1,"key":"k","value":"{\"id\":\"k\",\"amount\":5}"})",
      R"({"type":"outcome","t":1,"seq":1,"outcome":"ok","partition":0,"offset":3})"};
  std::string line = lines[random() % lines.size()];
  for (uint64_t i = random() % 4 + 1; i > 0; --i) {
    const size_t at = random() % line.size();
    switch (random() % 4) {
      case 0:
        line[at] = static_cast<char>(random());
        break;
      case 1:
        line.erase(at, random() % 8);
        break;
      case 2:
        line.insert(at, lines[random() % lines.size()].substr(0, random() % 20));
        break;
      default:
        line.insert(at, std::to_string(random()));
        break;
    }
    if (line.empty()) break;
  }
  ParsesEvent(line);
  ParsesAck(line);
}

TEST(LogLinesTest, TakesTheMinimalEventOfAForeignClient) {
  LogLineParser parser;
  EventLine out;
  const std::string line =
      R"({"type":"event","t":123,"p":0,"o":7,"payment":{"id":"pay_1","provider":"STRIPE","amount":1.50,"currency":"USD",)"
      R"("status":"COMPLETED","customer_email":"a@example.com","created_at":1700000000,"metadata":{"b":"2","a":"1"}}})";
  ASSERT_TRUE(parser.ParseEvent(Padded(line).line(), &out));
  pipeline::Payment payment;
  payment.id = "pay_1";
  payment.provider = pipeline::Provider::kStripe;
  payment.status = pipeline::PaymentStatus::kCompleted;
  payment.amount = {15'000, 4};
  payment.currency = "USD";
  payment.customer_email = "a@example.com";
  payment.created_at_s = 1'700'000'000;
  payment.metadata = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(out.payment, payment);
  EXPECT_EQ(out.delivery.content_hash, CanonicalHash(payment));
  EXPECT_EQ(out.delivery.kind, DeliveryKind::kUntold);
  EXPECT_EQ(out.connection_number, std::nullopt);
  EXPECT_EQ(out.delivery.crc32c, 0u);
  EXPECT_EQ(out.rec_text(), "");
}

TEST(LogLinesTest, NothingOfALineStaysForTheNext) {
  LogLineParser parser;
  EventLine out;
  ASSERT_TRUE(parser.ParseEvent(
      Padded(
          R"({"type":"event","t":1,"conn":2,"kind":"existing","p":0,"o":7,"crc32c":9,"payment":{"id":"a","provider":)"
          R"("PAYPAL","units":5,"exponent":2,"currency":"EUR","status":"FAILED","customer_email":"x","created_at":4,)"
          R"("metadata":{"rec":"r"}}})")
          .line(),
      &out));
  ASSERT_TRUE(parser.ParseEvent(Padded(R"({"type":"event","t":2,"payment":{"id":"b"}})").line(), &out));
  pipeline::Payment payment;
  payment.id = "b";
  EXPECT_EQ(out.payment, payment);
  EXPECT_EQ(out.delivery.partition, -1);
  EXPECT_EQ(out.delivery.offset, -1);
  EXPECT_EQ(out.delivery.crc32c, 0u);
  EXPECT_EQ(out.delivery.kind, DeliveryKind::kUntold);
  EXPECT_EQ(out.connection_number, std::nullopt);
}

TEST(LogLinesTest, AmountsOfForeignClientsAreExact) {
  for (const auto& [text, units, exponent] : std::vector<std::tuple<std::string, int64_t, uint32_t>>{
           {"0", 0, 0}, {"12", 12, 0}, {"12.34", 1'234, 2}, {"0.1", 1, 1}, {"1.50", 15, 1}, {"1e2", 100, 0}}) {
    LogLineParser parser;
    EventLine out;
    const std::string line = R"({"type":"event","t":1,"payment":{"id":"a","amount":)" + text + "}}";
    ASSERT_TRUE(parser.ParseEvent(Padded(line).line(), &out)) << text;
    EXPECT_EQ(out.payment.amount, (pipeline::Money{units, exponent})) << text;
  }
}

TEST(LogLinesTest, ReadsConnectionsDropsBookmarksAndEnds) {
  pipeline::StreamStarted start;
  start.time_ns = 44;
  start.connection = 2;
  start.server = "127.0.0.1:50051";
  start.server_id = "server-1";
  start.subscription = "server-1/7";
  start.has_start = start.resumed = true;
  start.token.log_id = "cluster/topic";
  start.token.partitions[3] = {.after = 9, .record_crc32c = 7, .snapshot_until = 12};
  start.token.partitions[4] = {};
  pipeline::Token sent = start.token;
  sent.partitions[3] = {.after = 8, .record_crc32c = 6, .snapshot_until = {}};
  std::string object;
  pipeline::AppendConnectionEntry(start, {}, &sent, &object);
  LogLineParser parser;
  EventLine out;
  ASSERT_TRUE(parser.ParseEvent(Padded(Sealed(object)).line(), &out));
  EXPECT_EQ(out.type, EventLine::Type::kConnection);
  EXPECT_EQ(out.connection.started_ns, 44);
  EXPECT_EQ(out.connection.server, "127.0.0.1:50051");
  EXPECT_EQ(out.connection.server_id, "server-1");
  EXPECT_EQ(out.connection.log_id, "cluster/topic");
  EXPECT_EQ(out.connection.subscription, "server-1/7");
  EXPECT_TRUE(out.connection.resumed);
  EXPECT_TRUE(out.connection.has_start);
  ASSERT_EQ(out.connection.token.size(), 2u);
  EXPECT_EQ(out.connection.token[0].partition, 3);
  EXPECT_EQ(out.connection.token[0].after, 9);
  EXPECT_EQ(out.connection.token[0].snapshot_until, 12);
  EXPECT_EQ(out.connection.token[1].after, -1);
  EXPECT_EQ(out.connection.token[1].snapshot_until, -1);
  ASSERT_EQ(out.connection.sent.size(), 2u);
  EXPECT_EQ(out.connection.sent[0].partition, 3);
  EXPECT_EQ(out.connection.sent[0].after, 8);
  EXPECT_EQ(out.connection.sent[0].snapshot_until, -1);

  object.clear();
  start.has_start = start.resumed = false;
  start.subscription = "";
  pipeline::AppendConnectionEntry(start, {}, nullptr, &object);
  ASSERT_TRUE(parser.ParseEvent(Padded(Sealed(object)).line(), &out));
  EXPECT_FALSE(out.connection.has_start);
  EXPECT_FALSE(out.connection.resumed);
  EXPECT_TRUE(out.connection.token.empty());
  EXPECT_TRUE(out.connection.sent.empty());
  EXPECT_TRUE(out.connection.subscription.empty());

  object.clear();
  pipeline::AppendEndEntry(
      {.time_ns = 50, .connection = 0, .code = 14, .message = "gone \"away\"", .gaps = {{0, 1, 2}}}, &object);
  ASSERT_TRUE(parser.ParseEvent(Padded(Sealed(object)).line(), &out));
  EXPECT_EQ(out.type, EventLine::Type::kEnd);
  EXPECT_EQ(out.connection_number, 0);
  EXPECT_EQ(out.code, 14);
  EXPECT_EQ(out.message, "gone \"away\"");
  EXPECT_TRUE(out.attempt.tells_token);  // there was none
  EXPECT_TRUE(out.attempt.sent.empty());

  object.clear();
  pipeline::StreamEnded refused{.time_ns = 55, .connection = 0, .code = 11, .message = "trimmed", .gaps = {}};
  refused.sent =
      pipeline::Token{.log_id = "c/t", .partitions = {{3, {.after = 8, .record_crc32c = {}, .snapshot_until = 9}}}};
  pipeline::AppendEndEntry(refused, &object);
  ASSERT_TRUE(parser.ParseEvent(Padded(Sealed(object)).line(), &out));
  EXPECT_TRUE(out.attempt.tells_token);
  ASSERT_EQ(out.attempt.sent.size(), 1);
  EXPECT_EQ(out.attempt.sent[0].partition, 3);
  EXPECT_EQ(out.attempt.sent[0].after, 8);
  EXPECT_EQ(out.attempt.sent[0].snapshot_until, 9);

  object.clear();
  pipeline::ReceivedEvent event;
  event.time_ns = 60;
  event.partition = 1;
  event.offset = 2;
  pipeline::AppendDropEntry(event, &object);
  ASSERT_TRUE(parser.ParseEvent(Padded(Sealed(object)).line(), &out));
  EXPECT_EQ(out.type, EventLine::Type::kDrop);
  EXPECT_EQ(out.delivery.kind, DeliveryKind::kDropped);
  EXPECT_EQ(out.delivery.partition, 1);
  EXPECT_EQ(out.delivery.offset, 2);

  object.clear();
  pipeline::AppendBookmarkEntry(70, 1, {{0, 5}}, &object);
  ASSERT_TRUE(parser.ParseEvent(Padded(Sealed(object)).line(), &out));
  EXPECT_EQ(out.type, EventLine::Type::kBookmark);
  ASSERT_EQ(out.bookmarks.size(), 1u);
  EXPECT_EQ(out.bookmarks[0].partition, 0);
  EXPECT_EQ(out.bookmarks[0].offset, 5);
  EXPECT_EQ(out.bookmarks[0].time_ns, 70);
  for (const char* positions : {R"("x")", "[[0]]", "[[0,1,2]]", "[[-1,1]]", "[[0,-2]]", R"([["0",1]])"}) {
    EXPECT_FALSE(
        ParsesEvent(Sealed(R"({"type":"bookmark","t":70,"conn":1,"positions":)" + std::string(positions) + "}")))
        << positions;
  }
}

TEST(LogLinesTest, ReadsWhatTheWireSaysBesideTheContent) {
  const auto parse = [](const std::string& members) {
    LogLineParser parser;
    EventLine out;
    EXPECT_TRUE(parser.ParseEvent(
        Padded(R"({"type":"event","t":1,"p":0,"o":0,"payment":{"id":"a",)" + members + "}}").line(), &out));
    return out;
  };
  EXPECT_EQ(parse(R"("processed_at":1700)").delivery.processed_at_s, 1700);
  EXPECT_EQ(parse(R"("units":1)").delivery.processed_at_s, kNotTold);
  EXPECT_FALSE(parse(R"("units":1999,"exponent":2,"amount":19.99)").delivery.amount_differs);
  EXPECT_TRUE(parse(R"("amount":-7.5,"units":1999,"exponent":2)").delivery.amount_differs);
  EXPECT_EQ(parse(R"("amount":-7.5,"units":1999,"exponent":2)").payment.amount, (pipeline::Money{1999, 2}));
  EXPECT_FALSE(parse(R"("amount":19.99)").delivery.amount_differs);
  EXPECT_EQ(parse(R"("amount":19.99)").payment.amount, (pipeline::Money{1999, 2}));
}

TEST(LogLinesTest, WhatIsNoEventLineIsBroken) {
  const std::string payment = R"("payment":{"id":"a"}})";
  for (const std::string& line :
       std::vector<std::string>{"",
                                "{}",
                                "null",
                                "[]",
                                "{",
                                "}",
                                std::string(1, '\0'),
                                "{\"type\":\"event\"",
                                R"({"type":"event","t":1})",
                                R"({"type":"event",)" + payment,
                                R"({"type":"event","t":"1",)" + payment,
                                R"({"type":"event","t":1.5,)" + payment,
                                R"({"type":"event","t":99999999999999999999,)" + payment,
                                R"({"type":"evnt","t":1,)" + payment,
                                R"({"t":1,)" + payment,
                                R"({"type":7,"t":1,)" + payment,
                                R"({"type":"event","t":1,"p":0,)" + payment,
                                R"({"type":"event","t":1,"o":0,)" + payment,
                                R"({"type":"event","t":1,"p":-1,"o":0,)" + payment,
                                R"({"type":"event","t":1,"p":0,"o":-1,)" + payment,
                                R"({"type":"event","t":1,"p":2147483648,"o":0,)" + payment,
                                R"({"type":"event","t":1,"crc32c":4294967296,)" + payment,
                                R"({"type":"event","t":1,"crc32c":"00000000",)" + payment,
                                R"({"type":"event","t":1,"kind":"old",)" + payment,
                                R"({"type":"event","t":1,"conn":-1,)" + payment,
                                R"({"type":"event","t":1,"payment":{}})",
                                R"({"type":"event","t":1,"payment":{"id":""}})",
                                R"({"type":"event","t":1,"payment":{"id":"a","provider":"VISA"}})",
                                R"({"type":"event","t":1,"payment":{"id":"a","status":"EXPLODED"}})",
                                R"({"type":"event","t":1,"payment":{"id":"a","processed_at":"1"}})",
                                R"({"type":"event","t":1,"payment":{"id":7}})",
                                R"({"type":"event","t":1,"payment":"a"})",
                                R"({"type":"event","t":1,"payment":{"id":"a","amount":1e308}})",
                                R"({"type":"event","t":1,"payment":{"id":"a","amount":"1"}})",
                                R"({"type":"event","t":1,"payment":{"id":"a","exponent":19}})",
                                R"({"type":"event","t":1,"payment":{"id":"a","metadata":{"a":1}}})",
                                R"({"type":"event","t":1,"payment":{"id":"a","metadata":{"a":"1","a":"2"}}})",
                                R"({"type":"drop","t":1})",
                                R"({"type":"end","t":1,"code":"x"})",
                                R"({"type":"connection","t":1,"token":7})",
                                R"({"type":"connection","t":1,"sent":[]})",
                                R"({"type":"connection","t":1,"sent":{"partitions":[{"p":0,"after":"1"}]}})",
                                R"({"type":"connection","t":1,"token":{"partitions":[{"after":1}]}})",
                                R"({"type":"connection","t":1,"token":{"partitions":[{"p":0,"after":-2}]}})",
                                "{\"type\":\"event\",\"t\":1,\"payment\":{\"id\":\"\xff\"}}",
                                R"({"type":"event","t":1,)" + payment + "trailing}"}) {
    EXPECT_FALSE(ParsesEvent(line)) << line;
  }
  EXPECT_FALSE(ParsesEvent(std::string(100'000, '{') + std::string(100'000, '}')));
  EXPECT_FALSE(ParsesEvent(R"({"type":"event","t":1,"x":)" + std::string(100'000, '[') + std::string(100'000, ']') +
                           "," + payment));
  EXPECT_FALSE(ParsesEvent("{" + std::string(kLineBytesMax, ' ') + "}"));
}

TEST(LogLinesTest, ReadsSendsAndOutcomes) {
  LogLineParser parser;
  AckLine out;
  std::string value;
  pipeline::PaymentMaker maker({.seed = 5, .rec_prefix = "run.load"});
  const pipeline::MadeRecord made = maker.Make(1'700'000'000, &value);
  std::string object = R"({"type":"send","t":77,"seq":12,"key":)";
  pipeline::AppendJsonString(made.key, &object);
  object += R"(,"value":)";
  pipeline::AppendJsonString(value, &object);
  object += R"(,"partition":3})";
  ASSERT_TRUE(parser.ParseAck(Padded(Sealed(object)).line(), &out));
  EXPECT_EQ(out.type, AckLine::Type::kSend);
  EXPECT_EQ(out.send.sequence, 12u);
  EXPECT_EQ(out.send.send.sent_ns, 77);
  EXPECT_EQ(out.send.send.planned_ns, 77);
  EXPECT_EQ(out.send.send.partition, 3);
  EXPECT_EQ(out.send.send.content_hash, CanonicalHash(*made.payment));
  EXPECT_EQ(out.send.id_hash, IdHash(made.key));
  EXPECT_TRUE(out.send.find_phase);

  ASSERT_TRUE(parser.ParseAck(Padded(R"({"type":"send","t":78,"seq":13,"key":null,"value":null})").line(), &out));
  EXPECT_EQ(out.send.send.content_hash, 0u);  // a tombstone is no payment
  EXPECT_EQ(out.send.send.partition, -1);
  EXPECT_EQ(out.send.id_hash, 0u);

  ASSERT_TRUE(parser.ParseAck(
      Padded(R"({"type":"outcome","t":79,"seq":12,"outcome":"fail","partition":3,"offset":-1,"error":"x"})").line(),
      &out));
  EXPECT_EQ(out.type, AckLine::Type::kOutcome);
  EXPECT_EQ(out.outcome.sequence, 12u);
  EXPECT_EQ(out.outcome.acked_ns, 79);
  EXPECT_EQ(out.outcome.outcome, Outcome::kFail);
  EXPECT_EQ(out.outcome.partition, 3);
  EXPECT_EQ(out.outcome.offset, -1);

  EXPECT_TRUE(ParsesAck(R"({"type":"start","t":1,"producer":""})"));
  EXPECT_TRUE(ParsesAck(R"({"type":"end","t":1,"sent":1,"ok":1,"failed":0,"unknown":0})"));
  for (const char* line :
       {R"({"type":"send","t":1,"seq":1,"key":"k"})", R"({"type":"send","t":1,"key":"k","value":"{}"})",
        R"({"type":"send","t":1,"seq":0,"key":"k","value":"{}"})", R"({"type":"send","seq":1,"key":"k","value":"{}"})",
        R"({"type":"send","t":1,"seq":1,"key":"k","value":{}})", R"({"type":"outcome","t":1,"seq":1})",
        R"({"type":"outcome","t":1,"seq":1,"outcome":"OK"})", R"({"type":"outcome","t":1,"outcome":"ok"})",
        R"({"type":"outcome","t":1,"seq":1,"outcome":"ok","offset":-2})", R"({"type":"sent","t":1,"seq":1})"}) {
    EXPECT_FALSE(ParsesAck(line)) << line;
  }
}

// What a foreign client leaves out: whether a stream was resumed its token says, which token it sent nobody.
TEST(LogLinesTest, WhatAForeignClientDoesNotSayOfItsRequests) {
  LogLineParser parser;
  EventLine out;
  const auto parse = [&](const std::string& line) { return parser.ParseEvent(Padded(line).line(), &out); };
  const std::string at = R"(,"token":{"log_id":"l","partitions":[{"p":0,"after":)";
  ASSERT_TRUE(parse(R"({"type":"connection","t":1,"conn":1)" + at + "4}]}}"));
  EXPECT_FALSE(out.connection.resumed);  // the first one
  ASSERT_TRUE(parse(R"({"type":"connection","t":1,"conn":2)" + at + "4}]}}"));
  EXPECT_TRUE(out.connection.resumed);
  ASSERT_TRUE(parse(R"({"type":"connection","t":1,"conn":2)" + at + "-1}]}}"));
  EXPECT_FALSE(out.connection.resumed);
  ASSERT_TRUE(parse(R"({"type":"connection","t":1,"conn":2,"resumed":false)" + at + "4}]}}"));
  EXPECT_FALSE(out.connection.resumed);
  ASSERT_TRUE(parse(R"({"type":"connection","t":1,"conn":2,"live_only":true)" + at + "4}]}}"));
  EXPECT_FALSE(out.connection.resumed);
  EXPECT_TRUE(out.connection.live_only);
  ASSERT_TRUE(parse(R"({"type":"end","t":1,"conn":0,"code":11})"));
  EXPECT_FALSE(out.attempt.tells_token);
  ASSERT_TRUE(parse(R"({"type":"end","t":1,"conn":0,"code":11,"resumed":true})"));
  EXPECT_FALSE(out.attempt.tells_token);  // one was, and nobody knows which
  EXPECT_FALSE(parse(R"({"type":"end","t":1,"conn":0,"code":11,"sent":[]})"));
}

}  // namespace
}  // namespace harness
