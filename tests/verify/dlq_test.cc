// DLQ in both directions: each rejected record is a dead letter once and unchanged, and no other is one.
#include "harness/verify/dlq.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

// Offsets 1 and 3 were rejected, and are dead letters.
Story Good() {
  Story story;
  for (int i = 0; i < 5; ++i) story.Write(0);
  for (const int64_t offset : {1, 3}) {
    LogRecord* record = story.LogAt(0, offset);
    record->content_hash = story.SendAt(0, offset)->content_hash = 0;
    record->valid = false;
    record->rec = Rec{};  // from here on it is nobody's
    record->crc32c = static_cast<uint32_t>(100 + offset);
    story.history.dead_letters.push_back({offset, offset * 10, 0, 0, record->crc32c});
  }
  for (const int64_t offset : {0, 2, 4}) story.Deliver(0, 0, offset);
  story.End();
  story.history.dead_letters_read = true;
  story.scenario.expect.dead_letters = true;
  return story;
}

void ExpectViolated(const Story& story, const std::string& sentence) {
  const CheckResult result = Of(story.Judged(), "DLQ");
  EXPECT_EQ(result.state, CheckState::kViolated);
  ASSERT_EQ(result.violation_count, 1);
  EXPECT_EQ(result.violations[0].causes, Cause::kServer);
  EXPECT_THAT(result.violations[0].sentence, HasSubstr(sentence));
}

TEST(DlqTest, EachRejectedRecordOnce) {
  const Verdict verdict = Good().Judged();
  EXPECT_EQ(verdict.exit_code, 0) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "DLQ").state, CheckState::kPass);
  EXPECT_EQ(Of(verdict, "DLQ").judged, 4);
}

TEST(DlqTest, OneThatIsMissing) {
  Story story = Good();
  story.history.dead_letters.pop_back();
  ExpectViolated(story, "partition 0 offset 3");
}

TEST(DlqTest, OneThatIsThereAgain) {
  Story story = Good();
  story.history.dead_letters.push_back(story.history.dead_letters.back());
  story.history.dead_letters.back().letter_offset = 77;
  ExpectViolated(story, "again, at partition 0 offset 77");
}

TEST(DlqTest, OneThatIsChanged) {
  Story story = Good();
  ++story.history.dead_letters.back().record_crc32c;
  ExpectViolated(story, "with another key or value");
}

TEST(DlqTest, AValidPayment) {
  Story story = Good();
  story.history.dead_letters.push_back({2, 30, 0, 0, 1});
  ExpectViolated(story, "and a valid payment");
}

TEST(DlqTest, OneOfNoRecord) {
  for (const int64_t offset : {int64_t{1000}, int64_t{-1}}) {
    Story story = Good();
    story.history.dead_letters.push_back({offset, 30, 0, 0, 1});
    ExpectViolated(story, "is of no record that the log holds");
  }
}

TEST(DlqTest, NotApplicableWhereNobodyAskedOrNothingWasRead) {
  Story story = Good();
  story.history.dead_letters.clear();
  story.history.dead_letters_read = false;
  EXPECT_EQ(Of(story.Judged(), "DLQ").state, CheckState::kNotApplicable);
  story = Good();
  story.history.dead_letters.clear();
  story.scenario.expect.dead_letters = false;
  EXPECT_EQ(Of(story.Judged(), "DLQ").state, CheckState::kNotApplicable);
}

}  // namespace
}  // namespace harness
