// What the processes of a run used over time: samples that the runner takes (run/usage_sampler.h), the file in which
// they are kept (history/usage.csv, docs/formats.md), and how many cores and how much memory that is at each interval
// of a timeline. Called by the runner and by the report. Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/timeline.h"

namespace harness {

// Of one process at one moment. A program that has started others, or was started again, has several pids.
struct UsageSample {
  int64_t time_ns = 0;  // monotonic
  std::string name;
  int64_t pid = 0;
  int64_t cpu_ns = 0;  // since it began
  int64_t rss_bytes = 0;
  bool operator==(const UsageSample&) const = default;
};

// Bounded: a log that is full drops every second round and from then on takes only every second one.
class UsageLog {
 public:
  static constexpr size_t kSamplesMax = 20'000;

  // Whether the round that is due is to be taken at all; to be asked once for each.
  bool WantsRound();
  // The samples of one round, all with the same time.
  void AddRound(std::vector<UsageSample> round);
  const std::vector<UsageSample>& samples() const { return samples_; }

 private:
  void DropEverySecond();

  std::vector<UsageSample> samples_;
  uint64_t stride_ = 1;
  uint64_t rounds_asked_ = 0;
};

std::string UsageCsv(const std::vector<UsageSample>& samples);
// Lines that are no samples are passed over: the file is for pictures, and no verdict rests on it.
std::vector<UsageSample> ParseUsageCsv(std::string_view csv);

struct UsageSeries {
  std::string name;
  std::vector<double> cores;       // by interval: cores that were busy on average; below 0: not known
  std::vector<int64_t> rss_bytes;  // -1: not known
  double cores_max = 0;
  int64_t rss_bytes_max = 0;
};

// One for each name, the busiest first. Between two samples of a process its CPU time is spread evenly.
std::vector<UsageSeries> UsageOver(const Timeline& timeline, const std::vector<UsageSample>& samples);

}  // namespace harness
