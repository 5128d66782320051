// The figures of a run, and a threshold's metric under each selector, are what their definitions say.
#include "harness/measure/metrics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "harness/verify/recovery.h"
#include "tests/measure/measure_testing.h"
#include "tests/verify/history_model.h"

namespace harness {
namespace {

using pipeline::Provider;

// Two clients. Calm, then server-1 is killed: both break; "fast" is back after 1 s with one failed attempt, "slow"
// after 4 s; records are written meanwhile. Then calm again. Times in ms from the strike.
struct Restart {
  Story story{1, {"fast", "slow"}};
  int64_t struck_ns = 0;

  Restart() {
    for (int i = 0; i < 20; ++i) Both(story.Write(0));
    struck_ns = story.Tick();
    story.AddFault("crash", "server-1", struck_ns, struck_ns + 500 * kMillisecond);
    story.Break(0);
    story.Break(1);
    for (int i = 0; i < 5; ++i) story.Write(0);  // offsets 20 to 24
    story.now_ns = struck_ns + 600 * kMillisecond;
    story.history.clients[0].attempts.push_back({story.now_ns, 14, "refused"});
    story.now_ns = struck_ns + kSecond - 2 * kMillisecond;
    story.Connect(0, {{0, 19, -1}}, true);                                         // at 999 ms
    for (int64_t offset = 20; offset < 25; ++offset) story.Deliver(0, 0, offset);  // from 1000 ms
    story.now_ns = struck_ns + 4 * kSecond - 2 * kMillisecond;
    story.Connect(1, {{0, 19, -1}}, true);
    for (int64_t offset = 20; offset < 25; ++offset) story.Deliver(1, 0, offset);  // from 4000 ms
    for (int i = 0; i < 20; ++i) Both(story.Write(0));
    story.End();
  }
  void Both(int64_t offset) {
    story.Deliver(0, 0, offset);
    story.Deliver(1, 0, offset);
  }
  Measured Of(const std::string& text) const { return MeasuredOf(story, text); }
};

TEST(MetricsTest, RecoveryIsPerFaultAndClient) {
  const Restart run;
  const Metrics metrics = ComputeMetrics(run.story.history);
  ASSERT_EQ(metrics.recoveries.size(), 2u);
  const Recovery& fast = metrics.recoveries[0];
  EXPECT_TRUE(fast.broke);
  EXPECT_EQ(fast.detected_ns, run.struck_ns + kMillisecond);
  EXPECT_EQ(fast.reconnected_ns, run.struck_ns + kSecond);
  EXPECT_EQ(fast.reconnect_ns, 999 * kMillisecond);
  EXPECT_EQ(fast.attempts, 1);
  EXPECT_EQ(fast.recovered_ns, run.struck_ns + 1004 * kMillisecond);  // the fifth of what had been acknowledged
  const Recovery& slow = metrics.recoveries[1];
  EXPECT_EQ(slow.reconnect_ns, 3998 * kMillisecond);
  EXPECT_EQ(slow.recovered_ns, run.struck_ns + 4004 * kMillisecond);
}

TEST(MetricsTest, ReconnectTakesTheWorstOfWhatIsSelected) {
  const Restart run;
  EXPECT_EQ(run.Of("recovery.reconnect < 1s").value, Ms(3998));
  EXPECT_EQ(run.Of("recovery.reconnect < 1s").samples, 2);
  EXPECT_EQ(run.Of("recovery.reconnect > 1s").value, Ms(999));  // the worst for ">" is the least
  EXPECT_EQ(run.Of("recovery.reconnect{client=fast} < 1s").value, Ms(999));
  EXPECT_EQ(run.Of("recovery.reconnect{each,client=fast} < 1s").value, Ms(999));
  EXPECT_EQ(run.Of("recovery.reconnect{fault=crash,client=slow} < 1s").value, Ms(3998));
  EXPECT_EQ(run.Of("recovery.reconnect{fault=other} < 1s").value, std::nullopt);
  EXPECT_EQ(run.Of("recovery.reconnect < 1s").whose, "slow after crash");
  // From the fault as well as from the client's own notice.
  EXPECT_EQ(run.Of("recovery.reconnect{client=fast,from=fault} < 1s").value, Ms(1000));
  EXPECT_EQ(run.Of("fault.detect < 1s").value, Ms(2));
  EXPECT_EQ(run.Of("fault.detect{client=fast} < 1s").value, Ms(1));
  EXPECT_EQ(run.Of("recovery.attempts < 3").value, 1);
  EXPECT_EQ(run.Of("recovery.attempts{client=slow} < 3").value, 0);
}

TEST(MetricsTest, EachMeansEveryFaultThatCouldHaveBrokenTheStream) {
  Restart run;
  run.story.AddFault("shop-crash", "shop", run.struck_ns, run.struck_ns + 1);
  EXPECT_EQ(run.Of("recovery.reconnect{each,client=fast} < 1s").value, Ms(999));
  run.story.AddFault("again", "server-1", run.story.history.load_end_ns, run.story.history.load_end_ns + 1);
  EXPECT_EQ(run.Of("recovery.reconnect{each,client=fast} < 1s").value, std::nullopt);
  EXPECT_EQ(run.Of("recovery.reconnect{client=fast} < 1s").value, Ms(999));
  run.story.history.faults.back().effective = false;
  EXPECT_EQ(run.Of("recovery.reconnect{each,client=fast} < 1s").value, Ms(999));
}

TEST(MetricsTest, AStreamThatNeverCameBackIsWorseThanAnyLimit) {
  Restart run;
  auto& slow = run.story.history.clients[1];
  slow.connections.pop_back();
  std::erase_if(slow.deliveries, [](const Delivery& delivery) { return delivery.connection == 1; });
  EXPECT_TRUE(std::isinf(*run.Of("recovery.reconnect < 24h").value));
  EXPECT_EQ(ComputeMetrics(run.story.history).recoveries[1].recovered_ns, 0);
}

TEST(MetricsTest, AConnectionThatBreaksBeforeItsFirstMessageIsOneMoreAttempt) {
  Restart run;
  auto& connections = run.story.history.clients[0].connections;
  Connection silent = connections.back();
  silent.started_ns = run.struck_ns + 700 * kMillisecond;
  silent.ended_ns = run.struck_ns + 800 * kMillisecond;
  silent.first_message_ns = 0;
  connections.insert(connections.begin() + 1, silent);
  for (Delivery& delivery : run.story.history.clients[0].deliveries) delivery.connection *= 2;
  const Recovery fast = ComputeMetrics(run.story.history).recoveries[0];
  EXPECT_EQ(fast.reconnect_ns, 999 * kMillisecond);
  EXPECT_EQ(fast.attempts, 2);
  EXPECT_EQ(run.Of("client.reconnects{client=fast,fault=crash} == 2").value, 2);
}

TEST(MetricsTest, WithoutABreakRecoveredIsToHaveWhatWasAcknowledgedBeforeTheHeal) {
  Story story;
  const int64_t struck_ns = story.now_ns;
  story.AddFault("pause", "server-1", struck_ns, struck_ns + 100 * kMillisecond);
  const int64_t before = story.Write(0);
  story.now_ns = struck_ns + 100 * kMillisecond;
  const int64_t after = story.Write(0);
  story.Tick(50 * kMillisecond);
  story.Deliver(0, 0, before);
  const int64_t recovered_ns = story.now_ns;
  story.Tick(kSecond);
  story.Deliver(0, 0, after);
  story.End();
  const Recovery recovery = ComputeMetrics(story.history).recoveries.at(0);
  EXPECT_FALSE(recovery.broke);
  EXPECT_EQ(recovery.reconnect_ns, -1);
  EXPECT_EQ(recovery.recovered_ns, recovered_ns);
}

TEST(MetricsTest, TheEndOfTheRunIsNoBreak) {
  Story story;
  story.Deliver(0, 0, story.Write(0));
  story.AddFault("pause", "server-1", story.Tick(), story.now_ns + 1);
  story.Deliver(0, 0, story.Write(0));
  story.End();
  story.Tick();
  story.Break(0);
  EXPECT_FALSE(ComputeMetrics(story.history).recoveries.at(0).broke);
}

TEST(MetricsTest, AKilledClientsBreakIsItsProcesssEnd) {
  Restart run;
  History& history = run.story.history;
  history.faults[0].target = "fast";
  history.clients[0].connections[0].ended_ns = 0;
  for (ProcessSpan& span : history.processes) {
    if (span.name == "fast") span.ended_ns = run.struck_ns + 7;
  }
  const Metrics metrics = ComputeMetrics(history);
  EXPECT_TRUE(metrics.recoveries[0].broke);
  EXPECT_EQ(metrics.recoveries[0].detected_ns, run.struck_ns + 7);
  EXPECT_FALSE(metrics.recoveries[1].broke);  // another client's death is none of its business
}

TEST(MetricsTest, ReconnectsAreStreamsAfterTheFirst) {
  Restart run;
  EXPECT_EQ(run.Of("client.reconnects == 1").value, 1);
  EXPECT_EQ(run.Of("client.reconnects == 1").samples, 2);
  EXPECT_EQ(run.Of("client.reconnects{fault=crash} == 1").value, 1);
  EXPECT_EQ(run.Of("client.reconnects{phase=steady} == 1").value, 1);
  EXPECT_EQ(run.Of("client.reconnects{phase=other} == 1").value, std::nullopt);
  // The client furthest from what is asked decides.
  run.story.Connect(1, {{0, 50, -1}}, true);
  EXPECT_EQ(run.Of("client.reconnects == 1").value, 2);
  EXPECT_EQ(run.Of("client.reconnects == 2").value, 1);
  EXPECT_EQ(run.Of("client.reconnects >= 2").value, 1);
  EXPECT_EQ(run.Of("client.reconnects{client=fast} <= 1").value, 1);
  run.story.history.clients[1].observed = false;
  EXPECT_EQ(run.Of("client.reconnects{client=slow} == 1").value, std::nullopt);
}

TEST(MetricsTest, LatencyUnderItsSelectors) {
  Restart run;
  // 45 measured records at each of two clients; five of them wait for the restart. The slower client decides.
  EXPECT_EQ(run.Of("e2e.latency max < 1s").samples, 45);
  EXPECT_EQ(run.Of("e2e.latency max < 1s").whose, "slow");
  EXPECT_NEAR(*run.Of("e2e.latency max < 1s").value, Ms(4000), Ms(10));
  EXPECT_NEAR(*run.Of("e2e.latency{client=fast} max < 1s").value, Ms(1000), Ms(10));
  EXPECT_EQ(run.Of("e2e.latency{phase=steady} max < 1s").samples, 45);
  EXPECT_EQ(run.Of("e2e.latency{phase=other} max < 1s").value, std::nullopt);
  // Excluding faults: for a client, what does not meet its own [strike, recovered]; 20 before, 20 after.
  EXPECT_EQ(run.Of("e2e.latency{client=fast,excluding=faults} max < 1s").samples, 40);
  EXPECT_LT(*run.Of("e2e.latency{client=fast,excluding=faults} max < 1s").value, Ms(10));
  EXPECT_EQ(run.Of("e2e.latency{client=fast,during=crash} max < 1s").samples, 5);
  EXPECT_EQ(run.Of("e2e.latency{client=fast,fault=crash} max < 1s").samples, 5);
  // 1.002 s after the strike two of the five had arrived.
  EXPECT_EQ(run.Of("e2e.latency{client=fast,during=crash,after=1002ms} max < 1s").samples, 3);
  EXPECT_EQ(run.Of("e2e.latency{client=fast,during=crash,after=2s} max < 1s").value, std::nullopt);
  // Without a client, a fault lasts until the last one has recovered.
  EXPECT_EQ(run.Of("e2e.latency{excluding=faults} max < 1s").samples, 40);
  // Warm-up is not measured.
  for (int64_t offset = 0; offset < 20; ++offset) run.story.SendAt(0, offset)->measured = false;
  EXPECT_EQ(run.Of("e2e.latency{client=fast,excluding=faults} max < 1s").samples, 20);
}

TEST(MetricsTest, LatencyCountsFromThePlanOnceForEachRecord) {
  Story story;
  story.Write(0);
  story.SendAt(0, 0)->planned_ns -= 40 * kMillisecond;
  story.Deliver(0, 0, 0);  // 3 ms after it was sent
  story.Tick(kSecond);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 0, DeliveryKind::kDropped);
  story.End();
  const Metrics metrics = ComputeMetrics(story.history);
  EXPECT_EQ(metrics.e2e.count(), 1);
  EXPECT_EQ(metrics.e2e.Max(), 43 * kMillisecond);
  EXPECT_EQ(metrics.schedule_lag.Max(), 40 * kMillisecond);
  EXPECT_EQ(metrics.produce_ack.Max(), kMillisecond);
  EXPECT_EQ(metrics.clients[0].delivered, 1);
  EXPECT_EQ(metrics.clients[0].dropped, 1);
}

TEST(MetricsTest, SamplesThatAQuantileNeeds) {
  const Restart run;
  EXPECT_EQ(run.Of("e2e.latency p50 < 1s").samples_wanted, 20);
  EXPECT_EQ(run.Of("e2e.latency p90 < 1s").samples_wanted, 100);
  EXPECT_EQ(run.Of("e2e.latency p99 < 1s").samples_wanted, 1000);
  EXPECT_EQ(run.Of("e2e.latency p99.9 < 1s").samples_wanted, 10'000);
  EXPECT_EQ(run.Of("e2e.latency p99.99 < 1s").samples_wanted, 100'000);
  EXPECT_EQ(run.Of("e2e.latency max < 1s").samples_wanted, 1);
}

TEST(MetricsTest, PhaseFigures) {
  Story story(1, {"all", "stripe"});
  story.history.clients[1].filter.provider = Provider::kStripe;
  for (int i = 0; i < 150; ++i) story.Write(0, {.provider = i % 3 == 0 ? Provider::kPaypal : Provider::kStripe});
  for (int64_t offset = 0; offset < 150; ++offset) {
    story.Deliver(0, 0, offset);
    if (offset % 3 != 0) story.Deliver(1, 0, offset);
  }
  story.SendAt(0, 149)->outcome = Outcome::kUnknown;
  Send failed = *story.SendAt(0, 0);
  failed.outcome = Outcome::kFail;
  story.history.producers[0].sends.push_back(failed);
  story.LogAt(0, 148)->valid = false;
  story.End();
  const Metrics metrics = ComputeMetrics(story.history);
  const PhaseFigures& phase = metrics.phases.at(0);
  EXPECT_EQ(phase.planned, 150);
  EXPECT_EQ(phase.sent, 151);
  EXPECT_EQ(phase.acked, 149);
  EXPECT_EQ(phase.failed, 1);
  EXPECT_EQ(phase.unknown, 1);
  EXPECT_EQ(metrics.unknown_in_log, 1);
  EXPECT_EQ(metrics.logged, 150);
  EXPECT_EQ(metrics.rejected, 1);
  EXPECT_EQ(phase.delivered_min, 100);
  EXPECT_EQ(phase.backlog_peak, 149);  // of "all": everything acknowledged before the first delivery
  const double seconds = static_cast<double>(phase.duration_ns) / 1e9;
  EXPECT_DOUBLE_EQ(phase.offered_per_s, 150 / seconds);
  EXPECT_DOUBLE_EQ(phase.acked_per_s, 149 / seconds);
  EXPECT_DOUBLE_EQ(phase.delivered_per_s, 100 / seconds);
  // All deliveries lie behind the end of sending; the slower of both clients: 100 in the time of 250, from the last
  // send.
  EXPECT_NEAR(phase.drain_per_s, 100 / 0.252, 1);
}

TEST(MetricsTest, WhatDoesNotArriveHoldsTheBacklogUp) {
  Story story;
  story.Write(0);
  story.Write(0);
  story.Deliver(0, 0, 1);
  story.Deliver(0, 0, story.Write(0));
  story.End();
  EXPECT_EQ(ComputeMetrics(story.history).phases[0].backlog_peak, 2);
}

// Whatever a correct run looks like: nobody waits for anything at its end, and counts agree.
RC_GTEST_PROP(MetricsTest, OnLegalHistories, ()) {
  ModelRun run = MakeRun(*AnyPlan());
  const Metrics metrics = ComputeMetrics(run.history);
  for (const Recovery& recovery : metrics.recoveries) {
    RC_ASSERT(recovery.recovered_ns >= run.history.faults[recovery.fault].struck_ns);
    RC_ASSERT(!recovery.broke || recovery.reconnect_ns >= 0);
    RC_ASSERT(!recovery.broke || recovery.recovered_ns >= recovery.reconnected_ns);
  }
  RC_ASSERT(metrics.sent == metrics.acked + metrics.failed + metrics.unknown);
  for (const ClientFigures& client : metrics.clients) RC_ASSERT(client.e2e.negative_count() == 0);
}

// `each` asks for every fault that broke a stream, not for those at a server that the client was not on; and a client
// that joins late is not late for what it found.
TEST(MetricsTest, EachIsOfTheServersThatTheClientWasOn) {
  Restart run;
  Story& story = run.story;
  story.scenario.servers.emplace_back().name = "server-2";
  story.AddFault("elsewhere", "server-2", run.struck_ns - 2 * kMillisecond, run.struck_ns - kMillisecond);
  story.history.clients[0].servers = {"server-1", "server-2"};
  // It had a stream then, which the fault at server-1 broke.
  EXPECT_EQ(run.Of("recovery.reconnect{each,client=fast} < 1s").value, Ms(999));
  story.history.probed = {{"server-1", "127.0.0.1:1"}, {"server-2", "127.0.0.1:2"}};
  for (Connection& connection : story.history.clients[0].connections) connection.server = "127.0.0.1:2";
  EXPECT_EQ(run.Of("recovery.reconnect{each,client=fast} < 1s").value, std::nullopt);
}

TEST(MetricsTest, WhatAClientFoundWhenItJoinedIsNoLatency) {
  Restart run;
  const auto samples = [&] { return run.Of("e2e.latency{client=slow} max < 1h").samples; };
  const int64_t all = samples();
  run.story.history.clients[1].joined_ns = run.struck_ns;
  EXPECT_EQ(all - samples(), 20);
}

}  // namespace
}  // namespace harness
