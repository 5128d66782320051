#include "harness/cli/comparison_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "harness/report/text.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kDurationNsMax = 9e18;

// How far the interval of the median reaches, as a share of it: "±3%"; of too few runs "±?".
std::string WidthText(const MedianInterval& interval) {
  if (!interval.reached) return "±?";
  const double width = std::max(interval.high - interval.median, interval.median - interval.low);
  if (width == 0) return "±0%";
  const double share = width / std::fabs(interval.median);
  return std::isfinite(share) && share < 10 ? fmt::format("±{:.0f}%", 100 * share) : "±∞";
}

std::string ChangeText(double change) {
  if (std::isnan(change)) return "?";
  if (std::isinf(change)) return change > 0 ? "+∞" : "-∞";
  return fmt::format("{:+.1f}%", 100 * change);
}

std::string PText(double p) {
  if (p < 0.0001) return "<0.0001";
  return fmt::format("{:.4f}", p);
}

std::string VerdictText(const MetricComparison& metric) {
  if (metric.verdict == Change::kNone && metric.too_few_runs) return "~ (too few runs)";
  return std::string(ChangeName(metric.verdict));
}

std::string Names(const GroupComparison& comparison, Change change) {
  std::string names;
  for (const MetricComparison& metric : comparison.metrics) {
    if (metric.verdict == change) names += (names.empty() ? "" : ", ") + metric.name;
  }
  return names;
}

std::string Headline(const GroupComparison& comparison, const ComparisonFacts& facts, const ConsoleStyle& style) {
  const auto judged = std::count_if(comparison.metrics.begin(), comparison.metrics.end(),
                                    [](const auto& metric) { return metric.direction != Direction::kNeutral; });
  std::string text;
  if (comparison.worse > 0) {
    text = Painted(style, Color::kRed, "WORSE") + ": " + Names(comparison, Change::kWorse);
  } else if (comparison.runs_needed > 0) {
    text = Painted(style, Color::kYellow, "NOTHING CAN BE SAID") +
           fmt::format(": {} metrics need at least {} runs of each, and there are {} and {}", judged,
                       comparison.runs_needed, facts.runs_a, facts.runs_b);
  } else {
    text = Painted(style, Color::kGreen, "NOTHING IS WORSE") + fmt::format(" of {} metrics", judged);
  }
  if (comparison.better > 0) text += "; better: " + Names(comparison, Change::kBetter);
  return text;
}

Json GroupJson(const MedianInterval& interval, int runs) {
  return {{"median", interval.median},
          {"low", interval.low},
          {"high", interval.high},
          {"interval_reached", interval.reached},
          {"runs", runs}};
}

const char* UnitName(Unit unit) {
  switch (unit) {
    case Unit::kNs:
      return "ns";
    case Unit::kPerSecond:
      return "per_s";
    case Unit::kBytes:
      break;
  }
  return "bytes";
}

const char* DirectionName(Direction direction) {
  switch (direction) {
    case Direction::kLessIsBetter:
      return "less";
    case Direction::kMoreIsBetter:
      return "more";
    case Direction::kNeutral:
      break;
  }
  return "neutral";
}

}  // namespace

std::string FigureText(double value, Unit unit) {
  if (std::isinf(value)) return "never";
  switch (unit) {
    case Unit::kNs:
      return DurationText(static_cast<int64_t>(std::clamp(value, -kDurationNsMax, kDurationNsMax)));
    case Unit::kPerSecond:
      return RateText(std::clamp(value, -1e15, 1e15));
    case Unit::kBytes:
      break;
  }
  return fmt::format("{:.1f} MiB", value / (1 << 20));
}

std::string ComparisonText(const GroupComparison& comparison, const ComparisonFacts& facts,
                           const ComparisonOptions& options, const ConsoleStyle& style) {
  const size_t columns = TextColumns(style);
  std::string text = Paragraph(facts.scenario + ": ", Headline(comparison, facts, style), columns);
  text +=
      Paragraph("A: ", fmt::format("{} ({})", facts.a, Counted(static_cast<int64_t>(facts.runs_a), "run")), columns);
  text +=
      Paragraph("B: ", fmt::format("{} ({})", facts.b, Counted(static_cast<int64_t>(facts.runs_b), "run")), columns);
  Table table{.header = {"metric", "A", "", "B", "", "change", "p", "verdict"}, .rows = {}};
  for (const MetricComparison& metric : comparison.metrics) {
    table.rows.push_back({metric.name, FigureText(metric.a.median, metric.unit), WidthText(metric.a),
                          FigureText(metric.b.median, metric.unit), WidthText(metric.b), ChangeText(metric.change),
                          PText(metric.p_adjusted), VerdictText(metric)});
  }
  text += TableText(table, columns);
  const std::string legend = fmt::format(
      "Medians, and how far their {:.0f} % intervals reach. A change counts from {:.3g} % on and with p below {:.3g} "
      "(Mann-Whitney, over all metrics by Holm); ~ says that nothing can be said.",
      100 * options.confidence, 100 * options.effect_min, options.alpha);
  text += Paragraph("", legend, columns);
  return style.utf8 ? text : Ascii(text);
}

Json ComparisonJson(const GroupComparison& comparison, const ComparisonFacts& facts, int exit_code) {
  Json metrics = Json::array();
  for (const MetricComparison& metric : comparison.metrics) {
    metrics.push_back(
        {{"name", metric.name},
         {"unit", UnitName(metric.unit)},
         {"better", DirectionName(metric.direction)},
         {"a", GroupJson(metric.a, metric.runs_a)},
         {"b", GroupJson(metric.b, metric.runs_b)},
         {"change", metric.change},
         {"u", metric.u},
         {"p", metric.p},
         {"p_adjusted", metric.p_adjusted},
         {"verdict", metric.verdict == Change::kNone ? "unknown" : std::string(ChangeName(metric.verdict))},
         {"too_few_runs", metric.too_few_runs}});
  }
  return {{"scenario", facts.scenario},
          {"a", facts.a},
          {"b", facts.b},
          {"exit_code", exit_code},
          {"worse", comparison.worse},
          {"better", comparison.better},
          {"runs_needed", comparison.runs_needed},
          {"metrics", std::move(metrics)}};
}

}  // namespace harness
