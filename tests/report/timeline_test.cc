// The timeline counts what a plain recount counts, keeps its points bounded, and says of a client that was not there
// nothing.
#include "harness/report/timeline.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "tests/report/report_testing.h"

namespace harness {
namespace {

// LossyRun with its drain: record i is planned at +i*100 ms, handed over 1 ms later, acknowledged 2 ms later and
// delivered 10 ms later.
ReportParts DrainedRun() {
  ReportParts parts = LossyRun();
  parts.history.drain_end_ns = kBegin + 1'200 * kMs;
  return parts;
}

TEST(TimelineTest, EachThingIsCountedWhereItHappened) {
  const ReportParts parts = DrainedRun();
  const Timeline timeline = MakeTimeline(parts.history);
  ASSERT_EQ(timeline.interval_ns, 100 * kMs);
  ASSERT_EQ(timeline.points.size(), 13u);
  EXPECT_EQ(timeline.origin_ns, kBegin);
  for (size_t i = 0; i < timeline.points.size(); ++i) {
    const TimelinePoint& point = timeline.points[i];
    const int64_t some = i >= 1 && i <= 9 ? 1 : 0;
    EXPECT_EQ(point.begin_ns, static_cast<int64_t>(i) * 100 * kMs);
    EXPECT_EQ(point.offered, some) << i;
    EXPECT_EQ(point.sent, some) << i;
    EXPECT_EQ(point.acked, some) << i;
    EXPECT_EQ(point.failed, 0) << i;
    // "fast" never got the fifth.
    EXPECT_EQ(point.delivered, (Spread{i == 5 ? 0 : some, i == 5 ? 0 : some, some})) << i;
    EXPECT_EQ(point.backlog_max, i >= 5 ? 1 : 0) << i;
    EXPECT_EQ(point.latency_max_ns, some == 1 ? 10 * kMs : -1) << i;
    EXPECT_EQ(point.latency_p50_ns, point.latency_max_ns) << i;
  }
  ASSERT_EQ(timeline.clients.size(), 2u);
  EXPECT_EQ(timeline.clients[1].backlog.back(), 1);
  EXPECT_EQ(timeline.clients[0].backlog.back(), 0);
  EXPECT_EQ(std::accumulate(timeline.clients[1].delivered.begin(), timeline.clients[1].delivered.end(), int64_t{0}), 8);
}

TEST(TimelineTest, SentinelsRepeatsAndUnsentRecordsAreLeftOut) {
  ReportParts parts = DrainedRun();
  parts.history.producers[0].sends[2].sentinel = true;
  parts.history.producers[0].sends[3].sent_ns = 0;
  Delivery again = parts.history.clients[0].deliveries[0];
  parts.history.clients[0].deliveries.push_back(again);
  again.kind = DeliveryKind::kDropped;
  parts.history.clients[0].deliveries.push_back(again);
  const Timeline timeline = MakeTimeline(parts.history);
  EXPECT_EQ(timeline.points[3].offered + timeline.points[3].acked, 0);
  EXPECT_EQ(timeline.points[4].offered + timeline.points[4].sent, 0);
  EXPECT_EQ(timeline.clients[0].delivered[1], 1);
}

TEST(TimelineTest, AClientCountsOnlyWhileItIsThere) {
  ReportParts parts = DrainedRun();
  parts.history.clients[1].starts_late = true;
  parts.history.clients[1].joined_ns = kBegin + 250 * kMs;
  parts.history.clients[1].left_ns = kBegin + 800 * kMs;
  parts.history.clients[1].deliveries.clear();
  const Timeline timeline = MakeTimeline(parts.history);
  EXPECT_EQ(timeline.points[1].delivered.min, 1);  // not yet there
  EXPECT_EQ(timeline.points[2].delivered.min, 1);  // came within it
  EXPECT_EQ(timeline.points[4].delivered.min, 0);
  EXPECT_EQ(timeline.points[9].delivered.min, 1);  // gone
  parts.history.clients[1].observed = false;
  EXPECT_EQ(MakeTimeline(parts.history).observed_clients, 1u);
  EXPECT_EQ(MakeTimeline(parts.history).points[4].delivered.min, 1);
}

TEST(TimelineTest, ALongRunHasNoMorePointsThanAShortOne) {
  ReportParts parts = DrainedRun();
  for (const int64_t seconds : {1, 60, 71, 72, 73, 600, 3'600, 86'400, 40 * 86'400}) {
    parts.history.drain_end_ns = kBegin + seconds * 1'000 * kMs;
    const Timeline timeline = MakeTimeline(parts.history);
    EXPECT_LE(timeline.points.size(), kTimelinePointsMax) << seconds;
    EXPECT_GE(timeline.points.back().begin_ns + timeline.interval_ns, seconds * 1'000 * kMs);
    const int64_t offered =
        std::accumulate(timeline.points.begin(), timeline.points.end(), int64_t{0},
                        [](int64_t sum, const TimelinePoint& point) { return sum + point.offered; });
    EXPECT_EQ(offered, 9) << seconds;
  }
  parts.history.drain_end_ns = kBegin + 600'000 * kMs;
  EXPECT_EQ(MakeTimeline(parts.history).interval_ns, 1'000 * kMs);
}

TEST(TimelineTest, ARunThatDiedOrNeverSentHasWhatThereIs) {
  ReportParts parts = DrainedRun();
  parts.history.load_begin_ns = parts.history.load_end_ns = parts.history.drain_end_ns = 0;
  const Timeline died = MakeTimeline(parts.history);
  EXPECT_EQ(died.origin_ns, kBegin + 100 * kMs);
  EXPECT_EQ(died.points.size(), 9u);
  const Timeline none = MakeTimeline(History{});
  EXPECT_EQ(none.interval_ns, 0);
  EXPECT_TRUE(none.points.empty());
  const std::string csv = TimelineCsv(none);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1);
}

TEST(TimelineTest, ManyClientsHaveTheirSpreadAndNoSeries) {
  ReportParts parts = DrainedRun();
  parts.history.clients.resize(2);
  while (parts.history.clients.size() < 20) parts.history.clients.push_back(parts.history.clients[0]);
  const Timeline timeline = MakeTimeline(parts.history);
  EXPECT_EQ(timeline.observed_clients, 20u);
  EXPECT_TRUE(timeline.clients.empty());
  EXPECT_EQ(timeline.points[5].delivered, (Spread{0, 1, 1}));
}

TEST(TimelineTest, TheFileHasALineForEachInterval) {
  const std::string csv = TimelineCsv(MakeTimeline(DrainedRun().history));
  EXPECT_TRUE(
      csv.starts_with("begin_ns,interval_ns,offered,sent,acked,failed,delivered_min,delivered_median,"
                      "delivered_max,backlog_max,latency_p50_ns,latency_p99_ns,latency_max_ns\n"
                      "0,100000000,0,0,0,0,0,0,0,0,,,\n"
                      "100000000,100000000,1,1,1,0,1,1,1,0,10000000,10000000,10000000\n"))
      << csv;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 14);
}

RC_GTEST_PROP(TimelineTest, QuantilesAreNearAPlainSort, ()) {
  const auto latencies = *rc::gen::nonEmpty(
      rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(2'000'000, 80'000'000'000)));
  ReportParts parts = DrainedRun();
  parts.history.clients.resize(1);
  parts.history.clients[0].deliveries.clear();
  parts.history.producers[0].sends.clear();
  parts.history.partitions[0].records.clear();
  for (size_t i = 0; i < latencies.size(); ++i) {
    AddRecord(&parts, static_cast<int64_t>(i) + 1);
    Send& send = parts.history.producers[0].sends.back();
    send.planned_ns = send.sent_ns = send.acked_ns = kBegin + kMs;
    Deliver(&parts, 0, static_cast<int64_t>(i) + 1, 0);
    parts.history.clients[0].deliveries.back().time_ns = send.planned_ns + latencies[i];
  }
  const TimelinePoint point = MakeTimeline(parts.history).points[0];
  std::vector<int64_t> sorted = latencies;
  std::sort(sorted.begin(), sorted.end());
  const auto exact = [&](double q) {
    return sorted[static_cast<size_t>(std::ceil(q * static_cast<double>(sorted.size()))) - 1];
  };
  RC_ASSERT(point.latency_max_ns == sorted.back());
  RC_ASSERT(point.latency_p50_ns >= exact(0.5));
  RC_ASSERT(static_cast<double>(point.latency_p50_ns) <= static_cast<double>(exact(0.5)) * 1.016);
  RC_ASSERT(point.latency_p99_ns >= exact(0.99));
  RC_ASSERT(static_cast<double>(point.latency_p99_ns) <= static_cast<double>(exact(0.99)) * 1.016);
}

}  // namespace
}  // namespace harness
