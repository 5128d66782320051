// Bytes that are no request are refused with what is wrong with them.
#include "server/calls/request_check.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace pipeline {
namespace {

const google::protobuf::Descriptor& List() { return *::payment::ListPaymentsRequest::descriptor(); }

// A message with one field of bytes, as protobuf writes it.
std::string Field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + std::string(1, static_cast<char>(bytes.size())) + bytes;
}

TEST(WhyNotParsedTest, NamesTheTextThatIsNotUtf8) {
  ::payment::ListPaymentsRequest ignored;
  const std::string cursor = Field(4, "a\xff");
  ASSERT_FALSE(ignored.ParseFromString(cursor));
  EXPECT_EQ(WhyNotParsed(List(), cursor), "cursor is not UTF-8");
  EXPECT_EQ(WhyNotParsed(List(), Field(4, "z\xc3\xa4hler") + Field(5, Field(1, "\xc3"))), "resume.log_id is not UTF-8");
}

TEST(WhyNotParsedTest, NamesTheMessageWhenItIsSomethingElse) {
  EXPECT_EQ(WhyNotParsed(List(), "\x22\x7f"), "the request is not a ListPaymentsRequest") << "cut off";
  EXPECT_EQ(WhyNotParsed(List(), ""), "the request is not a ListPaymentsRequest");
}

// Whatever a client sends: an answer, and one that is UTF-8 itself.
RC_GTEST_PROP(WhyNotParsedProperty, TakesAnyBytes, (const std::string& bytes)) {
  const std::string why = WhyNotParsed(List(), bytes);
  RC_ASSERT(why.ends_with(" is not UTF-8") || why == "the request is not a ListPaymentsRequest");
}

}  // namespace
}  // namespace pipeline
