// LIVE in both directions: silences count only where something had to be heard, a sentinel must come, and nobody may
// die unasked.
#include "harness/verify/live.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/verify/silence.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using pipeline::Provider;
using Names = std::set<std::string>;

// R1 of a client with the default reconnect delay: 5 s + 2 * 3 s.
constexpr int64_t kSettle = 11 * kSecond;

// Load for `load_ns`, a delivered record at its beginning and one a second before `quiet_from_ns` (both from the load's
// begin); then a record that reaches the topic and is heard `quiet_ns` later.
Story Quiet(int64_t quiet_from_ns, int64_t quiet_ns) {
  Story story;
  const int64_t begin_ns = story.now_ns;
  story.Write(0);
  story.Deliver(0, 0, 0);
  story.now_ns = begin_ns + quiet_from_ns - 4 * kMillisecond;
  story.Write(0);
  story.Deliver(0, 0, 1);
  story.Write(0);
  story.now_ns += quiet_ns;
  story.Deliver(0, 0, 2);
  story.now_ns += kSecond;
  return story;
}

TEST(LiveTest, ASilenceLongerThanTheLimitIsOne) {
  Story story = Quiet(kSettle + kSecond, 5 * kSecond + 10 * kMillisecond);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"LIVE"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LIVE").violations.at(0).offset, 2);
  EXPECT_EQ(Of(verdict, "LIVE").violations.at(0).causes, kDeliveryHops);
  // Time thresholds can be reported instead.
  const Verdict reported = story.Judged({.report_time_thresholds = true});
  EXPECT_EQ(reported.exit_code, 0);
  EXPECT_NE(Of(reported, "LIVE").reason.find("reported, not judged"), std::string::npos);
}

TEST(LiveTest, AShorterOneIsNot) {
  Story story = Quiet(kSettle + kSecond, 5 * kSecond - 10 * kMillisecond);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(LiveTest, ASilenceBeforeTheClientHadTimeToConnectIsNot) {
  Story story = Quiet(kSecond, kSettle + 3 * kSecond);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(LiveTest, WhereThereIsNothingToSayNothingIsSilent) {
  Story story = Quiet(kSettle + kSecond, kMillisecond);
  story.history.clients[0].filter.provider = Provider::kStripe;
  story.Write(0, {.provider = Provider::kPaypal});  // not for this client
  story.Tick(20 * kSecond);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(LiveTest, ARecordThatTheAuditSawLateIsNoSilence) {
  Story story = Quiet(kSettle + kSecond, kMillisecond);
  story.LogAt(0, 2)->seen_ns = story.history.clients[0].deliveries.back().time_ns + kMillisecond;
  story.Tick(20 * kSecond);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(LiveTest, WithoutLoadOrServerOrClientOrInAFaultSilenceDoesNotCount) {
  const auto quiet = [] { return Quiet(kSettle + kSecond, 20 * kSecond); };
  Story no_load = quiet();
  no_load.history.phases[0].offers_load = false;
  Story no_server = quiet();
  no_server.history.processes[0].ended_ns = no_server.history.load_begin_ns + kSettle;
  no_server.history.processes[0].ended_by_fault = true;
  Story paused_server = quiet();
  paused_server.AddFault("pause", "server-1", paused_server.history.load_begin_ns + kSettle, 0);
  Story paused_client = quiet();
  paused_client.AddFault("pause", "watcher", paused_client.history.load_begin_ns + kSettle, 0);
  Story broker = quiet();
  broker.AddFault("leaderless", "partition-0", broker.history.load_begin_ns + kSettle, 0);
  for (Story* story : {&no_load, &no_server, &paused_server, &paused_client, &broker}) {
    story->End();
    EXPECT_TRUE(Violated(story->Judged()).empty()) << Sentences(story->Judged());
  }
  // A fault at a producer or at another client touches nobody else.
  Story other = quiet();
  other.AddFault("pause", "shop", other.history.load_begin_ns + kSettle, 0);
  other.End();
  EXPECT_EQ(Violated(other.Judged()), Names{"LIVE"});
}

TEST(LiveTest, AfterARestartTheClientHasItsTimeAgain) {
  const auto restarted = [](int64_t heal_after_ns) {
    Story story = Quiet(kSettle + kSecond, kSettle + 7 * kSecond);
    ProcessSpan& server = story.history.processes[0];
    server.ended_by_fault = true;
    server.ended_ns = story.history.load_begin_ns + kSettle + kSecond;
    const int64_t healed_ns = server.ended_ns + heal_after_ns;
    const int64_t struck_ns = server.ended_ns;
    story.AddProcess("server-1", healed_ns);
    story.AddFault("kill", "server-1", struck_ns, healed_ns);
    story.End();
    return story.Judged();
  };
  EXPECT_TRUE(Violated(restarted(3 * kSecond)).empty());   // 4 s beyond R1
  EXPECT_EQ(Violated(restarted(kSecond)), Names{"LIVE"});  // 6 s beyond R1
}

TEST(LiveTest, AServerThatIsNotInTheClientsListDoesNotHelp) {
  Story story = Quiet(kSettle + kSecond, 20 * kSecond);
  story.scenario.servers.emplace_back().name = "server-2";
  story.history.clients[0].servers = {"server-2"};
  story.End();
  EXPECT_TRUE(Violated(story.Judged()).empty()) << Sentences(story.Judged());
  story.AddProcess("server-2", story.history.load_begin_ns);
  EXPECT_EQ(Violated(story.Judged()), Names{"LIVE"});
}

TEST(LiveTest, AnAbsentSentinelListsWhatIsMissing) {
  Story story(2);
  for (int i = 0; i < 12; ++i) story.Write(1);
  story.Write(0);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 1, 0);
  story.End({0});
  story.Deliver(0, 0, 1);
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"LIVE"}) << Sentences(verdict);
  const CheckResult live = Of(verdict, "LIVE");
  EXPECT_EQ(live.violation_count, 1);
  EXPECT_EQ(live.violations.at(0).partition, 1);
  EXPECT_EQ(live.violations.at(0).offset, 1);
  EXPECT_NE(live.violations.at(0).sentence.find("watcher had not got the closing record (sentinel) of partition 1 when "
                                                "the drain ended; 11 records are missing there, the first partition 1 "
                                                "offset 1 ("),
            std::string::npos)
      << live.violations.at(0).sentence;
}

TEST(LiveTest, AClientThatLacksManyPartitionsIsOneViolation) {
  Story story(12, {"left", "right"});
  for (int32_t p = 0; p < 12; ++p) {
    for (int i = 0; i < 20; ++i) story.Write(p);
  }
  story.Write(11);
  story.End({0, 1});
  const CheckResult live = Of(story.Judged(), "LIVE");
  ASSERT_EQ(live.violation_count, 2);
  EXPECT_EQ(live.violations[0].client, "left");
  EXPECT_EQ(live.violations[1].client, "right");
  const std::string& sentence = live.violations[0].sentence;
  EXPECT_NE(
      sentence.find("of partitions 0, 1, 2, 3, 4, 5, 6, 7 and 4 more when the drain ended; 241 records are missing "
                    "there, the first partition 0 offset 0 ("),
      std::string::npos)
      << sentence;
  EXPECT_LT(sentence.size(), 500u);
}

TEST(LiveTest, WhoIsToBlameForAnAbsentSentinel) {
  const auto absent = [](const std::function<void(Story*)>& change) {
    Story story;
    story.Write(0);
    story.Deliver(0, 0, 0);
    story.End({0});
    change(&story);
    return Of(story.Judged(), "LIVE").violations.at(0).causes;
  };
  EXPECT_EQ(absent([](Story*) {}), kDeliveryHops);
  EXPECT_EQ(absent([](Story* story) {
              story->history.processes[0].ended_ns = story->now_ns;
              story->history.processes[0].ended_by_fault = true;
            }),
            Cause::kServer);
  EXPECT_EQ(absent([](Story* story) {
              story->history.processes[2].ended_ns = story->now_ns;
              story->history.processes[2].ended_by_fault = true;
            }),
            Cause::kClient);
}

TEST(LiveTest, WithoutTheAuditTheRunnersWordCounts) {
  Story story;
  story.Write(0);
  story.Deliver(0, 0, 0);
  story.End({0});
  story.history.audited = false;
  EXPECT_EQ(Violated(story.Judged()), Names{"LIVE"});
  story.history.drained = true;
  EXPECT_TRUE(Violated(story.Judged()).empty());
}

// Load is what was sent: a freeze counts though no phase offers anything, because a program sends all the while.
TEST(LiveTest, AProcessProducersLoadIsLoad) {
  for (const bool tells_sends : {true, false}) {
    for (const int64_t freeze_ns : {9 * kSecond, 3 * kSecond}) {
      Story story;
      story.history.phases[0].offers_load = false;
      if (!tells_sends) story.history.producers[1].has_acks = false;
      std::vector<int64_t> held;
      int64_t frozen_ns = 0;
      for (int i = 0; i < 60; ++i) {
        held.push_back(story.Write(0, {.producer = 1}));
        story.Tick(kSecond / 2);
        if (i == 30) frozen_ns = story.now_ns;
        if (frozen_ns != 0 && story.now_ns < frozen_ns + freeze_ns) continue;
        for (const int64_t offset : held) story.Deliver(0, 0, offset);
        held.clear();
      }
      if (!tells_sends) story.history.producers[1].sends.clear();
      story.End();
      EXPECT_EQ(Violated(story.Judged()).contains("LIVE"), freeze_ns > 5 * kSecond) << Sentences(story.Judged());
    }
  }
}

// A program that was asked to end, and crashed or had to be killed, is its own violation.
TEST(LiveTest, HowAProgramEndsThatIsAskedToIsItsOwn) {
  for (const auto& [name, cause] : {std::pair("server-1", Cause::kServer), {"watcher", Cause::kClient}}) {
    Story story;
    story.Write(0);
    story.Deliver(0, 0, 0);
    story.End();
    const auto span = std::find_if(story.history.processes.begin(), story.history.processes.end(),
                                   [&, wanted = std::string(name)](const auto& one) { return one.name == wanted; });
    span->ended_ns = story.Tick();
    span->ended_by_harness = true;
    span->how = "signal 6 (Aborted)";
    EXPECT_TRUE(Violated(story.Judged()).empty()) << Sentences(story.Judged());
    span->bad_end = "it ended by signal 6 (Aborted); allowed: exit 0";
    const Verdict verdict = story.Judged();
    EXPECT_EQ(Violated(verdict), Names{"LIVE"});
    EXPECT_EQ(Of(verdict, "LIVE").violations.at(0).causes, cause);
    EXPECT_NE(Of(verdict, "LIVE").violations.at(0).sentence.find("was asked to end"), std::string::npos);
  }
}

// A client that leaves before the drain is judged by what it had until then: no sentinel is owed, and no record that it
// had passed may be missing.
TEST(LiveTest, AClientThatLeavesOwesNoSentinelAndStillMayNotLose) {
  for (const bool loses : {false, true}) {
    Story story(1, {"watcher", "guest"});
    for (int i = 0; i < 4; ++i) story.Write(0);
    story.DeliverFrom(0, 0, 0);
    for (const int64_t offset : {0, 1, 2}) {
      if (!loses || offset != 1) story.Deliver(1, 0, offset);
    }
    story.history.clients[1].left_ns = story.Tick();
    story.Break(1, 1);
    story.Write(0);
    story.Deliver(0, 0, 4);
    story.End({1});
    const Verdict verdict = story.Judged();
    EXPECT_EQ(Violated(verdict).contains("LOST"), loses) << Sentences(verdict);
    EXPECT_FALSE(Violated(verdict).contains("LIVE")) << Sentences(verdict);
  }
}

// What a consumer group's first assignment, or its session time-out, looks like is said, of foreign servers.
TEST(LiveTest, AServerThatTakesNothingForAWhileIsNamedWithTheTimes) {
  for (const bool foreign : {true, false}) {
    Story story;
    if (foreign) story.scenario.servers[0].command = {"go-server"};
    for (int i = 0; i < 4; ++i) story.Write(0);
    story.Tick(8 * kSecond);
    story.DeliverFrom(0, 0, 0);
    story.End();
    const std::string reason = Of(story.Judged(), "LIVE").reason;
    EXPECT_EQ(reason.find("server-1 took no record from 0.000 s on until 8.0") != std::string::npos, foreign) << reason;
    EXPECT_EQ(reason.find("45 s") != std::string::npos, foreign) << reason;
  }
}

}  // namespace
}  // namespace harness
