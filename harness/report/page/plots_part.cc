// The plots: their figures as JSON for page.js, and what each shows in words for those who do not see it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/page/html.h"
#include "harness/report/page/page.h"
#include "harness/report/text.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kProcessesPlotted = 8;
constexpr size_t kClientsPlotted = 4;
constexpr size_t kBandsMax = 200;
constexpr size_t kBandButtons = 12;
constexpr size_t kPhasesMax = 100;
constexpr int kQuantileSteps = 12;  // to each power of ten
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

double Seconds(int64_t time_ns) { return std::round(static_cast<double>(time_ns) / 1e6) / 1e3; }

// With four digits that matter, so that the page stays small; null where it is not known.
Json Cell(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == 0) return 0;
  const double scale = std::pow(10, 3 - std::floor(std::log10(std::fabs(value))));
  const double rounded = std::round(value * scale) / scale;
  if (rounded == std::floor(rounded) && std::fabs(rounded) < 1e15) return static_cast<int64_t>(rounded);
  return rounded;
}

struct Plot {
  std::string id = {};
  std::string title = {};
  std::string summary = {};  // what it shows, in words
  std::string x = "time";
  std::string unit = {};
  bool log = false;
  bool named = false;  // bands and phases have their names in it
  bool tall = false;
  std::vector<std::pair<std::string, std::vector<double>>> series = {};
};

class PlotsWriter {
 public:
  PlotsWriter(const Report& report, const Timeline& timeline, const std::vector<UsageSample>& usage)
      : report_(report), timeline_(timeline), usage_(UsageOver(timeline, usage)) {}

  PlotsPart Write() {
    if (!timeline_.points.empty()) {
      AddThroughput();
      AddBacklog();
      AddLatency();
      AddUsage();
    }
    const size_t over_time = plots_.size();
    AddDistribution();
    std::string html;
    if (over_time > 0) {
      html += "<section aria-labelledby=\"h-time\"><h2 id=\"h-time\">Over time</h2>\n" + Introduction() + Tools();
      for (size_t i = 0; i < over_time; ++i) html += Figure(plots_[i]);
      html += "</section>\n";
    }
    if (over_time < plots_.size()) {
      html += "<section aria-labelledby=\"h-latency\"><h2 id=\"h-latency\">Latency distribution</h2>\n" +
              Figure(plots_.back()) + QuantileTable() + "</section>\n";
    }
    return {std::move(html), ScriptJson(Data())};
  }

 private:
  double PerSecond(int64_t count) const {
    return static_cast<double>(count) * 1e9 / static_cast<double>(timeline_.interval_ns);
  }
  std::string At(size_t interval) const { return MomentOf(timeline_.points[interval].begin_ns); }
  static std::string MomentOf(int64_t since_ns) {
    return fmt::format("{:+.1f} s", static_cast<double>(since_ns) / 1e9);
  }
  template <typename Value>
  std::vector<double> ForEachPoint(const Value& value) const {
    std::vector<double> values;
    for (const TimelinePoint& point : timeline_.points) values.push_back(value(point));
    return values;
  }
  const std::string& ClientName(const ClientSeries& series) const {
    return report_.history.clients[series.client].name;
  }
  // Few clients have a line each; of many the least, the middle and the most are shown.
  bool HasLines() const { return !timeline_.clients.empty() && timeline_.clients.size() <= kClientsPlotted; }

  void AddThroughput() {
    Plot plot{.id = "throughput", .title = "Throughput", .unit = "rate", .named = true, .tall = true};
    plot.series.emplace_back("offered", ForEachPoint([&](const auto& point) { return PerSecond(point.offered); }));
    plot.series.emplace_back("acknowledged", ForEachPoint([&](const auto& point) { return PerSecond(point.acked); }));
    if (HasLines()) {
      for (const ClientSeries& client : timeline_.clients) {
        std::vector<double> values;
        for (const int64_t count : client.delivered) values.push_back(PerSecond(count));
        plot.series.emplace_back("delivered to " + ClientName(client), std::move(values));
      }
    } else if (timeline_.observed_clients > 0) {
      const auto add = [&](const char* name, int64_t Spread::*which) {
        plot.series.emplace_back(name,
                                 ForEachPoint([&](const auto& point) { return PerSecond(point.delivered.*which); }));
      };
      add("delivered, the client with least", &Spread::min);
      add("delivered, the middle client", &Spread::median);
      add("delivered, the client with most", &Spread::max);
    }
    plot.summary = ThroughputWords();
    plots_.push_back(std::move(plot));
  }

  std::string ThroughputWords() const {
    size_t most = 0, longest = 0, longest_end = 0, run = 0;
    for (size_t i = 0; i < timeline_.points.size(); ++i) {
      if (timeline_.points[i].offered > timeline_.points[most].offered) most = i;
      run = timeline_.points[i].offered > 0 && timeline_.points[i].delivered.min == 0 ? run + 1 : 0;
      if (run > longest) {
        longest = run;
        longest_end = i;
      }
    }
    std::string words =
        fmt::format("Offered at most {} at {}.", RateText(PerSecond(timeline_.points[most].offered)), At(most));
    if (timeline_.observed_clients == 0) return words + " No client is observed.";
    if (longest < 2) return words + " Every client was given something all the time.";
    return words +
           fmt::format(" The longest time in which records were offered and some client was given none: {} from {} on.",
                       DurationText(static_cast<int64_t>(longest) * timeline_.interval_ns),
                       At(longest_end + 1 - longest));
  }

  void AddBacklog() {
    if (timeline_.observed_clients == 0) return;
    Plot plot{.id = "backlog", .title = "Backlog: acknowledged and not yet delivered", .unit = "count"};
    if (HasLines()) {
      for (const ClientSeries& client : timeline_.clients) {
        plot.series.emplace_back(ClientName(client), std::vector<double>(client.backlog.begin(), client.backlog.end()));
      }
    } else {
      plot.series.emplace_back("the client furthest behind",
                               ForEachPoint([](const auto& point) { return static_cast<double>(point.backlog_max); }));
    }
    const auto most =
        std::max_element(timeline_.points.begin(), timeline_.points.end(),
                         [](const TimelinePoint& a, const TimelinePoint& b) { return a.backlog_max < b.backlog_max; });
    plot.summary = fmt::format("The client furthest behind lacked at most {} at {}, and {} at the end.",
                               Counted(most->backlog_max, "record"), MomentOf(most->begin_ns),
                               CountText(timeline_.points.back().backlog_max));
    plots_.push_back(std::move(plot));
  }

  void AddLatency() {
    const auto ms = [](int64_t latency_ns) {
      return latency_ns < 0 ? kUnknown : static_cast<double>(std::max<int64_t>(latency_ns, 1)) / 1e6;
    };
    const auto worst = std::max_element(
        timeline_.points.begin(), timeline_.points.end(),
        [](const TimelinePoint& a, const TimelinePoint& b) { return a.latency_p99_ns < b.latency_p99_ns; });
    if (worst->latency_p99_ns < 0) return;
    Plot plot{.id = "latency",
              .title = "Latency: planned to delivered, by when it was planned",
              .summary = {},
              .unit = "ms",
              .log = true};
    const std::string of = timeline_.observed_clients > 1 ? ", of the worst client" : "";
    plot.series.emplace_back("p50" + of, ForEachPoint([&](const auto& point) { return ms(point.latency_p50_ns); }));
    plot.series.emplace_back("p99" + of, ForEachPoint([&](const auto& point) { return ms(point.latency_p99_ns); }));
    plot.series.emplace_back("most" + of, ForEachPoint([&](const auto& point) { return ms(point.latency_max_ns); }));
    std::vector<int64_t> all;
    for (const TimelinePoint& point : timeline_.points) {
      if (point.latency_p99_ns >= 0) all.push_back(point.latency_p99_ns);
    }
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
    plot.summary = fmt::format(
        "p99 was {} at its worst, of records planned at {}, and {} in the middle interval. What never came is not in "
        "it.",
        DurationText(worst->latency_p99_ns), MomentOf(worst->begin_ns), DurationText(all[all.size() / 2]));
    plots_.push_back(std::move(plot));
  }

  void AddUsage() {
    if (usage_.empty()) return;
    Plot cpu{.id = "cpu", .title = "CPU of each process, in cores", .unit = "cores"};
    Plot memory{.id = "memory", .title = "Resident memory of each process", .unit = "bytes"};
    for (size_t i = 0; i < std::min(usage_.size(), kProcessesPlotted); ++i) {
      const UsageSeries& series = usage_[i];
      std::vector<double> cores, bytes;
      for (const double value : series.cores) cores.push_back(value < 0 ? kUnknown : value);
      for (const int64_t value : series.rss_bytes) bytes.push_back(value < 0 ? kUnknown : static_cast<double>(value));
      cpu.series.emplace_back(series.name, std::move(cores));
      memory.series.emplace_back(series.name, std::move(bytes));
    }
    const auto greatest = [&](const auto& figure) {
      return *std::max_element(usage_.begin(), usage_.end(),
                               [&](const UsageSeries& a, const UsageSeries& b) { return figure(a) < figure(b); });
    };
    const UsageSeries busiest = greatest([](const UsageSeries& series) { return series.cores_max; });
    const UsageSeries largest =
        greatest([](const UsageSeries& series) { return static_cast<double>(series.rss_bytes_max); });
    cpu.summary = fmt::format("{} was the busiest, with at most {:.2f} cores.", busiest.name, busiest.cores_max);
    memory.summary = fmt::format("{} was the largest, with at most {:.1f} MiB.", largest.name,
                                 static_cast<double>(largest.rss_bytes_max) / (1 << 20));
    if (usage_.size() > kProcessesPlotted) {
      cpu.summary += fmt::format(" The {} busiest of {} are shown.", kProcessesPlotted, usage_.size());
    }
    plots_.push_back(std::move(cpu));
    plots_.push_back(std::move(memory));
  }

  // The curves of the distribution: their names and histograms.
  std::vector<std::pair<std::string, const LatencyHistogram*>> Curves() const {
    std::vector<std::pair<std::string, const LatencyHistogram*>> curves;
    const auto add = [&curves](const std::string& name, const LatencyHistogram& histogram) {
      if (histogram.count() > 0) curves.emplace_back(name, &histogram);
    };
    add("planned to sent", report_.metrics.schedule_lag);
    add("sent to acknowledged", report_.metrics.produce_ack);
    add("planned to delivered", report_.metrics.e2e);
    const auto& clients = report_.metrics.clients;
    if (clients.size() > 1 && clients.size() <= kClientsPlotted) {
      for (const ClientFigures& client : clients) add("planned to delivered at " + client.name, client.e2e);
    }
    return curves;
  }

  // On an axis of 1/(1-q), so that each nine has the same room.
  void AddDistribution() {
    const auto curves = Curves();
    if (curves.empty()) return;
    Plot plot{.id = "distribution",
              .title = "Latency by percentile",
              .summary = {},
              .x = "quantile",
              .unit = "ms",
              .log = true,
              .tall = true};
    for (const auto& [name, histogram] : curves) {
      plot.series.emplace_back(name, std::vector<double>());
      for (const double x : QuantileAxis()) {
        // Beyond the last sample a curve has nothing to say.
        const double q = 1 - std::pow(10, -x);
        const bool told = x == 0 || std::pow(10, x) <= static_cast<double>(histogram->count()) * 1.0001;
        const auto value = told ? histogram->AtQuantile(std::max(q, 1e-9)) : std::nullopt;
        plot.series.back().second.push_back(value ? static_cast<double>(std::max<int64_t>(*value, 1)) / 1e6 : kUnknown);
      }
    }
    plot.summary = "Each step to the right is one nine more. The table below has the figures.";
    plots_.push_back(std::move(plot));
  }
  std::vector<double> QuantileAxis() const {
    int64_t most = 1;
    for (const auto& [name, histogram] : Curves()) most = std::max(most, histogram->count());
    const int steps = static_cast<int>(std::floor(std::log10(static_cast<double>(most)) * kQuantileSteps));
    std::vector<double> axis;
    for (int i = 0; i <= steps; ++i) axis.push_back(static_cast<double>(i) / kQuantileSteps);
    return axis;
  }

  std::string QuantileTable() const {
    HtmlTable table("Latency: percentiles of what was measured", {{"Latency"},
                                                                  {"p50", true},
                                                                  {"p90", true},
                                                                  {"p99", true},
                                                                  {"p99.9", true},
                                                                  {"p99.99", true},
                                                                  {"Most", true},
                                                                  {"Samples", true}});
    for (const auto& [name, histogram] : Curves()) {
      std::vector<std::string> cells = {Html(name)};
      for (const double q : {0.5, 0.9, 0.99, 0.999, 0.9999}) {
        const auto value = histogram->AtQuantile(q);
        cells.push_back(value ? DurationText(*value) : "–");
      }
      cells.push_back(DurationText(*histogram->Max()));
      cells.push_back(CountText(histogram->count()));
      table.Add(cells);
    }
    return table.Text();
  }

  struct Band {
    std::string name;
    int64_t from_ns = 0, to_ns = 0, recovered_ns = 0;  // since the begin of the load
  };
  // [strike, healed, the last client recovered] of each fault that struck.
  std::vector<Band> Bands() const {
    std::vector<Band> bands;
    const History& history = report_.history;
    const int64_t end_ns = timeline_.points.empty() ? 0 : timeline_.points.back().begin_ns + timeline_.interval_ns;
    for (size_t i = 0; i < history.faults.size() && bands.size() < kBandsMax; ++i) {
      const FaultEvent& fault = history.faults[i];
      if (fault.struck_ns == 0) continue;
      const auto since = [&](int64_t time_ns) { return time_ns == 0 ? end_ns : Since(time_ns, timeline_.origin_ns); };
      Band band{fault.name, since(fault.struck_ns), since(fault.healed_ns), 0};
      band.recovered_ns = band.to_ns;
      for (const Recovery& recovery : report_.metrics.recoveries) {
        if (recovery.fault != i || recovery.client >= history.clients.size()) continue;
        if (!history.clients[recovery.client].observed) continue;
        band.recovered_ns = std::max(band.recovered_ns, since(recovery.recovered_ns));
      }
      bands.push_back(std::move(band));
    }
    return bands;
  }

  Json Data() const {
    Json plots = Json::array();
    const double half_ns = static_cast<double>(timeline_.interval_ns) / 2;
    const std::vector<double> quantiles = QuantileAxis();
    for (const Plot& plot : plots_) {
      Json names = Json::array();
      for (const auto& [name, values] : plot.series) names.push_back(Printable(name));
      Json rows = Json::array();
      const bool over_time = plot.x == "time";
      const size_t size = plot.series.front().second.size();
      for (size_t i = 0; i < size; ++i) {
        Json row = Json::array();
        row.push_back(over_time ? Json(Seconds(timeline_.points[i].begin_ns + static_cast<int64_t>(half_ns)))
                                : Json(std::round(quantiles[i] * 1e4) / 1e4));
        for (const auto& [name, values] : plot.series) row.push_back(Cell(values[i]));
        rows.push_back(std::move(row));
      }
      plots.push_back({{"id", plot.id},
                       {"x", plot.x},
                       {"unit", plot.unit},
                       {"log", plot.log},
                       {"named", plot.named},
                       {"names", std::move(names)},
                       {"rows", std::move(rows)}});
    }
    Json bands = Json::array();
    for (const Band& band : Bands()) {
      bands.push_back({{"name", Printable(band.name)},
                       {"from", Seconds(band.from_ns)},
                       {"to", Seconds(band.to_ns)},
                       {"recovered", Seconds(band.recovered_ns)}});
    }
    Json phases = Json::array();
    for (const Phase& phase : report_.history.phases) {
      if (phase.begin_ns == 0 || phases.size() == kPhasesMax) continue;
      phases.push_back(
          {{"name", Printable(phase.name)}, {"from", Seconds(Since(phase.begin_ns, timeline_.origin_ns))}});
    }
    const double end = timeline_.points.empty() ? 1 : Seconds(timeline_.points.back().begin_ns + timeline_.interval_ns);
    return {
        {"span", {0, end}}, {"plots", std::move(plots)}, {"bands", std::move(bands)}, {"phases", std::move(phases)}};
  }

  std::string Introduction() const {
    std::string text = fmt::format(
        "<p>Each point is {} long; times count from the begin of the load, which dashed lines cut into phases.",
        DurationText(timeline_.interval_ns));
    if (!Bands().empty()) {
      text += " Bands are faults: dark while one was on, light until the last client had recovered.";
    }
    return text + " Drag over a plot to look closer: all of them follow. Double-click to see all again.</p>\n";
  }

  std::string Tools() const {
    std::string html =
        "<div class=\"tools\" id=\"tools\" role=\"group\" aria-label=\"Which part of the time is shown\" hidden>";
    constexpr std::pair<const char*, const char*> kMoves[] = {
        {"in", "Closer"}, {"out", "Wider"}, {"left", "Earlier"}, {"right", "Later"}, {"all", "All"}};
    for (const auto& [move, text] : kMoves) {
      html += fmt::format("<button type=\"button\" data-move=\"{}\">{}</button>", move, text);
    }
    const std::vector<Band> bands = Bands();
    for (size_t i = 0; i < std::min(bands.size(), kBandButtons); ++i) {
      html += fmt::format("<button type=\"button\" data-band=\"{}\">Fault {}</button>", i, Html(bands[i].name));
    }
    return html + "<output id=\"shown\" aria-live=\"polite\"></output></div>\n";
  }

  static std::string Figure(const Plot& plot) {
    return fmt::format(
        "<figure id=\"figure-{0}\" aria-labelledby=\"caption-{0}\"><figcaption "
        "id=\"caption-{0}\">{1}<span>{2}</span></figcaption>\n"
        "<div class=\"plot{3}\" role=\"img\" aria-label=\"{1}. {2}\"></div>\n"
        "<details class=\"fold\"><summary>{1}: the figures</summary><div class=\"scroll\" tabindex=\"0\" "
        "role=\"region\" "
        "aria-label=\"{1}: the figures\"></div></details></figure>\n",
        plot.id, Html(plot.title), Html(plot.summary), plot.tall ? " tall" : "");
  }

  const Report& report_;
  const Timeline& timeline_;
  const std::vector<UsageSeries> usage_;
  std::vector<Plot> plots_;
};

}  // namespace

PlotsPart MakePlotsPart(const Report& report, const Timeline& timeline, const std::vector<UsageSample>& usage) {
  return PlotsWriter(report, timeline, usage).Write();
}

}  // namespace harness
