// The harness's reader follows docs/formats.md, "Records of the topic", word for word.
#include "harness/contract/record_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/contract/two_readings.h"

namespace harness {
namespace {

using pipeline::RejectReason;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Read {
  RejectReason reason = RejectReason::kNone;
  pipeline::Payment payment;
};

Read ReadValue(std::string_view value) {
  RecordReader reader;
  Read read;
  read.reason = reader.Read("", value, &read.payment);
  return read;
}

std::string ReasonFor(std::string_view value) {
  return std::string(pipeline::RejectReasonName(ReadValue(value).reason));
}

std::string With(const std::string& member) { return R"({"id":"p","amount":1,)" + member + "}"; }

TEST(RecordReaderTest, ReadsTheSampleOfTheFormat) {
  const Read read = ReadValue(
      R"({"id": "pay_abc123", "provider": "stripe", "amount": 150.00, "currency": "usd", "status": "completed",)"
      R"( "customer_email": "a@example.com", "metadata": {"order": "7", "n": 1.50, "t": true, "z": null},)"
      R"( "timestamp": 1769853600.7})");
  ASSERT_EQ(read.reason, RejectReason::kNone);
  EXPECT_EQ(read.payment.id, "pay_abc123");
  EXPECT_EQ(read.payment.provider, pipeline::Provider::kStripe);
  EXPECT_EQ(read.payment.amount, (pipeline::Money{15, 1}));
  EXPECT_EQ(read.payment.currency, "USD");
  EXPECT_EQ(read.payment.status, pipeline::PaymentStatus::kCompleted);
  EXPECT_EQ(read.payment.customer_email, "a@example.com");
  EXPECT_EQ(read.payment.created_at_s, 1769853600);
  EXPECT_EQ(read.payment.metadata, (Pairs{{"n", "1.50"}, {"order", "7"}, {"t", "true"}}));
}

TEST(RecordReaderTest, SaysTheFirstReasonOfTheList) {
  EXPECT_EQ(ReasonFor(""), "tombstone");
  EXPECT_EQ(ReasonFor("\"\xff"), "not_utf8");
  EXPECT_EQ(ReasonFor("{\"id\":\"\xed\xa0\x80\",\"amount\":1}"), "not_utf8");
  for (const char* text :
       {" ", "[]", "null", "7", "{", R"({"id":"p","amount":1}})", R"({"id":"p","amount":1,})",
        R"({"id":"p","amount":01})", R"({"id":"p","amount":1} x)", "{\"id\":\"a\tb\",\"amount\":1}",
        R"({"id":"p","amount":1,"x":"\ud83d\q"})", "\xEF\xBB\xBF\xEF\xBB\xBF{\"id\":\"p\",\"amount\":1}"}) {
    EXPECT_EQ(ReasonFor(text), "not_json") << text;
  }
  EXPECT_EQ(ReasonFor(std::string("{\"id\":\"p\",\"amount\":1}\0", 22)), "not_json");
  EXPECT_EQ(ReasonFor(R"({"status":7,"amount":-1,"id":""})"), "no_id");
  EXPECT_EQ(ReasonFor(R"({"status":7,"amount":"many","id":"p"})"), "bad_amount");
  EXPECT_EQ(ReasonFor(R"({"status":7,"amount":-1,"id":"p"})"), "negative_amount");
  EXPECT_EQ(ReasonFor(With(R"("status":7)")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("metadata":{"a":[1]})")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("metadata":[null])")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("metadata":[[]])")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("metadata":"")")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("timestamp":"yesterday")")), "bad_field");
  EXPECT_EQ(ReasonFor(R"({"id":"\ud83d","amount":1})"), "no_id");
}

TEST(RecordReaderTest, KeepsWhatPeopleSend) {
  EXPECT_EQ(ReadValue("\xEF\xBB\xBF{\"id\":\"p\",\"amount\":1}").payment.id, "p");
  EXPECT_EQ(ReadValue(With(R"("customer_email":"\ud83dx\ude00\ud83d\ude00\\ud83d")")).payment.customer_email,
            "\uFFFDx\uFFFD😀\\ud83d");
  EXPECT_EQ(ReadValue(With(R"("metadata":{"\udc00":"\ud83d"},"x":1e999)")).payment.metadata,
            (Pairs{{"\uFFFD", "\uFFFD"}}));
  EXPECT_EQ(ReasonFor(R"({"id":"\ud83d","id":"p","amount":1,"x":"\ud83d"})"), "none");
  EXPECT_EQ(ReasonFor(R"({"id":"\ufffd","amount":1,"x":"\ud83d"})"), "none");
  EXPECT_EQ(ReasonFor(With(R"("metadata":[ ])")), "none");
  EXPECT_EQ(ReadValue(With(R"("metadata":{"a":"1"},"metadata":[])")).payment.metadata, Pairs{});
  EXPECT_EQ(ReadValue(With(R"("amount":"12.50")")).payment.amount, (pipeline::Money{125, 1}));
  const Read read = ReadValue(With(R"("provider":" Stripe\n","currency":"\tjpy ","status":" paid ","amount":500)"));
  EXPECT_EQ(read.payment.currency, "JPY");
  EXPECT_EQ(read.payment.status, pipeline::PaymentStatus::kCompleted);
  EXPECT_EQ(read.payment.amount, (pipeline::Money{500, 0}));
}

TEST(RecordReaderTest, NumbersThatNoDoubleHoldsAreJson) {
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":1e999})"), "bad_amount");
  const Read read = ReadValue(With(R"("x":[-1e999],"metadata":{"big":1e999,"s":"1e999","m":-0},"timestamp":5)"));
  ASSERT_EQ(read.reason, RejectReason::kNone);
  EXPECT_EQ(read.payment.metadata, (Pairs{{"big", "1e999"}, {"m", "-0"}, {"s", "1e999"}}));
  EXPECT_EQ(read.payment.created_at_s, 5);
  EXPECT_EQ(ReasonFor(With(R"("x":1e999,"y":1e)")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":1e999,"y":01e5)")), "not_json");
}

TEST(RecordReaderTest, OfSeveralMembersWithOneNameTheLastCounts) {
  EXPECT_EQ(ReadValue(R"({"id":"a","amount":1,"id":"b","amount":2})").payment.id, "b");
  EXPECT_EQ(ReasonFor(R"({"id":"b","amount":2,"id":7})"), "no_id");
  EXPECT_EQ(ReasonFor(R"({"id":7,"status":[],"amount":1,"id":"b","status":"paid"})"), "none");
  EXPECT_EQ(ReadValue(With(R"("metadata":{"a":{},"b":"1","a":"2"})")).payment.metadata,
            (Pairs{{"a", "2"}, {"b", "1"}}));
  EXPECT_EQ(ReadValue(With(R"("metadata":{"a":"1"},"metadata":null)")).payment.metadata, Pairs{});
}

TEST(RecordReaderTest, LimitsDepthAndSize) {
  const auto nested = [](int levels) {
    return With("\"x\":" + std::string(static_cast<size_t>(levels), '[') +
                std::string(static_cast<size_t>(levels), ']'));
  };
  EXPECT_EQ(ReasonFor(nested(63)), "none");
  EXPECT_EQ(ReasonFor(nested(64)), "not_json");
  RecordReader reader;
  pipeline::Payment payment;
  const std::string value =
      With("\"x\":\"" + std::string((size_t{3} << 20) - With("\"x\":\"\"").size() - 1, 'x') + "\"");
  EXPECT_EQ(reader.Read("k", value, &payment), RejectReason::kNone);
  EXPECT_EQ(reader.Read("kk", value, &payment), RejectReason::kOversized);
  EXPECT_EQ(reader.Read("k", std::nullopt, &payment), RejectReason::kTombstone);
}

// So that what is rejected can be named.
TEST(RecordReaderTest, KeepsTheMetadataOfARejectedRecord) {
  const Read read = ReadValue(R"({"id":"p","amount":-1,"metadata":{"rec":"r.load.7","x":[]}})");
  EXPECT_EQ(read.reason, RejectReason::kNegativeAmount);
  EXPECT_EQ(read.payment.metadata, (Pairs{{"rec", "r.load.7"}}));
  EXPECT_TRUE(ReadValue("garbage").payment.metadata.empty());
}

TEST(RecordReaderTest, LeavesNothingOfTheRecordBefore) {
  RecordReader reader;
  pipeline::Payment payment;
  ASSERT_EQ(reader.Read("", With(R"("currency":"usd","metadata":{"a":"1"},"timestamp":7,"status":"paid")"), &payment),
            RejectReason::kNone);
  ASSERT_EQ(reader.Read("", R"({"id":"q","amount":2})", &payment), RejectReason::kNone);
  EXPECT_EQ(payment, ReadValue(R"({"id":"q","amount":2})").payment);
}

// What the two readings once said differently, or could.
TEST(TwoReadingsTest, SayTheSame) {
  for (const std::string& value : {With(R"("provider":"stripe","currency":"ugx")"),
                                   With(R"("provider":"stripe","currency":"isk")"),
                                   With(R"("timestamp":1706700000.12345678901234567)"),
                                   With(R"("timestamp":1e-30)"),
                                   With(R"("timestamp":-1e-30)"),
                                   With(R"("timestamp":-9223372036854775808.5)"),
                                   std::string("\xEF\xBB\xBF{\"id\":\"p\",\"amount\":1}"),
                                   With("\"x\":\"\xff\""),
                                   std::string("\xEF\xBB\xBF\xEF\xBB\xBF{\"id\":\"p\",\"amount\":1}"),
                                   std::string("\xEF\xBB\xBF"),
                                   With(R"("timestamp":253402300800)"),
                                   With(R"("timestamp":-62167219201)"),
                                   With(R"("metadata":[1])"),
                                   With(R"("metadata":[],"metadata":{"a":"1"})"),
                                   With(R"("currency":" \u000b\f")"),
                                   With(R"("id":"\udfff")"),
                                   std::string(R"({"id":"p","amount":-9223372036854775808})"),
                                   std::string(R"({"id":"p","amount":-9223372036854775809})"),
                                   std::string(R"({"id":"p","amount":-0.0})"),
                                   std::string(R"({"id":"p","amount":100000000000000000000e-20})"),
                                   With(R"("\u0069d":"q")"),
                                   With(R"("metadata":{"":"","\u0000":"x","a":-0,"b":1E5})"),
                                   std::string(R"({"id":"p","amount":1)")}) {
    EXPECT_EQ(DifferenceOfReadings("k", value), "") << value;
  }
}

}  // namespace
}  // namespace harness
