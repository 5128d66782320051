// What is written as JSON reads back as the same text with another JSON library, whatever bytes it is made of.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "payment/codec.h"
#include "tests/payment/payment_testing.h"

namespace pipeline {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

TEST(AppendJsonString, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(Quoted(""), "\"\"");
  EXPECT_EQ(Quoted("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
  EXPECT_EQ(Quoted("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
  EXPECT_EQ(Quoted(std::string("\x00\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(Quoted("₹😀"), "\"₹😀\"");
}

// Expected values: Unicode standard, section 3.9, "U+FFFD substitution of maximal subparts", tables 3-8 and 3-11.
TEST(AppendJsonString, ReplacesEachMaximalInvalidPart) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(Quoted("\xff"), "\"" + mark + "\"");
  EXPECT_EQ(Quoted("a\x80z"), "\"a" + mark + "z\"");
  EXPECT_EQ(Quoted("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\"" + mark + mark + mark + mark + mark + mark + mark + mark + "A\"");
  EXPECT_EQ(Quoted("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\"" + mark + mark + mark + mark + "A\"");
  EXPECT_EQ(Quoted("\xED\xA0\x80"), "\"" + mark + mark + mark + "\"");  // a surrogate
  EXPECT_EQ(Quoted("\xF4\x90\x80\x80"), "\"" + mark + mark + mark + mark + "\"");
  EXPECT_EQ(Quoted("\xE2\x82"), "\"" + mark + "\"");
}

RC_GTEST_PROP(AppendJsonString, ReadsBackAsTheText, ()) {
  const std::string text = *Utf8Text();
  RC_ASSERT(nlohmann::json::parse(Quoted(text)).get<std::string>() == text);
}

RC_GTEST_PROP(AppendJsonString, IsValidJsonForAnyBytes, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  // nlohmann_json, told to replace, takes the same sequences for invalid ones.
  const std::string expected = nlohmann::json(bytes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  RC_ASSERT(nlohmann::json::parse(Quoted(bytes)) == nlohmann::json::parse(expected));
}

TEST(AppendRawJson, IsTheTopicsForm) {
  const RawPayment raw{"pay_1", "stripe", "150.00", "usd", "succeeded", "a@example.com", 1706700000};
  std::string out = ">";
  AppendRawJson(raw, {{"rec", "r.p.1"}, {"a", "b"}}, &out);
  EXPECT_EQ(out, R"(>{"id":"pay_1","provider":"stripe","amount":150.00,"currency":"usd","status":"succeeded",)"
                 R"("customer_email":"a@example.com","metadata":{"rec":"r.p.1","a":"b"},"timestamp":1706700000})");
}

RC_GTEST_PROP(AppendRawJson, ReadsBackAsItsFields, ()) {
  const std::string id = *Utf8Text();
  const std::string email = *Utf8Text();
  const auto metadata = *AnyMetadata();
  const int64_t timestamp_s = *Int64();
  std::string out;
  AppendRawJson({id, "paypal", "12.50", "eur", "paid", email, timestamp_s}, metadata, &out);
  const nlohmann::json json = nlohmann::json::parse(out);
  RC_ASSERT(json.at("id") == id);
  RC_ASSERT(json.at("customer_email") == email);
  RC_ASSERT(json.at("timestamp") == timestamp_s);
  RC_ASSERT(json.at("metadata").size() == metadata.size());
  for (const auto& [key, value] : metadata) RC_ASSERT(json.at("metadata").at(key) == value);
}

}  // namespace
}  // namespace pipeline
