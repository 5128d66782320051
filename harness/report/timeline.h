// A run over time: what was offered, acknowledged and delivered in each of a bounded number of equal intervals, how far
// clients were behind, and how late the records of that moment came. Made by the runner and by `harness report` at the
// end, shown by report.html and written as timeline.csv. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/judge/judge.h"
#include "harness/verify/history.h"

namespace harness {

inline constexpr size_t kTimelinePointsMax = 720;   // 12 minutes in seconds; 72 s in tenths of one
inline constexpr size_t kTimelineClientsNamed = 8;  // so many observed clients have a series of their own
inline constexpr int64_t kTimelineShortestNs = 100'000'000;

// Of a figure that every client has: the least, the middle and the greatest of those clients that were there.
struct Spread {
  int64_t min = 0;
  int64_t median = 0;
  int64_t max = 0;
  bool operator==(const Spread&) const = default;
};

// One interval. Counts are of what happened within it. Sentinels are left out everywhere.
struct TimelinePoint {
  int64_t begin_ns = 0;  // since the begin of the load
  int64_t offered = 0;   // by its planned time; a send that nobody planned by when it was sent
  int64_t sent = 0;
  int64_t acked = 0;
  int64_t failed = 0;
  Spread delivered;         // distinct records
  int64_t backlog_max = 0;  // of the client that was furthest behind: acknowledged and not delivered at its end
  // Planned to delivered, by the planned time, measured or not: of the client that had the greatest. -1: none came.
  int64_t latency_p50_ns = -1;
  int64_t latency_p99_ns = -1;
  int64_t latency_max_ns = -1;
};

struct ClientSeries {
  size_t client = 0;               // index into History::clients
  std::vector<int64_t> delivered;  // by interval
  std::vector<int64_t> backlog;
  std::vector<int64_t> latency_p99_ns;
};

struct Timeline {
  int64_t origin_ns = 0;    // monotonic: the begin of the load, of a run that died the first thing that was sent
  int64_t interval_ns = 0;  // 0: nothing was sent, and there are no points
  std::vector<TimelinePoint> points;
  size_t observed_clients = 0;
  std::vector<ClientSeries> clients;  // each, where there are at most kTimelineClientsNamed; else none
};

// Quantiles are those of a histogram with 64 buckets to each power of two: at most 1.6 % too high, never above the
// maximum, which is exact. A client is a job. O(events) and, for each job at work, about 6 MB beside what a ClientView
// takes.
Timeline MakeTimeline(const History& history, const JobRunner& run_jobs = RunJobsInOrder);

// timeline.csv: a header and a line for each interval (docs/formats.md).
std::string TimelineCsv(const Timeline& timeline);

}  // namespace harness
