#include "harness/judge/threshold_result.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "harness/measure/metric_text.h"
#include "harness/verify/checker.h"

namespace harness {
namespace {

std::string ValueText(MetricUnit unit, double value) {
  if (std::isinf(value)) return "never";
  switch (unit) {
    case MetricUnit::kTime:
      return TimeText(static_cast<int64_t>(value));
    case MetricUnit::kCount:
      return fmt::format("{:.0f}", value);
    case MetricUnit::kRate:
      return fmt::format("{:.4g}/s", value);
    case MetricUnit::kShare:
      return fmt::format("{:.4g}%", value * 100);
    case MetricUnit::kBytes:
      return BytesText(value);
    case MetricUnit::kByteRate:
      return BytesText(value) + "/s";
  }
  return "";
}

std::string MeasuredText(const Threshold& threshold, const Measured& measured) {
  std::string text = fmt::format("measured {}", ValueText(threshold.unit, *measured.value));
  if (!measured.whose.empty()) text += " of " + measured.whose;
  text += fmt::format(" in {} sample{}", measured.samples, measured.samples == 1 ? "" : "s");
  if (measured.without_end > 0) text += fmt::format(", {} of them without end", measured.without_end);
  return measured.note.empty() ? text : text + "; " + measured.note;
}

}  // namespace

ThresholdResult JudgeThreshold(const Threshold& threshold, const Measured& measured, const JudgeOptions& options) {
  ThresholdResult result;
  result.name = threshold.text;
  result.limit = threshold.limit;
  result.is_time = threshold.is_time();
  result.judged = result.samples = measured.samples;
  result.samples_wanted = measured.samples_wanted;
  result.without_end = measured.without_end;
  result.whose = measured.whose;
  if (!measured.value || measured.samples == 0) {
    result.state = CheckState::kViolated;
    result.reason = "nothing to measure: zero samples";
    if (!measured.whose.empty()) result.reason += " of " + measured.whose;
    if (!measured.note.empty()) result.reason += ": " + measured.note;
  } else {
    result.measured = *measured.value;
    result.reason = MeasuredText(threshold, measured);
    if (measured.samples < measured.samples_wanted) {
      result.state = CheckState::kInvalid;
      result.reason += fmt::format("; {} samples are needed", measured.samples_wanted);
    } else if (!Holds(threshold, *measured.value)) {
      result.state = CheckState::kViolated;
    }
  }
  if (result.state == CheckState::kViolated) result.violation_count = 1;
  if (threshold.is_time() && options.report_time_thresholds) {
    result.state = CheckState::kReported;
    result.violation_count = 0;
  }
  return result;
}

}  // namespace harness
