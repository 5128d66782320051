// Latencies are honest: the worst client counts, and what never came is a latency without end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/measure/measure_testing.h"
#include "tests/verify/server_story.h"

namespace harness {
namespace {

using pipeline::Provider;
using testing::HasSubstr;

// 100 clients. The last one has everything 90 ms later than the others.
Story OneSlowOfAHundred() {
  std::vector<std::string> names;
  for (int i = 1; i <= 100; ++i) names.push_back("c-" + std::to_string(i));
  Story story(1, names);
  for (int record = 0; record < 40; ++record) {
    const int64_t offset = story.Write(0);
    const int64_t sent_ns = story.now_ns;
    for (size_t client = 0; client < 100; ++client) {
      story.now_ns = sent_ns + (client == 99 ? 90 : 0) * kMillisecond;
      story.Deliver(client, 0, offset);
    }
  }
  story.End();
  return story;
}

TEST(LatencyMetricsTest, TheWorstClientCountsUnlessOneIsNamed) {
  const Story story = OneSlowOfAHundred();
  const Measured worst = MeasuredOf(story, "e2e.latency p50 < 10ms");
  EXPECT_NEAR(*worst.value, Ms(93), Ms(0.1));
  EXPECT_EQ(worst.whose, "c-100");
  EXPECT_EQ(worst.samples, 40);
  EXPECT_NEAR(*MeasuredOf(story, "e2e.latency{client=c-1} p50 < 10ms").value, Ms(3), Ms(0.1));
  // The worst for ">" is the fastest.
  EXPECT_NEAR(*MeasuredOf(story, "e2e.latency p50 > 10ms").value, Ms(3), Ms(0.1));
  // The pooled p99 shows people nothing of it.
  EXPECT_LT(*ComputeMetrics(story.history).e2e.AtQuantile(0.98), 10 * kMillisecond);
}

TEST(LatencyMetricsTest, AClientThatGotNothingDoesNotVanish) {
  Story story = OneSlowOfAHundred();
  story.history.clients[7].deliveries.clear();
  const Measured measured = MeasuredOf(story, "e2e.latency p50 < 1h");
  EXPECT_TRUE(std::isinf(*measured.value));
  EXPECT_EQ(measured.whose, "c-8");
  EXPECT_EQ(measured.without_end, 40);
}

TEST(LatencyMetricsTest, ALostRecordIsALatencyWithoutEnd) {
  Story story;
  for (int i = 0; i < 40; ++i) {
    const int64_t offset = story.Write(0);
    if (i != 5) story.Deliver(0, 0, offset);
  }
  story.End();
  EXPECT_NEAR(*MeasuredOf(story, "e2e.latency p97 < 1s").value, Ms(3), Ms(0.1));  // rank 39 of 40
  EXPECT_TRUE(std::isinf(*MeasuredOf(story, "e2e.latency p98 < 1s").value));
  EXPECT_TRUE(std::isinf(*MeasuredOf(story, "e2e.latency max < 1s").value));
  EXPECT_EQ(MeasuredOf(story, "e2e.service max < 1s").without_end, 1);
  // Kafka acknowledged it.
  EXPECT_NEAR(*MeasuredOf(story, "produce.ack max < 1s").value, Ms(1), Ms(0.1));
}

TEST(LatencyMetricsTest, WhatKafkaRefusedOrNobodyKnowsIsALatencyWithoutEnd) {
  for (const Outcome outcome : {Outcome::kFail, Outcome::kUnknown, Outcome::kPending}) {
    Story story;
    for (int i = 0; i < 40; ++i) story.Deliver(0, 0, story.Write(0));
    Send send = *story.SendAt(0, 0);
    send.outcome = outcome;
    send.acked_ns = outcome == Outcome::kFail ? send.sent_ns + 1 : 0;
    story.history.producers[0].sends.push_back(send);
    story.history.phases[0].planned++;
    story.End();
    EXPECT_EQ(MeasuredOf(story, "e2e.latency max < 1s").samples, 41);
    EXPECT_EQ(MeasuredOf(story, "e2e.latency max < 1s").without_end, 1);
    EXPECT_EQ(MeasuredOf(story, "produce.ack max < 1s").without_end, 1);
    // In doubt, and it came: then it has an end.
    story.SendAt(0, 3)->outcome = outcome;
    EXPECT_EQ(MeasuredOf(story, "e2e.latency max < 1s").without_end, 1);
    EXPECT_EQ(MeasuredOf(story, "produce.ack max < 1s").without_end, 2);
  }
}

TEST(LatencyMetricsTest, WhatWasNeverHandedOverIsALatencyWithoutEnd) {
  Story story;
  for (int i = 0; i < 40; ++i) story.Deliver(0, 0, story.Write(0));
  story.End();
  story.history.phases[0].planned += 3;
  EXPECT_EQ(MeasuredOf(story, "load.schedule_lag max < 1s").without_end, 3);
  EXPECT_EQ(MeasuredOf(story, "e2e.latency max < 1s").without_end, 3);
  EXPECT_EQ(MeasuredOf(story, "e2e.latency{client=watcher} max < 1s").samples, 43);
  EXPECT_EQ(MeasuredOf(story, "e2e.service max < 1s").without_end, 0);
  story.history.phases[0].measured = false;
  EXPECT_EQ(MeasuredOf(story, "load.schedule_lag max < 1s").without_end, 0);
}

TEST(LatencyMetricsTest, AFilterIsOwedWhatItMatches) {
  Story story(1, {"stripe"});
  story.history.clients[0].filter.provider = Provider::kStripe;
  for (int i = 0; i < 30; ++i) {
    const int64_t offset = story.Write(0, {.provider = i % 3 == 0 ? Provider::kPaypal : Provider::kStripe});
    if (i % 3 != 0) story.Deliver(0, 0, offset);
  }
  story.End();
  EXPECT_EQ(MeasuredOf(story, "e2e.latency max < 1s").samples, 20);
  EXPECT_EQ(MeasuredOf(story, "e2e.latency max < 1s").without_end, 0);
  EXPECT_EQ(MeasuredOf(story, "throughput.delivered > 1/s").samples, 20);
}

TEST(LatencyMetricsTest, AProducerWithoutAPlanIsJudgedByItsSends) {
  Story story;
  for (int i = 0; i < 20; ++i) story.Deliver(0, 0, story.Write(0, {.producer = 1}));
  story.End();
  const Measured latency = MeasuredOf(story, "e2e.latency max < 1s");
  EXPECT_EQ(latency.value, std::nullopt);
  EXPECT_THAT(latency.note, HasSubstr("e2e.service"));
  EXPECT_NEAR(*MeasuredOf(story, "e2e.service max < 1s").value, Ms(3), Ms(0.1));
  // Beside one with a plan only that one's records count.
  Story both;
  for (int i = 0; i < 20; ++i) both.Deliver(0, 0, both.Write(0, {.producer = i % 4 == 0 ? size_t{1} : size_t{0}}));
  both.End();
  EXPECT_EQ(MeasuredOf(both, "e2e.latency max < 1s").samples, 15);
  EXPECT_EQ(MeasuredOf(both, "e2e.service max < 1s").samples, 20);
}

TEST(LatencyMetricsTest, HopsLieBetweenWhatTheServersJournalTells) {
  ServerStory story;
  for (int i = 0; i < 10; ++i) {
    const int64_t offset = story.Write(0);
    story.Tick(5 * kMillisecond);
    story.ServerReads(0);
    story.Tick(20 * kMillisecond);
    story.ServerWrites(0, offset);
    story.Tick(70 * kMillisecond);
    story.Deliver(0, 0, offset);
  }
  story.End();
  // A record is in the topic 1 ms after it was acknowledged; each step takes 1 ms besides.
  EXPECT_NEAR(*MeasuredOf(story, "ack.server p50 < 1s").value, Ms(7), Ms(0.1));
  EXPECT_NEAR(*MeasuredOf(story, "server.queue p50 < 1s").value, Ms(21), Ms(0.1));
  EXPECT_NEAR(*MeasuredOf(story, "server.client p50 < 1s").value, Ms(71), Ms(0.1));
  EXPECT_NEAR(*MeasuredOf(story, "e2e.service p50 < 1s").value, Ms(1 + 7 + 21 + 71), Ms(0.2));
  // A poll may come before the delivery report.
  for (Send& send : story.history.producers[0].sends) send.acked_ns += 10 * kMillisecond;
  EXPECT_NEAR(*MeasuredOf(story, "ack.server p50 < 1s").value, Ms(-3), Ms(0.1));
}

TEST(LatencyMetricsTest, WhatNeverCameEndsAtTheHopThatItDidNotPass) {
  const auto without_end = [](int hops) {
    ServerStory story;
    for (int i = 0; i < 10; ++i) {
      const int64_t offset = story.Write(0);
      if (i < 9 || hops > 0) story.ServerReads(0);
      if (i < 9 || hops > 1) story.ServerWrites(0, offset);
      if (i < 9 || hops > 2) story.Deliver(0, 0, offset);
    }
    story.End();
    std::vector<int64_t> counts;
    for (const char* metric : {"ack.server", "server.queue", "server.client"}) {
      counts.push_back(MeasuredOf(story, std::string(metric) + " max < 1s").without_end);
    }
    return counts;
  };
  EXPECT_THAT(without_end(0), testing::ElementsAre(1, 0, 0));
  EXPECT_THAT(without_end(1), testing::ElementsAre(0, 1, 0));
  EXPECT_THAT(without_end(2), testing::ElementsAre(0, 0, 1));
  EXPECT_THAT(without_end(3), testing::ElementsAre(0, 0, 0));
}

TEST(LatencyMetricsTest, WithoutAJournalTheHopsSayWhyTheyAreNotKnown) {
  Story story;
  story.Deliver(0, 0, story.Write(0));
  story.End();
  for (const char* metric : {"ack.server", "server.queue", "server.client"}) {
    const Measured measured = MeasuredOf(story, std::string(metric) + " max < 1s");
    EXPECT_EQ(measured.value, std::nullopt) << metric;
    EXPECT_THAT(measured.note, HasSubstr("journal")) << metric;
  }
}

// One with too few samples proves nothing, but does not hide one that breaks the threshold.
TEST(LatencyMetricsTest, TooFewSamplesOfOneClientAreNoPassOfAll) {
  Story story(1, {"quick", "late"});
  for (int i = 0; i < 40; ++i) {
    const int64_t offset = story.Write(0);
    story.Deliver(0, 0, offset);
    if (i == 30) story.history.clients[1].joined_ns = story.now_ns;
    if (i > 30) story.Deliver(1, 0, offset);
  }
  story.End();
  const Measured few = MeasuredOf(story, "e2e.latency p50 < 1s");
  EXPECT_EQ(few.whose, "late");
  EXPECT_EQ(few.samples, 9);
  EXPECT_EQ(few.samples_wanted, 20);
  EXPECT_EQ(MeasuredOf(story, "e2e.latency p50 < 1us").whose, "quick");
}

TEST(LatencyMetricsTest, TheHostsHiccups) {
  HostFacts host;
  for (int i = 0; i < 1000; ++i) host.hiccup.Record(i < 985 ? 50'000 : 20 * kMillisecond);
  EXPECT_NEAR(*MeasuredOf(Story(), "host.hiccup p99 < 10ms", host).value, Ms(20), Ms(0.1));
  EXPECT_EQ(MeasuredOf(Story(), "host.hiccup p99 < 10ms").value, std::nullopt);
}

}  // namespace
}  // namespace harness
