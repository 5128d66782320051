// ZOMBIE in both directions: a stream that lives on when its client has gone on with another one is a zombie, once the
// server has had its time to notice; one that ends in time, dies with its process, or is the client's own, is none.
#include "harness/verify/zombie.h"

#include <gtest/gtest.h>

#include "tests/verify/server_story.h"

namespace harness {
namespace {

using Names = std::set<std::string>;
const int64_t kSettle = JudgeOptions().zombie_settle_ns;

// The client has gone on with a second connection, and `after_ns` later the server still writes to the first stream.
ServerStory WrittenAfter(int64_t after_ns) {
  ServerStory story;
  story.Write(0);
  story.ServerSends(0, 0, 0);
  story.Break(0);
  story.ServerConnects(0, {{0, 0, -1}}, true);
  story.Write(0);
  story.ServerSends(0, 0, 1);
  story.now_ns = story.history.clients[0].connections[1].started_ns + after_ns - kMillisecond;
  story.ServerWritesTo(0, 0, 1);
  story.StreamBehind(0, 0)->ended_ns = story.Tick();
  story.End();
  return story;
}

CheckResult ZombieOf(const Story& story) { return Of(story.Judged(), "ZOMBIE"); }

TEST(ZombieTest, AStreamThatIsWrittenToWhenItsClientHasLongGoneOnIsAZombie) {
  const ServerStory story = WrittenAfter(kSettle + kMillisecond);
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"ZOMBIE"}) << Sentences(verdict);
  const CheckResult zombie = ZombieOf(story);
  ASSERT_EQ(zombie.violation_count, 1);
  EXPECT_EQ(zombie.judged, 2);
  EXPECT_EQ(zombie.violations[0].causes, Cause::kServer);
  EXPECT_EQ(zombie.violations[0].client, "watcher");
  EXPECT_EQ(zombie.violations[0].offset, 1);
  EXPECT_NE(zombie.violations[0].sentence.find("server-1 wrote to subscription 1 of watcher's connection 1"),
            std::string::npos)
      << zombie.violations[0].sentence;
}

TEST(ZombieTest, AServerHasItsTimeToNotice) {
  const ServerStory story = WrittenAfter(kSettle);
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(ZombieTest, AServerThatWasPausedHasItAgainFromItsHeal) {
  ServerStory story = WrittenAfter(2 * kSettle);
  const int64_t struck_ns = story.history.clients[0].connections[0].ended_ns;
  story.AddFault("freeze", "server-1", struck_ns, struck_ns + 2 * kSettle)->type = "process.pause";
  EXPECT_EQ(ZombieOf(story).violation_count, 0);
  story.history.faults[0].healed_ns = struck_ns + kSettle / 2;
  EXPECT_EQ(ZombieOf(story).violation_count, 1);
  story.history.faults[0].healed_ns = struck_ns + 2 * kSettle;
  story.history.faults[0].target = "watcher";
  EXPECT_EQ(ZombieOf(story).violation_count, 1);
}

// The stream of a client's first connection is open for ever; the drain ends so long after the second began.
ServerStory OpenAtTheEnd(int64_t after_ns) {
  ServerStory story;
  story.Write(0);
  story.ServerSends(0, 0, 0);
  story.Break(0);
  story.ServerConnects(0, {{0, 0, -1}}, true);
  story.End();
  story.history.drain_end_ns = story.history.clients[0].connections[1].started_ns + after_ns;
  return story;
}

TEST(ZombieTest, AStreamThatIsStillOpenWhenTheDrainEndsIsAZombie) {
  const ServerStory story = OpenAtTheEnd(kSettle);
  const CheckResult zombie = ZombieOf(story);
  ASSERT_EQ(zombie.violation_count, 1);
  EXPECT_NE(zombie.violations[0].sentence.find("subscription 1 of watcher's connection 1 open when the drain ended"),
            std::string::npos)
      << zombie.violations[0].sentence;
  EXPECT_EQ(ZombieOf(OpenAtTheEnd(kSettle - 1)).violation_count, 0) << "too early to tell";
}

TEST(ZombieTest, AStreamDiesWithItsProcess) {
  ServerStory story = OpenAtTheEnd(kSettle);
  story.history.processes[0].ended_ns = story.history.clients[0].connections[0].ended_ns;
  EXPECT_EQ(ZombieOf(story).violation_count, 0);
  // The harness did not see it, and the next process says so.
  story = OpenAtTheEnd(kSettle);
  story.StartServer();
  story.history.servers[0].lives[1].started_ns = story.history.clients[0].connections[1].started_ns;
  EXPECT_EQ(ZombieOf(story).violation_count, 0);
  // Ended in order, but long after the drain: as a server that stops at the end of the run.
  story = OpenAtTheEnd(kSettle);
  story.history.servers[0].lives[0].stopped_ns = story.history.drain_end_ns + 1;
  EXPECT_EQ(ZombieOf(story).violation_count, 1);
}

// A client that is killed writes no end; its connection was over when the next one began.
TEST(ZombieTest, AClientThatWasKilledHasGoneOnWhenItConnects) {
  ServerStory story = WrittenAfter(kSettle + kMillisecond);
  story.history.clients[0].connections[0].ended_ns = 0;
  EXPECT_EQ(ZombieOf(story).violation_count, 1);
  EXPECT_EQ(ZombieOf(WrittenAfter(kSettle)).violation_count, 0);
}

TEST(ZombieTest, WhatIsNotKnownIsNotAccused) {
  ServerStory story = OpenAtTheEnd(kSettle);
  story.history.servers[0].lives[0].lost = 1;
  CheckResult zombie = ZombieOf(story);
  EXPECT_EQ(zombie.state, CheckState::kNotApplicable);
  EXPECT_NE(zombie.reason.find("2 streams of servers whose journals are cut"), std::string::npos) << zombie.reason;
  story = OpenAtTheEnd(kSettle);
  story.history.clients[0].connections[0].subscription = "";
  EXPECT_EQ(ZombieOf(story).violation_count, 0);
  story.history.servers.clear();
  zombie = ZombieOf(story);
  EXPECT_EQ(zombie.state, CheckState::kNotApplicable);
  EXPECT_EQ(zombie.reason, "no server keeps a journal");
}

}  // namespace
}  // namespace harness
