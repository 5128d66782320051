// UNARY_AGREE in both directions: what was received is found, equal or newer; a traversal has every payment once, as
// the fold says; and what nobody answered is not judged.
#include "harness/verify/unary_agree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verify/fold.h"
#include "tests/verify/mutation_testing.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using pipeline::PaymentStatus;
using ::testing::HasSubstr;

constexpr uint8_t kNotFound = 5;
constexpr uint8_t kUnavailable = 14;

// Three payments, of which the first has a record that wins over its first: offsets 0 (pending), 1, 2, 3 (completed).
class UnaryAgreeTest : public ::testing::Test {
 protected:
  UnaryAgreeTest() {
    story_.history.probed = {{"server-1", "127.0.0.1:1"}};
    story_.history.clients[0].connections[0].server = "127.0.0.1:1";
    story_.Deliver(0, 0, story_.Write(0, {.id = 71, .status = PaymentStatus::kPending}));
    story_.Deliver(0, 0, story_.Write(0, {.id = 72}));
    story_.Deliver(0, 0, story_.Write(0, {.id = 73}));
    story_.Deliver(0, 0, story_.Write(0, {.id = 71, .status = PaymentStatus::kCompleted}));
  }
  // GetPayment of the payment of `seen`, answered with the content of `answered`.
  UnaryRead* Read(int64_t seen, int64_t answered) {
    UnaryRead& read = story_.history.reads.emplace_back();
    read.asked_ns = story_.Tick();
    read.answered_ns = story_.Tick();
    read.id_hash = story_.LogAt(0, seen)->id_hash;
    read.content_hash = story_.LogAt(0, answered)->content_hash;
    read.partition = 0;
    read.offset = seen;
    return &read;
  }
  // A whole traversal that lists the records at `offsets`.
  ListWalk* Walk(const std::vector<int64_t>& offsets) {
    ListWalk& walk = story_.history.walks.emplace_back();
    walk.begin_ns = story_.Tick();
    walk.end_ns = story_.Tick();
    walk.whole = true;
    for (const int64_t offset : offsets) {
      walk.payments.push_back({story_.LogAt(0, offset)->id_hash, story_.LogAt(0, offset)->content_hash});
    }
    return &walk;
  }
  CheckResult Judged() const { return Of(story_.Judged(), "UNARY_AGREE"); }
  void ExpectOne(const std::string& part) {
    const CheckResult result = Judged();
    EXPECT_EQ(result.violation_count, 1) << Sentences(story_.Judged());
    ASSERT_FALSE(result.violations.empty());
    EXPECT_THAT(result.violations[0].sentence, HasSubstr(part));
    EXPECT_EQ(result.violations[0].causes, Cause::kServer);
  }

  Story story_;
};

TEST_F(UnaryAgreeTest, TheSameRecordOrANewerOneIsRight) {
  Read(0, 0);
  Read(0, 3);
  Read(3, 3)->min_position = true;
  EXPECT_EQ(Judged().state, CheckState::kPass);
  EXPECT_EQ(Judged().judged, 3);
}

TEST_F(UnaryAgreeTest, AnOlderRecordIsStale) {
  Read(3, 0);
  ExpectOne("GetPayment on server-1, asked");
  ExpectOne("answered with the older record at partition 0 offset 0");
}

TEST_F(UnaryAgreeTest, WhatWasReceivedHasToBeFound) {
  UnaryRead* read = Read(1, 1);
  read->code = kNotFound;
  read->min_position = true;
  ExpectOne("GetPayment on server-1 with that position, asked");
  ExpectOne("did not find it");
  read->code = kUnavailable;
  EXPECT_EQ(Judged().state, CheckState::kNotApplicable);
  EXPECT_THAT(Judged().reason, HasSubstr("1 call was not answered"));
}

TEST_F(UnaryAgreeTest, AnotherPaymentsContentIsNone) {
  Read(1, 2);
  ExpectOne("a content that no record of it has");
}

TEST_F(UnaryAgreeTest, ATraversalUnderLoadHasWhatWasStreamedBeforeIt) {
  Walk({3, 1, 2});
  EXPECT_EQ(Judged().state, CheckState::kPass);
  const ListWalk* walk = Walk({0, 1, 2});
  ExpectOne("lists payment");
  ExpectOne("as the older record at partition 0 offset 0");
  // What was streamed since is its matter no more.
  story_.history.walks.back().begin_ns = story_.history.clients[0].deliveries[3].time_ns;
  EXPECT_EQ(Judged().state, CheckState::kPass) << walk->begin_ns;
}

TEST_F(UnaryAgreeTest, ATraversalThatSkipsOrRepeatsIsWrong) {
  ListWalk* walk = Walk({3, 2});
  ExpectOne("lacks payment");
  walk->whole = false;  // cut short: only what it shows counts
  EXPECT_EQ(Judged().state, CheckState::kPass);
  *walk = ListWalk();
  story_.history.walks.clear();
  Walk({3, 1, 2, 1});
  ExpectOne("twice");
}

// What the topic no longer holds a server may have let go of, or have kept.
TEST_F(UnaryAgreeTest, WhatWasTrimmedNeedNotBeThere) {
  Read(1, 1)->code = kNotFound;
  Walk({3, 2});
  Walk({3, 2})->quiet = true;
  EXPECT_EQ(Judged().violation_count, 3);
  story_.history.partitions[0].low_watermark = 2;
  EXPECT_EQ(Judged().violation_count, 0) << Sentences(story_.Judged());
  Read(1, 1);
  Walk({3, 1, 2});
  Walk({3, 1, 2})->quiet = true;
  EXPECT_EQ(Judged().violation_count, 0) << "it was kept: " << Sentences(story_.Judged());
  Walk({3, 2, 2});
  ExpectOne("twice");
}

// The state that has left was the one that won.
TEST_F(UnaryAgreeTest, AfterTrimmingWhatIsLeftIsTheLeastThatIsAnswered) {
  story_.Deliver(0, 0, story_.Write(0, {.id = 71, .status = PaymentStatus::kPending}));
  story_.Deliver(0, 0, story_.Write(0, {.id = 71, .status = PaymentStatus::kFailed}));
  story_.history.partitions[0].low_watermark = 4;
  Read(3, 4);
  Walk({4});
  EXPECT_EQ(Judged().violation_count, 1) << "there is a newer one of those that are left";
}

// Its place is that of the first record that the topic holds: it may be passed twice.
TEST_F(UnaryAgreeTest, APaymentWhosePlaceMovedMayComeTwice) {
  Walk({3, 1, 2, 3});
  ExpectOne("twice");
  story_.history.partitions[0].low_watermark = 1;
  EXPECT_EQ(Judged().violation_count, 0) << Sentences(story_.Judged());
}

TEST_F(UnaryAgreeTest, AnEventThatTheTopicDoesNotHaveShowsNothing) {
  Walk({3, 1, 2});
  Delivery phantom = story_.history.clients[0].deliveries.front();
  phantom.offset += 1'000'000;
  story_.history.clients[0].deliveries.insert(story_.history.clients[0].deliveries.begin(), phantom);
  story_.Write(0);  // behind the traversal, and below the phantom
  EXPECT_EQ(Judged().violation_count, 0) << Sentences(story_.Judged());
}

TEST_F(UnaryAgreeTest, AnotherServersStreamsObligeNobody) {
  story_.history.probed.push_back({"server-2", "127.0.0.1:2"});
  Walk({})->server = 1;
  EXPECT_EQ(Judged().violation_count, 0);
  story_.history.walks[0].server = 0;
  EXPECT_EQ(Judged().violation_count, 3);
}

TEST_F(UnaryAgreeTest, AfterTheDrainATraversalIsTheFold) {
  ListWalk* walk = Walk({3, 1, 2});
  walk->quiet = true;
  EXPECT_EQ(Judged().state, CheckState::kPass);
  walk->payments.push_back({4711, 1});
  ExpectOne("which the topic does not have");
}

TEST_F(UnaryAgreeTest, NobodyAskedNothingJudged) {
  EXPECT_EQ(Judged().state, CheckState::kNotApplicable);
  Read(1, 1);
  story_.history.audited = false;
  EXPECT_EQ(Judged().state, CheckState::kNotApplicable);
}

// The same over the model: the fold as a traversal is silent; one payment less, or an older record, speaks.
RC_GTEST_PROP(UnaryAgreeProperty, TheFoldIsSilentAndAnyChangeSpeaks, ()) {
  ModelRun run = MakeRun(FullPlan());
  const LogIndex log(run.history);
  std::vector<int64_t> ends;
  ends.reserve(run.history.partitions.size());
  for (const PartitionLog& partition : run.history.partitions) ends.push_back(partition.end_offset);
  ListWalk walk;
  walk.quiet = walk.whole = true;
  std::vector<LogPlace> listed;
  for (const LogPlace place : Fold(log, ends)) {
    if (place == kNoPlace) continue;
    listed.push_back(place);
    walk.payments.push_back({log.record(place).id_hash, log.record(place).content_hash});
  }
  RC_PRE(!listed.empty());
  run.history.probed = {{"server-1", "127.0.0.1:1"}};
  run.history.walks = {walk};
  RC_ASSERT(Violated(Judge(run.history, run.scenario)) == Names());
  const auto at = *rc::gen::inRange<size_t>(0, listed.size());
  auto& payments = run.history.walks[0].payments;
  if (*rc::gen::arbitrary<bool>()) {
    payments.erase(payments.begin() + static_cast<std::ptrdiff_t>(at));
  } else {
    payments[at].content_hash ^= 1;
  }
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_ASSERT(Violated(verdict) == Names{"UNARY_AGREE"});
  RC_ASSERT(Of(verdict, "UNARY_AGREE").violations.at(0).id_hash == log.record(listed[at]).id_hash);
}

constexpr uint8_t kDeadlineExceeded = 4;
constexpr uint8_t kUnimplemented = 12;
constexpr uint8_t kInternal = 13;

// A server that has long been ready.
class UnaryErrorTest : public UnaryAgreeTest {
 protected:
  UnaryErrorTest() {
    story_.history.processes[0].ready_ns = story_.now_ns;
    story_.Tick(10 * kSecond);
  }
};

TEST_F(UnaryErrorTest, AnErrorOfAReadyServerIsWrong) {
  Read(1, 1)->code = kInternal;
  ExpectOne("failed with code 13 while the server was ready");
}

TEST_F(UnaryErrorTest, AServerIsGivenTimeBehindItsReadinessAndAFault) {
  UnaryRead* read = Read(1, 1);
  read->code = kUnavailable;
  EXPECT_EQ(Judged().violation_count, 1);
  story_.history.processes[0].ready_ns = read->asked_ns - kSecond;
  EXPECT_EQ(Judged().violation_count, 0);
  story_.history.processes[0].ready_ns = read->asked_ns - 10 * kSecond;
  story_.AddFault("stall", "server-1", read->asked_ns - 5 * kSecond, read->asked_ns - kSecond);
  EXPECT_EQ(Judged().violation_count, 0);
  story_.history.faults[0].target = "watcher";  // a client's fault is no excuse of the server's
  EXPECT_EQ(Judged().violation_count, 1);
}

TEST_F(UnaryErrorTest, UnderLoadAnAnswerMayBeLate) {
  UnaryRead* read = Read(1, 1);
  read->code = kDeadlineExceeded;
  EXPECT_EQ(Judged().violation_count, 0);
  read->quiet = true;
  ExpectOne("failed with code 4");
}

TEST_F(UnaryErrorTest, AfterTheDrainThereIsNoExcuse) {
  ListWalk* walk = Walk({});
  walk->whole = false;
  walk->quiet = true;
  walk->code = kUnavailable;
  story_.AddFault("stall", "server-1", walk->begin_ns - kMillisecond, walk->end_ns);
  ExpectOne("ListPayments of server-1, asked");
  walk->cut = true;  // the harness gave up
  EXPECT_EQ(Judged().violation_count, 0);
}

TEST_F(UnaryAgreeTest, AfterTheDrainTheCountIsThatOfTheList) {
  ListWalk* walk = Walk({3, 1, 2});
  walk->total_count = 7;  // more may match by now
  EXPECT_EQ(Judged().violation_count, 0);
  walk->quiet = true;
  ExpectOne("lists 3 payments and says that there are 7");
  walk->total_count = 3;
  EXPECT_EQ(Judged().violation_count, 0);
}

TEST_F(UnaryErrorTest, ACallThatAServerDoesNotHaveIsNotJudged) {
  Read(1, 1)->code = kUnimplemented;
  EXPECT_EQ(Judged().violation_count, 0);
  Read(1, 1);
  ExpectOne("failed with code 12");
}

TEST_F(UnaryAgreeTest, TheFieldsBesideTheContentAreRight) {
  for (LogRecord& record : story_.history.partitions[0].records) record.processed_at_s = 1'700;
  Read(1, 1)->processed_at_s = 1'700;
  Walk({3, 1, 2})->payments[0].processed_at_s = 1'700;
  EXPECT_EQ(Judged().violation_count, 0) << Sentences(story_.Judged());
  story_.history.reads[0].processed_at_s = 1'701;
  ExpectOne("answered with processed_at 1701 where the record's timestamp is 1700");
  story_.history.reads[0].processed_at_s = kNotTold;
  story_.history.walks[0].payments[1].amount_differs = true;
  ExpectOne("with an `amount` that is not the nearest double");
}

}  // namespace
}  // namespace harness
