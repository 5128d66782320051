// Backlogs, catching up, recovery to a service level, silences, rates, counts and what programs took, as
// docs/measurement.md defines them.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>

#include "tests/measure/measure_testing.h"

namespace harness {
namespace {

// 1,000 records a second for 3 s, each delivered 3 ms after it was planned; but those of the second that begins after
// 1 s are all delivered within 100 ms from its end on, 0.1 ms apart. server-1 stood still meanwhile.
struct Freeze {
  Story story;
  int64_t begin_ns = 0;

  Freeze() {
    begin_ns = story.now_ns;
    for (int64_t i = 0; i < 3000; ++i) {
      story.now_ns = begin_ns + i * kMillisecond;
      story.Write(0);
    }
    for (int64_t offset = 0; offset < 3000; ++offset) {
      const int64_t planned_ns = story.SendAt(0, offset)->planned_ns;
      const bool late = offset >= 1000 && offset < 2000;
      const int64_t wait_ns = late ? begin_ns + 2 * kSecond + (offset - 1000) * kMillisecond / 10 : 0;
      story.now_ns = std::max(planned_ns + 2 * kMillisecond, wait_ns - kMillisecond);
      story.Deliver(0, 0, offset);
    }
    story.now_ns = begin_ns + 3 * kSecond + 10 * kMillisecond;
    FaultEvent* fault = story.AddFault("freeze", "server-1", begin_ns + kSecond, begin_ns + 2 * kSecond);
    fault->type = "process.pause";
    story.End();
  }
  std::optional<double> Of(const std::string& text) const { return MeasuredOf(story, text).value; }
};

TEST(FlowMetricsTest, AFreezeOfASecondIsAThousandSamplesAndNotOne) {
  const Freeze run;
  // Of 3,000 records 1,000 waited, evenly from a tenth of a second to a whole one.
  EXPECT_NEAR(*run.Of("e2e.latency p60 < 1s"), Ms(3), Ms(0.1));
  EXPECT_NEAR(*run.Of("e2e.latency p80 < 1s"), Ms(460), Ms(5));
  EXPECT_NEAR(*run.Of("e2e.latency p99 < 1s"), Ms(973), Ms(5));
  EXPECT_NEAR(static_cast<double>(MeasuredOf(run.story, "e2e.latency{during=freeze} max < 2s").samples), 1000, 110);
}

TEST(FlowMetricsTest, TheBacklogAndHowItCameDown) {
  const Freeze run;
  EXPECT_NEAR(*run.Of("backlog.peak < 5"), 1000, 5);
  EXPECT_NEAR(*run.Of("backlog.peak{excluding=faults} < 5"), 2, 2);
  // 1,000 records in 100 ms, while 100 more came: 9,000/s. The 100 that came are there at once.
  EXPECT_NEAR(*run.Of("catchup.rate > 1/s"), 9900, 1000);
  EXPECT_NEAR(*run.Of("catchup.time < 1s"), Ms(100), Ms(10));
  Story calm;
  for (int i = 0; i < 20; ++i) calm.Deliver(0, 0, calm.Write(0));
  calm.End();
  EXPECT_EQ(MeasuredOf(calm, "catchup.time < 1s").value, std::nullopt);
  EXPECT_FALSE(MeasuredOf(calm, "catchup.time < 1s").note.empty());
}

TEST(FlowMetricsTest, ABacklogThatNeverComesDownTakesForEver) {
  Freeze run;
  auto& deliveries = run.story.history.clients[0].deliveries;
  std::erase_if(deliveries, [](const Delivery& delivery) { return delivery.offset >= 1500 && delivery.offset < 2000; });
  EXPECT_TRUE(std::isinf(*run.Of("catchup.time < 1s")));
  EXPECT_TRUE(std::isinf(*run.Of("recovery.ttr{slo=1h} < 1s")) || *run.Of("recovery.ttr{slo=1h} < 1s") > Ms(900));
}

TEST(FlowMetricsTest, TimeToRecoveryIsWhenAWholeWindowIsGoodAgain) {
  const Freeze run;
  // What was planned in the last hundredth of the freeze waits at most 20 ms; then all is well. A window of 500 ms may
  // have 5 late records of 500.
  EXPECT_NEAR(*run.Of("recovery.ttr{slo=50ms,window=500ms} < 5s"), Ms(1100), Ms(101));
  EXPECT_TRUE(std::isinf(*run.Of("recovery.ttr{slo=1ms,window=500ms} < 5s")));
  EXPECT_TRUE(std::isinf(*run.Of("recovery.ttr{slo=50ms,window=2s} < 5s")));  // so long the load did not last
}

TEST(FlowMetricsTest, TheLongestGap) {
  const Freeze run;
  EXPECT_NEAR(*run.Of("recovery.max_gap < 5s"), Ms(1000), Ms(10));
  EXPECT_NEAR(*run.Of("recovery.max_gap{excluding=faults} < 5s"), Ms(4), Ms(4));
  // The silence before the first delivery counts too.
  Freeze late;
  std::erase_if(late.story.history.clients[0].deliveries, [](const Delivery& one) { return one.offset < 2500; });
  EXPECT_NEAR(*late.Of("recovery.max_gap < 5s"), Ms(2500), Ms(10));
  Story silent = run.story;
  silent.history.clients[0].deliveries.clear();
  EXPECT_NEAR(*MeasuredOf(silent, "recovery.max_gap < 5s").value, Ms(3010), Ms(10));
  silent.history.phases[0].offers_load = false;
  EXPECT_EQ(MeasuredOf(silent, "recovery.max_gap < 5s").value, std::nullopt);
}

TEST(FlowMetricsTest, RatesAreOfWhatHappenedInThatTime) {
  Freeze run;
  for (const char* metric : {"throughput.offered", "throughput.accepted", "throughput.acked", "throughput.delivered"}) {
    EXPECT_NEAR(*run.Of(std::string(metric) + " > 1/s"), 1000, 10) << metric;
  }
  EXPECT_NEAR(*run.Of("throughput.delivered{during=freeze} > 1/s"), 1000, 40);  // of 1.1 s
  EXPECT_EQ(run.Of("throughput.achieved_ratio >= 99%"), 1.0);
  EXPECT_EQ(run.Of("throughput.refused_share <= 1%"), 0.0);
  for (int i = 0; i < 300; ++i) run.story.history.producers[0].sends[static_cast<size_t>(i)].outcome = Outcome::kFail;
  run.story.history.phases[0].planned += 1000;  // never handed over
  EXPECT_EQ(run.Of("throughput.achieved_ratio >= 99%"), 2700.0 / 4000);
  EXPECT_EQ(run.Of("throughput.refused_share <= 1%"), 0.1);
  run.story.history.log_bytes = 3'011'000;
  EXPECT_NEAR(*run.Of("throughput.acked_bytes > 1KiB/s"), 1e6, 1e4);
}

TEST(FlowMetricsTest, AClientThatReceivesNothingIsTheSlowest) {
  Story story(1, {"quick", "dead"});
  for (int i = 0; i < 20; ++i) story.Deliver(0, 0, story.Write(0));
  story.End({1});
  const Measured measured = MeasuredOf(story, "throughput.delivered >= 1/s");
  EXPECT_EQ(measured.value, 0);
  EXPECT_EQ(measured.whose, "dead");
}

TEST(FlowMetricsTest, CountsOfWhatIsNotWhole) {
  Story story(1, {"good", "bad"});
  for (int i = 0; i < 20; ++i) {
    const int64_t offset = story.Write(0);
    story.Deliver(0, 0, offset);
    if (i != 3 && i != 4) story.Deliver(1, 0, offset);
  }
  story.Deliver(1, 0, 7);
  story.Deliver(1, 0, 3);
  story.SendAt(0, 9)->outcome = Outcome::kUnknown;
  story.End();
  const auto of = [&](const std::string& text) { return MeasuredOf(story, text).value; };
  EXPECT_EQ(of("integrity.lost == 0"), 1);
  EXPECT_EQ(MeasuredOf(story, "integrity.lost == 0").whose, "bad");
  EXPECT_EQ(of("integrity.lost{client=good} == 0"), 0);
  EXPECT_EQ(of("integrity.duplicates == 0"), 1);
  EXPECT_EQ(of("integrity.out_of_order == 0"), 1);
  EXPECT_EQ(of("integrity.indeterminate == 0"), 1);
  story.history.audited = false;
  EXPECT_EQ(of("integrity.lost == 0"), std::nullopt);
}

TEST(FlowMetricsTest, WhatAProgramTook) {
  Story story(1, {"fast"});
  for (int i = 0; i < 20; ++i) story.Deliver(0, 0, story.Write(0));
  for (int i = 0; i < 5; ++i) story.Deliver(0, 0, story.Write(0, {.producer = 1}));
  story.history.probed = {{"server-1", "127.0.0.1:1"}};
  for (Connection& connection : story.history.clients[0].connections) connection.server = "127.0.0.1:1";
  HostFacts host;
  for (const char* name : {"server-1", "fast", "shop", "broker", "harness"}) {
    host.processes.push_back({name, kSecond / 4, kSecond / 4, 64 << 20});
  }
  const auto of = [&](const std::string& text) { return MeasuredOf(story, text, host).value; };
  EXPECT_EQ(of("proc.server-1.cpu < 1s"), Ms(500));
  EXPECT_EQ(of("proc.server-1.rss_peak < 65MiB"), 64 << 20);
  EXPECT_EQ(of("proc.server-1.messages_per_core_second > 1/s"), 50);
  EXPECT_EQ(of("proc.fast.messages_per_core_second > 1/s"), 50);
  EXPECT_EQ(of("proc.shop.messages_per_core_second > 1/s"), 10);
  EXPECT_EQ(of("proc.broker.messages_per_core_second > 1/s"), 50);
  EXPECT_EQ(of("proc.harness.messages_per_core_second > 1/s"), 40);
  EXPECT_EQ(of("proc.nobody.cpu < 1s"), std::nullopt);
}

}  // namespace
}  // namespace harness
