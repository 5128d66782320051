#include "harness/measure/metric_text.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "harness/measure/metric_table.h"

namespace harness {
namespace {

std::string_view LimitText(MetricUnit unit) {
  switch (unit) {
    case MetricUnit::kTime:
      return "`100ms`";
    case MetricUnit::kCount:
      return "`3`";
    case MetricUnit::kRate:
      return "`500/s`";
    case MetricUnit::kShare:
      return "`99.5%`";
    case MetricUnit::kBytes:
      return "`64MiB`";
    case MetricUnit::kByteRate:
      return "`10MiB/s`";
  }
  return "";
}

std::string SelectorsText(const std::vector<std::string_view>& selectors) {
  std::string text;
  for (const std::string_view selector : selectors) {
    text += text.empty() ? "" : " ";
    text += "`" + std::string(selector) + (selector == "each" ? "`" : "=`");
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::string BytesText(double bytes) {
  constexpr double kMiB = 1 << 20;
  return bytes >= kMiB ? fmt::format("{:.4g} MiB", bytes / kMiB) : fmt::format("{:.0f} bytes", bytes);
}

std::string MetricsTable() {
  std::string table = "| Metric | Limit | Percentile | Selectors | What it is |\n|---|---|---|---|---|\n";
  for (const MetricRow& row : MetricTable()) {
    const MetricDefinition& metric = row.definition;
    table += "| `" + std::string(metric.name) + "` | " + std::string(LimitText(metric.unit)) + " | " +
             (metric.needs_quantile     ? "needed"
              : metric.takes_quantile() ? "if wanted"
                                        : "none") +
             " | " + SelectorsText(metric.selectors) + " | " + std::string(metric.description) + " |\n";
  }
  return table;
}

}  // namespace harness
