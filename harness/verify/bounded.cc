#include "harness/verify/bounded.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/program_args.h"

namespace harness {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kWindowBytes = 256 * kMiB;    // what --window-bytes says when nobody sets it
constexpr int64_t kReadAheadBytes = 64 * kMiB;  // librdkafka's queued.max.messages.kbytes
constexpr int64_t kSlackBytes = 128 * kMiB;
constexpr int64_t kKeptFactor = 3;

// The value of --window-bytes in `args`, as one word or two.
int64_t WindowBytes(const std::vector<std::string>& args) {
  int64_t window_bytes = kWindowBytes;
  for (const FlagValue& value : ValuesOfFlag(args, "--window-bytes")) {
    std::from_chars(value.text.data(), value.text.data() + value.text.size(), window_bytes);
  }
  return window_bytes;
}

std::string MiBText(int64_t bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / kMiB); }

// nullopt: nothing is known that it could be held to.
std::optional<int64_t> LimitBytes(const History& history, const ServerPlan& plan, const ProcessSpan& life) {
  if (plan.rss_bytes_max > 0) return plan.rss_bytes_max;
  if (!plan.command.empty() || life.rss_ready_bytes == 0 || !history.audited) return std::nullopt;
  const int64_t allowance_bytes =
      WindowBytes(plan.args) + kReadAheadBytes + kKeptFactor * history.log_bytes + kSlackBytes;
  return life.rss_ready_bytes + kAllowanceFactor * allowance_bytes;
}

}  // namespace

CheckResult CheckBounded(const Evidence& evidence) {
  Findings findings("BOUNDED");
  const History& history = evidence.history;
  for (const ServerPlan& plan : evidence.scenario.servers) {
    int64_t unknown = 0;
    for (const ProcessSpan& life : history.processes) {
      if (life.name != plan.name) continue;
      const auto limit_bytes = LimitBytes(history, plan, life);
      if (!limit_bytes || life.rss_bytes_max == 0) {
        ++unknown;
        continue;
      }
      findings.Judged();
      if (life.rss_bytes_max <= *limit_bytes) continue;
      findings.Add(true, [&] {
        Violation violation;
        violation.causes = Cause::kServer;
        violation.time_ns = life.ended_ns;
        violation.sentence = fmt::format(
            "server {} (pid {}) had {} of resident memory, above its limit of {}{}; it had {} when it was ready, and "
            "the topic holds {}",
            plan.name, life.pid, MiBText(life.rss_bytes_max), MiBText(*limit_bytes),
            plan.rss_bytes_max > 0 ? " (rss_max)" : "", MiBText(life.rss_ready_bytes), MiBText(history.log_bytes));
        return violation;
      });
    }
    if (unknown == 0) continue;
    findings.Note(plan.command.empty() || plan.rss_bytes_max > 0
                      ? fmt::format("{}: {} lives whose memory is not known", plan.name, unknown)
                      : fmt::format("{} is a program that no rss_max is told of: n/a", plan.name));
  }
  return findings.Finish();
}

}  // namespace harness
