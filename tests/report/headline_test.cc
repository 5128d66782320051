// A pass claims what was judged, of those of whom it was judged, and says the rest: who was not observed, what was not
// judged, what was refused or left in doubt, what is relaxed or only reported.
#include "harness/report/headline.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/report/report_testing.h"

namespace harness {
namespace {

constexpr char kAll[] = "every payment that Kafka acknowledged reached every client once, in order";

TEST(HeadlineTest, AWholePassClaimsAllOfIt) { EXPECT_EQ(Headline(GoodRun().View()), kAll); }

TEST(HeadlineTest, AClientThatIsNotObservedIsNamedAndNotClaimedOf) {
  ReportParts parts = GoodRun();
  parts.history.clients.emplace_back().name = "legacy";
  parts.history.clients.back().observed = false;
  EXPECT_EQ(Headline(parts.View()),
            "every payment that Kafka acknowledged reached every observed client once, in order (2 of 3; legacy is not "
            "observed)");
  for (int i = 0; i < 500; ++i) {
    parts.history.clients.emplace_back().name = "old-" + std::to_string(i);
    parts.history.clients.back().observed = false;
  }
  EXPECT_TRUE(
      Headline(parts.View()).ends_with("(2 of 503; legacy, old-0, old-1, old-2 and 497 more are not observed)"));
}

TEST(HeadlineTest, WhatWasNotJudgedIsNotClaimed) {
  ReportParts parts = GoodRun();
  parts.verdict.invariants[2] = Check("DUP", CheckState::kNotApplicable, "no observed client marks its connections");
  EXPECT_EQ(Headline(parts.View()),
            "every payment that Kafka acknowledged reached every client, in order; not judged: DUP (no observed client "
            "marks its connections)");
  parts.verdict.invariants[1] = Check("LOST", CheckState::kNotApplicable, "no client is observed");
  EXPECT_TRUE(Headline(parts.View()).starts_with("what this run could judge holds; not judged: LOST (no client is"));
}

TEST(HeadlineTest, ForAClientThatMarksNoConnectionsOnceAndInOrderAreNotClaimed) {
  ReportParts parts = GoodRun();
  parts.history.clients[1].marks_connections = false;
  EXPECT_EQ(Headline(parts.View()),
            std::string(kAll) + "; once and in order not judged of fast, whose log marks no connections");
  parts.history.clients[1].marks_connections = true;
  parts.history.clients[1].resume = ResumeMode::kNone;
  for (Connection& connection : parts.history.clients[0].connections) connection.has_start = true;
  EXPECT_EQ(Headline(parts.View()),
            std::string(kAll) + "; fast begins anew at each connection, so once and in order are meant within each");
}

TEST(HeadlineTest, AClientThatWasNotThereAllTheTimeIsNamed) {
  ReportParts parts = GoodRun();
  parts.history.clients[0].starts_late = true;
  parts.history.clients[1].left_ns = kBegin + kMs;
  EXPECT_EQ(Headline(parts.View()),
            std::string(kAll) + "; tutorial never joined; fast left before the end, and was judged up to there");
  parts.history.clients[0].joined_ns = kBegin + kMs;
  parts.history.clients[1].left_ns = 0;
  EXPECT_EQ(Headline(parts.View()),
            std::string(kAll) + "; tutorial joined later: what was there before came as a snapshot");
}

TEST(HeadlineTest, WhereAcknowledgementsAreNotKnownTheTopicIsWhatIsClaimed) {
  ReportParts parts = GoodRun();
  parts.history.producers[0].has_acks = false;
  EXPECT_EQ(Headline(parts.View()),
            "every payment that the topic holds reached every client once, in order; what load sent is not known");
}

TEST(HeadlineTest, SentinelsAloneAreNoAcknowledgedPayments) {
  ReportParts parts = GoodRun();
  parts.metrics.acked = 0;
  EXPECT_EQ(Headline(parts.View()), "every payment that the topic holds reached every client once, in order");
  parts.metrics.logged = 0;
  EXPECT_EQ(Headline(parts.View()), "no payment reached the topic, so nothing is said of any");
}

TEST(HeadlineTest, FailedSendsAndThoseInDoubtAreCounted) {
  ReportParts parts = GoodRun();
  parts.metrics.sent = 300;
  parts.metrics.failed = 2;
  parts.metrics.unknown = 1;
  EXPECT_EQ(Headline(parts.View()), std::string(kAll) + "; 2 of 300 sends failed; 1 of 300 sends is in doubt");
}

TEST(HeadlineTest, AFilterSaysOfWhatAClientWasOwed) {
  ReportParts parts = GoodRun();
  parts.history.clients[0].filter.provider = pipeline::Provider::kStripe;
  EXPECT_EQ(Headline(parts.View()),
            "every payment that Kafka acknowledged reached every client that asked for it once, in order");
}

TEST(HeadlineTest, RelaxedReportedAndLoadOnlyAreSaid) {
  ReportParts parts = GoodRun();
  parts.verdict.invariants.push_back(Check("LIVE", CheckState::kRelaxed, "known"));
  parts.facts.report_time_thresholds = true;
  EXPECT_EQ(Headline(parts.View()),
            std::string(kAll) + "; LIVE is violated and relaxed; times are reported, not judged");
  parts.history.audited = false;
  EXPECT_TRUE(Headline(parts.View()).ends_with("; load only; times are reported, not judged"));
  parts.verdict = LossyRun().verdict;
  EXPECT_EQ(Headline(parts.View()), "broken: LOST (2); load only; times are reported, not judged");
}

TEST(HeadlineTest, AFailureSaysAlsoWhatIsNotProved) {
  ReportParts parts = LossyRun();
  parts.verdict.invariants.push_back(Check("HARNESS_OK", CheckState::kInvalid, "a line"));
  EXPECT_EQ(Headline(parts.View()), "broken: LOST (2); not proved: HARNESS_OK");
}

}  // namespace
}  // namespace harness
