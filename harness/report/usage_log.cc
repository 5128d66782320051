#include "harness/report/usage_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "harness/report/text.h"
#include "text/words.h"

namespace harness {
namespace {

constexpr std::string_view kHeader = "time_ns,name,pid,cpu_ns,rss_bytes";

std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<UsageSample> SampleOf(std::string_view line) {
  const std::vector<std::string_view> cells = pipeline::Split(line, ',');
  if (cells.size() != 5 || cells[1].empty()) return std::nullopt;
  const auto time = Number(cells[0]), pid = Number(cells[2]), cpu = Number(cells[3]), rss = Number(cells[4]);
  if (!time || !pid || !cpu || !rss) return std::nullopt;
  return UsageSample{*time, std::string(cells[1]), *pid, *cpu, *rss};
}

// The samples of one name, put upon the timeline process by process.
class SeriesBuilder {
 public:
  SeriesBuilder(const Timeline& timeline, std::string name) : timeline_(timeline), cpu_ns_(timeline.points.size(), -1) {
    series_.name = std::move(name);
    series_.rss_bytes.assign(timeline.points.size(), -1);
  }

  // Of one process, in time order.
  void Add(const std::vector<const UsageSample*>& samples) {
    std::vector<int64_t> rss_bytes(timeline_.points.size(), -1);
    for (size_t i = 1; i < samples.size(); ++i) AddSpan(*samples[i - 1], *samples[i], &rss_bytes);
    for (size_t i = 0; i < rss_bytes.size(); ++i) {
      if (rss_bytes[i] >= 0) series_.rss_bytes[i] = std::max<int64_t>(0, series_.rss_bytes[i]) + rss_bytes[i];
    }
  }

  UsageSeries Finish() {
    for (size_t i = 0; i < cpu_ns_.size(); ++i) {
      series_.cores.push_back(cpu_ns_[i] < 0 ? -1 : cpu_ns_[i] / static_cast<double>(timeline_.interval_ns));
      series_.cores_max = std::max(series_.cores_max, series_.cores.back());
      series_.rss_bytes_max = std::max(series_.rss_bytes_max, series_.rss_bytes[i]);
    }
    return std::move(series_);
  }

 private:
  // Memory is what it was at the later sample.
  void AddSpan(const UsageSample& from, const UsageSample& to, std::vector<int64_t>* rss_bytes) {
    const int64_t begin_ns = Since(from.time_ns, timeline_.origin_ns);
    const int64_t end_ns = Since(to.time_ns, timeline_.origin_ns);
    if (end_ns <= begin_ns || end_ns <= 0) return;
    const double busy =
        static_cast<double>(std::max<int64_t>(0, to.cpu_ns - from.cpu_ns)) / static_cast<double>(end_ns - begin_ns);
    const auto first = static_cast<size_t>(std::max<int64_t>(0, begin_ns) / timeline_.interval_ns);
    for (size_t i = first; i < cpu_ns_.size() && timeline_.points[i].begin_ns < end_ns; ++i) {
      const int64_t overlap_ns = std::min(end_ns, timeline_.points[i].begin_ns + timeline_.interval_ns) -
                                 std::max(begin_ns, timeline_.points[i].begin_ns);
      cpu_ns_[i] = std::max(0.0, cpu_ns_[i]) + busy * static_cast<double>(overlap_ns);
      (*rss_bytes)[i] = to.rss_bytes;
    }
  }

  const Timeline& timeline_;
  UsageSeries series_;
  std::vector<double> cpu_ns_;  // below 0: not known
};

}  // namespace

bool UsageLog::WantsRound() { return rounds_asked_++ % stride_ == 0; }

void UsageLog::AddRound(std::vector<UsageSample> round) {
  while (samples_.size() + round.size() > kSamplesMax && !samples_.empty()) DropEverySecond();
  samples_.insert(samples_.end(), std::make_move_iterator(round.begin()), std::make_move_iterator(round.end()));
}

void UsageLog::DropEverySecond() {
  std::vector<UsageSample> kept;
  int64_t round_ns = -1;
  bool keeps = false;
  for (UsageSample& sample : samples_) {
    if (sample.time_ns != round_ns) {
      round_ns = sample.time_ns;
      keeps = !keeps;
    }
    if (keeps) kept.push_back(std::move(sample));
  }
  // A single round that is too large for the log is dropped whole.
  if (kept.size() == samples_.size()) kept.clear();
  samples_ = std::move(kept);
  stride_ *= 2;
}

std::string UsageCsv(const std::vector<UsageSample>& samples) {
  std::string csv = std::string(kHeader) + "\n";
  for (const UsageSample& sample : samples) {
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{}\n", sample.time_ns, sample.name, sample.pid, sample.cpu_ns,
                   sample.rss_bytes);
  }
  return csv;
}

std::vector<UsageSample> ParseUsageCsv(std::string_view csv) {
  std::vector<UsageSample> samples;
  while (!csv.empty() && samples.size() < UsageLog::kSamplesMax) {
    const size_t end = csv.find('\n');
    if (auto sample = SampleOf(csv.substr(0, end))) samples.push_back(*std::move(sample));
    if (end == std::string_view::npos) break;
    csv.remove_prefix(end + 1);
  }
  return samples;
}

std::vector<UsageSeries> UsageOver(const Timeline& timeline, const std::vector<UsageSample>& samples) {
  if (timeline.interval_ns == 0) return {};
  std::map<std::string, std::map<int64_t, std::vector<const UsageSample*>>> by_name;
  for (const UsageSample& sample : samples) by_name[sample.name][sample.pid].push_back(&sample);
  std::vector<UsageSeries> all;
  for (const auto& [name, by_pid] : by_name) {
    SeriesBuilder builder(timeline, name);
    for (const auto& [pid, of_pid] : by_pid) builder.Add(of_pid);
    all.push_back(builder.Finish());
  }
  const auto busy = [](const UsageSeries& series) {
    double sum = 0;
    for (const double cores : series.cores) sum += std::max(0.0, cores);
    return sum;
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const UsageSeries& a, const UsageSeries& b) { return busy(a) > busy(b); });
  return all;
}

}  // namespace harness
