// A raw value becomes exactly the payment that it describes, or the reason why not; the decoder agrees with another
// JSON library about what is JSON, whatever happens to the bytes.
#include "payment/record_decoder.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "payment/codec.h"

namespace pipeline {
namespace {

struct Decoded {
  RejectReason reason = RejectReason::kNone;
  Payment payment;
};

Decoded Decode(std::string_view value, std::string_view key = "key") {
  RecordDecoder decoder;
  Decoded decoded;
  decoded.reason = decoder.Decode(key, value, &decoded.payment);
  return decoded;
}

std::string ReasonFor(std::string_view value) { return std::string(RejectReasonName(Decode(value).reason)); }

// A good record with one more member at its end.
std::string With(const std::string& member) {
  return R"({"id":"pay_1","provider":"paypal","amount":1,"currency":"usd","status":"paid",)"
         R"("customer_email":"a@example.com","timestamp":5,)" +
         member + "}";
}

TEST(RecordDecoder, ReadsTheTutorialsSample) {
  const Decoded decoded =
      Decode(R"({"id":"pay_abc123","provider":"stripe","amount":150.00,"currency":"usd","status":"succeeded",)"
             R"("customer_email":"a@example.com","metadata":{"b":"2","a":"1"},"timestamp":1706700000})");
  ASSERT_EQ(decoded.reason, RejectReason::kNone);
  const Payment& payment = decoded.payment;
  EXPECT_EQ(payment.id, "pay_abc123");
  EXPECT_EQ(payment.provider, Provider::kStripe);
  EXPECT_EQ(payment.status, PaymentStatus::kCompleted);
  EXPECT_EQ(payment.amount.units, 15000);
  EXPECT_EQ(payment.amount.exponent, 4U);
  EXPECT_EQ(payment.currency, "USD");
  EXPECT_EQ(payment.customer_email, "a@example.com");
  EXPECT_EQ(payment.created_at_s, 1706700000);
  EXPECT_EQ(payment.metadata, (std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "2"}}));
}

TEST(RecordDecoder, TakesMinorUnitsFromStripeAlone) {
  const auto amount = [](const char* provider, const char* text, const char* currency) {
    std::string json;
    AppendRawJson({"p", provider, text, currency, "paid", "", 0}, {}, &json);
    return Display(Decode(json).payment.amount, Decode(json).payment.currency);
  };
  EXPECT_EQ(amount("stripe", "150.00", "usd"), "$1.50 USD");
  EXPECT_EQ(amount("razorpay", "1500.00", "inr"), "₹1500.00 INR");
  EXPECT_EQ(amount("paypal", "12.3", "eur"), "€12.30 EUR");
  EXPECT_EQ(amount("stripe", "500", "jpy"), "¥500 JPY");
  EXPECT_EQ(amount("stripe", "1500", "kwd"), "1.500 KWD");
  EXPECT_EQ(amount("stripe", "150", "xts"), "1.50 XTS");
  EXPECT_EQ(amount("stripe", "150000", "ugx"), "1500 UGX");  // hundredths at Stripe, though it has no minor unit
  EXPECT_EQ(amount("stripe", "150000", "isk"), "1500 ISK");
  EXPECT_EQ(amount("stripe", "1500", "mga"), "1500.00 MGA");  // and the other way round
  EXPECT_EQ(amount("razorpay", "1500", "ugx"), "1500 UGX");
  EXPECT_EQ(amount("square", "150", "usd"), "$150.00 USD");
}

TEST(RecordDecoder, FindsTheCurrencyWhereverItStands) {
  EXPECT_EQ(Decode(R"({"currency":"jpy","amount":5,"id":"p","provider":"stripe"})").payment.amount, (Money{5, 0}));
  EXPECT_EQ(Decode(R"({"amount":5,"id":"p","provider":"stripe","currency":"jpy"})").payment.amount, (Money{5, 0}));
}

TEST(RecordDecoder, NeedsNothingButIdAndAmount) {
  const Decoded decoded = Decode(R"( { "amount" : 1e2 , "id" : "p" } )");
  ASSERT_EQ(decoded.reason, RejectReason::kNone);
  EXPECT_EQ(decoded.payment.amount, (Money{100, 0}));
  EXPECT_EQ(decoded.payment.provider, Provider::kUnknown);
  EXPECT_EQ(decoded.payment.status, PaymentStatus::kUnknown);
  EXPECT_TRUE(decoded.payment.currency.empty());
  EXPECT_TRUE(decoded.payment.metadata.empty());
}

TEST(RecordDecoder, TakesNullForAbsent) {
  EXPECT_EQ(ReasonFor(R"({"id":null,"amount":1})"), "no_id");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":null})"), "bad_amount");
  const Decoded decoded = Decode(R"({"id":"p","amount":1,"provider":null,"currency":null,"status":null,)"
                                 R"("customer_email":null,"metadata":null,"timestamp":null})");
  EXPECT_EQ(decoded.reason, RejectReason::kNone);
}

TEST(RecordDecoder, LeavesNothingOfTheRecordBefore) {
  RecordDecoder decoder;
  Payment payment;
  const std::string first = With(R"("metadata":{"a":"1","b":"2"})");
  ASSERT_EQ(decoder.Decode("", first, &payment), RejectReason::kNone);
  ASSERT_EQ(decoder.Decode("", R"({"id":"q","amount":2})", &payment), RejectReason::kNone);
  EXPECT_EQ(payment, Decode(R"({"id":"q","amount":2})").payment);
}

TEST(RecordDecoder, IgnoresUnknownMembersButNotTheirSyntax) {
  EXPECT_EQ(ReasonFor(With(R"("x":[1,{"a":[]},"s",true,false,null,-1.5e+300,1e999])")), "none");
  EXPECT_EQ(ReasonFor(With(R"("x":tru)")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":nul)")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":falsey)")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":[1,])")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":[1 2])")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":{"a"})")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":01)")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":NaN)")), "not_json");
  EXPECT_EQ(ReasonFor(With(R"("x":"\q")")), "not_json");
  EXPECT_EQ(ReasonFor(With("\"x\":\"a\tb\"")), "not_json");
}

TEST(RecordDecoder, SaysWhyAValueIsRejected) {
  EXPECT_EQ(ReasonFor(""), "tombstone");
  EXPECT_EQ(ReasonFor(" "), "not_json");
  EXPECT_EQ(ReasonFor("hello"), "not_json");
  EXPECT_EQ(ReasonFor("[]"), "not_json");
  EXPECT_EQ(ReasonFor("null"), "not_json");
  EXPECT_EQ(ReasonFor("{"), "not_json");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":1)"), "not_json");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":1}})"), "not_json");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":1} {"id":"p","amount":1})"), "not_json");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":1,})"), "not_json");
  EXPECT_EQ(ReasonFor(std::string("{\"id\":\"p\",\"amount\":1}\0", 22)), "not_json");
  EXPECT_EQ(ReasonFor("{\"id\":\"\xff\",\"amount\":1}"), "not_utf8");
  EXPECT_EQ(ReasonFor("\xff\xfe"), "not_utf8");
  EXPECT_EQ(ReasonFor(R"({"amount":1})"), "no_id");
  EXPECT_EQ(ReasonFor(R"({"id":"","amount":1})"), "no_id");
  EXPECT_EQ(ReasonFor(R"({"id":7,"amount":1})"), "no_id");
  EXPECT_EQ(ReasonFor(R"({"id":"p"})"), "bad_amount");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":{}})"), "bad_amount");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":NaN})"), "not_json");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":1e308})"), "bad_amount");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":1e-30})"), "bad_amount");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":9223372036854775808})"), "bad_amount");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":-0.01})"), "negative_amount");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":-0})"), "none");
  for (const char* member : {"provider", "currency", "status", "customer_email", "metadata"}) {
    EXPECT_EQ(ReasonFor(With("\"" + std::string(member) + "\":7")), "bad_field") << member;
    EXPECT_EQ(ReasonFor(With("\"" + std::string(member) + "\":[7]")), "bad_field") << member;
  }
  EXPECT_EQ(ReasonFor(With(R"("timestamp":"yesterday")")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("timestamp":"")")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("timestamp":[])")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("timestamp":1e30)")), "bad_field");
}

TEST(RecordDecoder, TellsTheFirstReasonOfItsList) {
  EXPECT_EQ(ReasonFor(R"({"status":7,"amount":-1,"id":""})"), "no_id");
  EXPECT_EQ(ReasonFor(R"({"status":7,"amount":-1,"id":"p"})"), "negative_amount");
  EXPECT_EQ(ReasonFor(R"({"status":7,"amount":-1,"id":"p")"), "not_json");
}

TEST(RecordDecoder, TakesATombstoneForWhatItIs) {
  RecordDecoder decoder;
  Payment payment;
  EXPECT_EQ(decoder.Decode("key", std::nullopt, &payment), RejectReason::kTombstone);
}

TEST(RecordDecoder, ReadsWholeSecondsFromAnyNumber) {
  const auto seconds = [](const std::string& text) {
    return Decode(With("\"timestamp\":" + text)).payment.created_at_s;
  };
  EXPECT_EQ(seconds("1706700000"), 1706700000);
  EXPECT_EQ(seconds("1706700000.999"), 1706700000);
  EXPECT_EQ(seconds("1.7067e9"), 1706700000);
  EXPECT_EQ(seconds("-1"), -1);
  EXPECT_EQ(seconds("-0.5"), -1);
  EXPECT_EQ(seconds("-2.0"), -2);
  EXPECT_EQ(seconds("1706700000.12345678901234567890"), 1706700000);
  EXPECT_EQ(seconds("1e-30"), 0);
  EXPECT_EQ(seconds("-1e-30"), -1);
  EXPECT_EQ(seconds("0.0000000017067e18"), 1706700000);
  EXPECT_EQ(seconds("9223372036854775807.5"), 9'223'372'036);  // nanoseconds: see timestamp_test
  EXPECT_EQ(seconds("-9223372036854775808"), -9'223'372'037);
  EXPECT_EQ(seconds("1769853600123"), 1769853600);
  EXPECT_EQ(seconds("1.769853600123e12"), 1769853600);
  EXPECT_EQ(seconds("1769853600123456"), 1769853600);
  EXPECT_EQ(seconds("\"1769853600\""), 1769853600);
  EXPECT_EQ(seconds("\"2026-01-31T10:00:00.123Z\""), 1769853600);
  EXPECT_EQ(ReasonFor(With("\"timestamp\":-9223372036854775808.5")), "bad_field");
  EXPECT_EQ(ReasonFor(With("\"timestamp\":9223372036854775808")), "bad_field");
}

TEST(RecordDecoder, MetadataScalarsAreTheirText) {
  const Decoded decoded = Decode(With(R"("metadata":{"n": 1.50 ,"t":true,"f":false,"z":null,"e":"","big":1e999})"));
  ASSERT_EQ(decoded.reason, RejectReason::kNone);
  EXPECT_EQ(decoded.payment.metadata, (std::vector<std::pair<std::string, std::string>>{
                                          {"big", "1e999"}, {"e", ""}, {"f", "false"}, {"n", "1.50"}, {"t", "true"}}));
  EXPECT_EQ(ReasonFor(With(R"("metadata":{"a":{}})")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("metadata":{"a":[1]})")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("metadata":{"a":tru})")), "not_json");
}

// The rule: of a member that stands several times the last one counts, alone, as it does for Go, Node and Python.
TEST(RecordDecoder, TakesTheLastOfSeveralMembersWithOneName) {
  EXPECT_EQ(Decode(R"({"id":"a","amount":1,"id":"b","amount":2})").payment.id, "b");
  EXPECT_EQ(Decode(R"({"id":"a","amount":1,"id":"b","amount":2})").payment.amount, (Money{2, 0}));
  EXPECT_EQ(ReasonFor(R"({"id":7,"amount":"x","status":[],"id":"b","amount":2,"status":"paid"})"), "none");
  EXPECT_EQ(ReasonFor(R"({"id":"b","amount":2,"id":7})"), "no_id");
  EXPECT_EQ(ReasonFor(With(R"("timestamp":"x","timestamp":6)")), "none");
  EXPECT_EQ(ReasonFor(R"({"id":7,"id":"\u0069","amount":1,"\u0061mount":-2})"), "negative_amount");
}

TEST(RecordDecoder, TakesTheLastOfSeveralMetadataKeys) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(Decode(With(R"("metadata":{"b":"1","a":"x","b":"2","a":"y","b":"3"})")).payment.metadata,
            (Pairs{{"a", "y"}, {"b", "3"}}));
  EXPECT_EQ(Decode(With(R"("metadata":{"a":"1","b":"2","a":null})")).payment.metadata, (Pairs{{"b", "2"}}));
  EXPECT_EQ(Decode(With(R"("metadata":{"a":{},"a":"1"})")).payment.metadata, (Pairs{{"a", "1"}}));
  EXPECT_EQ(ReasonFor(With(R"("metadata":{"a":"1","a":{}})")), "bad_field");
  EXPECT_EQ(Decode(With(R"("metadata":{"a":"1"},"metadata":{"b":"2"})")).payment.metadata, (Pairs{{"b", "2"}}));
}

TEST(RecordDecoder, DecodesEscapes) {
  EXPECT_EQ(Decode(R"({"id":"\u0061\n\"\\\/\ud83d\ude00","amount":1})").payment.id, "a\n\"\\/😀");
  EXPECT_EQ(Decode(R"({"id":"a\u0000b","amount":1})").payment.id, std::string("a\0b", 3));
}

// JavaScript writes what is left of a text that was cut within an emoji as half a pair.
TEST(RecordDecoder, MendsHalfASurrogatePairInATextButNotInAnId) {
  struct Half {
    std::string json;
    std::string text;
  };
  const std::vector<Half> halves = {{R"(\ud83d)", "\uFFFD"},
                                    {R"(\uDC00)", "\uFFFD"},
                                    {R"(\ud83dx)", "\uFFFDx"},
                                    {R"(\ud83d\u0061)", "\uFFFDa"},
                                    {R"(\ud83d\n)", "\uFFFD\n"},
                                    {R"(\ude00\ud83d)", "\uFFFD\uFFFD"},
                                    {R"(\ud83d\ud83d\ude00)", "\uFFFD😀"},
                                    {R"(\\\"\/\b\f\r\té\ud83d)", "\\\"/\b\f\r\té\uFFFD"}};
  for (const auto& [json, text] : halves) {
    EXPECT_EQ(Decode(With(R"("customer_email":"a)" + json + "\"")).payment.customer_email, "a" + text) << json;
    EXPECT_EQ(Decode(With(R"("metadata":{"k)" + json + R"(":")" + json + "z\"}")).payment.metadata,
              (std::vector<std::pair<std::string, std::string>>{{"k" + text, text + "z"}}))
        << json;
    EXPECT_EQ(ReasonFor(With("\"x\":[{\"" + json + "\":[\"" + json + "\"]}]")), "none") << json;
    EXPECT_EQ(ReasonFor(R"({"amount":1,"id":"a)" + json + "\"}"), "no_id") << json;
    EXPECT_EQ(ReasonFor(R"({"id":"a)" + json + R"(","amount":1,"id":"p"})"), "none") << json;
  }
  for (const char* wrong : {R"(\ud83d\q)", R"(\ud83)", R"(\ud83d\u00)", R"(\ud83d\u00g0)", R"(\ud83d\u+061)"}) {
    EXPECT_EQ(ReasonFor(With(R"("customer_email":")" + std::string(wrong) + "\"")), "not_json") << wrong;
  }
  // The same as bytes is no UTF-8.
  EXPECT_EQ(ReasonFor(With("\"customer_email\":\"\xED\xA0\xBD\"")), "not_utf8");
}

TEST(RecordDecoder, SkipsOneByteOrderMark) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(Decode(mark + R"({"id":"p","amount":1})").payment.id, "p");
  EXPECT_EQ(ReasonFor(mark + mark + R"({"id":"p","amount":1})"), "not_json");
  EXPECT_EQ(ReasonFor(" " + mark + R"({"id":"p","amount":1})"), "not_json");
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":1})" + mark), "not_json");
  EXPECT_EQ(ReasonFor(mark), "not_json");
  EXPECT_EQ(ReasonFor(mark + "\xff"), "not_utf8");
}

TEST(RecordDecoder, TakesAnEmptyArrayForNoMetadata) {
  EXPECT_EQ(ReasonFor(With(R"("metadata":[])")), "none");
  EXPECT_EQ(Decode(With(R"("metadata":{"a":"1"},"metadata":[ ])")).payment.metadata.size(), 0U);
  EXPECT_EQ(ReasonFor(With(R"("metadata":[null])")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("metadata":[[]])")), "bad_field");
  EXPECT_EQ(ReasonFor(With(R"("metadata":{"a":[]})")), "bad_field");
}

// PayPal's own form of an amount is a string. The text of a number is as exact as a number.
TEST(RecordDecoder, TakesTheTextOfANumberForAnAmount) {
  EXPECT_EQ(Decode(R"({"id":"p","provider":"paypal","amount":"12.50"})").payment.amount, (Money{1250, 2}));
  EXPECT_EQ(Decode(R"({"id":"p","provider":"stripe","currency":"usd","amount":"1250"})").payment.amount,
            (Money{1250, 2}));
  EXPECT_EQ(ReasonFor(R"({"id":"p","amount":"-1"})"), "negative_amount");
  for (const char* text : {"", " 1", "1 ", "1,234.50", "$1", "007", ".5", "1.", "+1", "Infinity", "0x10", "1 USD"}) {
    EXPECT_EQ(ReasonFor(R"({"id":"p","amount":")" + std::string(text) + "\"}"), "bad_amount") << text;
  }
}

// A currency or provider that is not recognised would change what Stripe's number means.
TEST(RecordDecoder, CutsWhiteSpaceAroundWords) {
  const Decoded decoded =
      Decode(R"({"id":" p ","provider":" Stripe\n","amount":500,"currency":"\tjpy ","status":" paid "})");
  ASSERT_EQ(decoded.reason, RejectReason::kNone);
  EXPECT_EQ(decoded.payment.id, " p ");
  EXPECT_EQ(decoded.payment.provider, Provider::kStripe);
  EXPECT_EQ(decoded.payment.status, PaymentStatus::kCompleted);
  EXPECT_EQ(decoded.payment.currency, "JPY");
  EXPECT_EQ(decoded.payment.amount, (Money{500, 0}));
  EXPECT_EQ(Decode(R"({"id":"p","amount":1,"currency":" \r\n"})").payment.currency, "");
  EXPECT_EQ(Decode(R"({"id":"p","amount":1,"currency":"gold bar"})").payment.currency, "GOLD BAR");
}

// The record's own object is level 1; 64 levels are taken, 65 are not.
TEST(RecordDecoder, LimitsNesting) {
  const auto nested = [](const std::string& member, size_t levels, const char* open, const char* close) {
    std::string text = "\"" + member + "\":";
    for (size_t i = 0; i < levels; ++i) text += open;
    text += "1";
    for (size_t i = 0; i < levels; ++i) text += close;
    return With(text);
  };
  EXPECT_EQ(ReasonFor(nested("x", 63, "[", "]")), "none");
  EXPECT_EQ(ReasonFor(nested("x", 64, "[", "]")), "not_json");
  EXPECT_EQ(ReasonFor(nested("x", 63, "{\"a\":", "}")), "none");
  EXPECT_EQ(ReasonFor(nested("x", 64, "{\"a\":", "}")), "not_json");
  EXPECT_EQ(ReasonFor(nested("metadata", 63, "{\"a\":", "}")), "bad_field");
  EXPECT_EQ(ReasonFor(nested("metadata", 64, "{\"a\":", "}")), "not_json");
  EXPECT_EQ(ReasonFor(nested("status", 64, "[", "]")), "not_json");
  EXPECT_EQ(ReasonFor(nested("x", 100'000, "[", "]")), "not_json");
  EXPECT_EQ(ReasonFor(std::string(1'000'000, '[')), "not_json");
}

TEST(RecordDecoder, LimitsKeyAndValueTogether) {
  const std::string shell = R"({"amount":1,"id":""})";
  std::string value = shell;
  value.insert(value.size() - 2, std::string(static_cast<size_t>(kRecordBytesMax) - shell.size() - 3, 'x'));
  RecordDecoder decoder;
  Payment payment;
  EXPECT_EQ(decoder.Decode("abc", value, &payment), RejectReason::kNone);
  EXPECT_EQ(payment.id.size(), value.size() - shell.size());
  EXPECT_EQ(decoder.Decode("abcd", value, &payment), RejectReason::kOversized);
  EXPECT_EQ(decoder.Decode("", std::string(4'000'000, '{'), &payment), RejectReason::kOversized);
  EXPECT_EQ(decoder.Decode("k", shell, &payment), RejectReason::kNoId);
  EXPECT_EQ(decoder.Decode("k", R"({"amount":1,"id":"p"})", &payment), RejectReason::kNone);
}

// Many short metadata entries are where the wire form is longest in comparison; even so an event stays below the 4 MiB
// that a client receives by default.
TEST(RecordDecoder, NothingItTakesOutgrowsTheWire) {
  std::string value = R"({"id":"p","amount":1,"metadata":{)";
  for (uint32_t i = 0; static_cast<int64_t>(value.size()) < kRecordBytesMax - 20; ++i) {
    std::string key;
    for (uint32_t rest = i; rest > 0 || key.empty(); rest /= 90) key += static_cast<char>('#' + rest % 90);
    if (key.find('\\') == std::string::npos) value += "\"" + key + "\":1,";
  }
  value.back() = '}';
  value += '}';
  const Decoded decoded = Decode(value, "");
  ASSERT_EQ(decoded.reason, RejectReason::kNone);
  ASSERT_GT(decoded.payment.metadata.size(), 300'000U);
  std::string bytes;
  AppendSerialized(decoded.payment, INT64_MAX, &bytes);
  EXPECT_GT(bytes.size(), value.size());
  EXPECT_LT(bytes.size(), size_t{4} * 1024 * 1024 - 1024);
}

TEST(RejectReasonName, IsInSnakeCase) {
  EXPECT_EQ(RejectReasonName(RejectReason::kNone), "none");
  EXPECT_EQ(RejectReasonName(RejectReason::kNotUtf8), "not_utf8");
  EXPECT_EQ(RejectReasonName(static_cast<RejectReason>(kRejectReasonCount - 1)), "wrong_key");
}

}  // namespace
}  // namespace pipeline
