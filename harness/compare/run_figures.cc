#include "harness/compare/run_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace harness {
namespace {

using Json = nlohmann::json;

constexpr double kNever = std::numeric_limits<double>::infinity();

std::optional<double> Number(const Json& object, const char* name) {
  const Json& value = ResultMember(object, name);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}
const Json& List(const Json& object, const char* name) {
  static const Json nothing = Json::array();
  const Json& value = ResultMember(object, name);
  return value.is_array() ? value : nothing;
}

std::optional<Json> ParseFlat(std::string_view text) {
  bool too_deep = false;
  Json parsed = Json::parse(
      text,
      [&](int depth, Json::parse_event_t, const Json&) {
        too_deep = too_deep || depth > kResultDepthMax;
        return !too_deep;
      },
      false);
  if (too_deep || parsed.is_discarded()) return std::nullopt;
  return parsed;
}

// Names a figure by what is called so in a run: without what would drive a terminal, and not without end.
std::string NamePart(const std::string& text) {
  constexpr size_t kBytesMax = 80;
  std::string part = text.substr(0, kBytesMax);
  std::replace_if(
      part.begin(), part.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return part;
}

// result.json's member of a histogram, as thresholds call that metric; another one keeps its name.
std::string LatencyName(const std::string& member) {
  static const std::map<std::string, std::string> names = {
      {"schedule_lag", "load.schedule_lag"}, {"produce_ack", "produce.ack"},     {"ack_server", "ack.server"},
      {"server_queue", "server.queue"},      {"server_client", "server.client"}, {"e2e", "e2e.latency"},
      {"e2e_service", "e2e.service"},        {"host_hiccup", "host.hiccup"}};
  const auto found = names.find(member);
  return found == names.end() ? NamePart(member) : found->second;
}

class FigureReader {
 public:
  FigureReader(const Json& result, RunFigures* run) : result_(result), run_(run) {}

  void Read() {
    ReadLatencies();
    ReadPhases();
    ReadUsage();
    ReadFaults();
  }

 private:
  void Add(const std::string& name, double value, Unit unit, Direction direction, bool by_default) {
    if (!std::isnan(value)) run_->figures[name] = {value, unit, direction, by_default};
  }

  void ReadLatencies() {
    static constexpr std::pair<const char*, double> kQuantiles[] = {
        {"p50", 0.5}, {"p75", 0.75}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99_9", 0.999}, {"p99_99", 0.9999}};
    const Json& latency = ResultMember(result_, "latency");
    if (!latency.is_object()) return;
    for (const auto& [which, histogram] : latency.items()) {
      const std::optional<double> samples = Number(histogram, "samples");
      if (!samples) continue;
      for (const auto& [quantile, share] : kQuantiles) {
        const std::string name = fmt::format("{}.{}", LatencyName(which), quantile);
        // As a threshold has it: with fewer it would be the luck of a few samples.
        const double wanted = std::round(10 / (1 - share));
        if (*samples < wanted) {
          run_->left_out[name] = fmt::format("{:.0f} samples, and {:.0f} are needed", *samples, wanted);
          continue;
        }
        const std::string member = std::string(quantile) + "_ns";
        const Json& value = ResultMember(histogram, member.c_str());
        if (!value.is_number() && !value.is_null()) continue;
        const bool neutral = which == "schedule_lag" || which == "host_hiccup";  // the harness's own
        Add(name, value.is_null() ? kNever : value.get<double>(), Unit::kNs,
            neutral ? Direction::kNeutral : Direction::kLessIsBetter, IsTold(name));
      }
    }
  }

  void ReadPhases() {
    for (const Json& phase : List(result_, "phases")) {
      const Json& measured = ResultMember(phase, "measured");
      const std::optional<double> rate = Number(phase, "delivered_per_s");
      if (!rate || *rate <= 0 || (measured.is_boolean() && !measured.get<bool>())) continue;
      Add("throughput.delivered." + NamePart(ResultText(phase, "name")), *rate, Unit::kPerSecond,
          Direction::kMoreIsBetter, true);
    }
  }

  // What a process costs, of all its lives. The harness and its broker are nobody's subject: shown when they are asked
  // for.
  void ReadUsage() {
    const Json& counts = ResultMember(result_, "counts");
    const double records = std::max(Number(counts, "logged").value_or(0), Number(counts, "acked").value_or(0));
    std::map<std::string, std::pair<double, double>> usage;  // CPU in ns, bytes
    for (const Json& process : List(result_, "usage")) {
      auto& [cpu_ns, bytes] = usage[NamePart(ResultText(process, "name"))];
      cpu_ns += Number(process, "cpu_user_ns").value_or(0) + Number(process, "cpu_system_ns").value_or(0);
      bytes = std::max(bytes, Number(process, "rss_bytes_max").value_or(0));
    }
    for (const auto& [name, used] : usage) {
      const bool ours = name == "harness" || name == "broker";
      const Direction direction = ours ? Direction::kNeutral : Direction::kLessIsBetter;
      if (records >= 1) {
        Add("proc." + name + ".cpu_per_record", used.first / records, Unit::kNs, direction, !ours);
      } else {
        run_->left_out["proc." + name + ".cpu_per_record"] = "no record reached the topic";
      }
      if (used.second > 0) Add("proc." + name + ".rss_peak", used.second, Unit::kBytes, direction, !ours);
    }
  }

  // The slowest client that lost its stream counts; one that did not come back is there without end.
  void ReadFaults() {
    for (const Json& fault : List(result_, "faults")) {
      const std::string name = NamePart(ResultText(fault, "name"));
      const std::optional<double> struck = Number(fault, "struck_ns");
      std::optional<double> reconnect;
      std::optional<double> recovered;
      for (const Json& recovery : List(fault, "recoveries")) {
        const Json& broke = ResultMember(recovery, "broke");
        if (!broke.is_boolean() || !broke.get<bool>()) continue;
        reconnect = std::max(reconnect.value_or(0), Number(recovery, "reconnect_ns").value_or(kNever));
        if (!struck) continue;
        const std::optional<double> whole = Number(recovery, "recovered_ns");
        recovered = std::max(recovered.value_or(0), whole ? *whole - *struck : kNever);
      }
      if (reconnect) Add("recovery.reconnect." + name, *reconnect, Unit::kNs, Direction::kLessIsBetter, true);
      if (recovered) Add("recovery.recovered." + name, *recovered, Unit::kNs, Direction::kLessIsBetter, true);
    }
  }

  const Json& result_;
  RunFigures* const run_;
};

}  // namespace

bool IsTold(std::string_view name) { return name == "e2e.latency.p50" || name == "e2e.latency.p99"; }

std::variant<RunFigures, std::string> ReadRunFigures(std::string_view json) {
  if (json.size() > kResultBytesMax) return fmt::format("it is greater than {} MiB", kResultBytesMax >> 20);
  const std::optional<Json> result = ParseFlat(json);
  if (!result || !result->is_object()) return std::string("it is no JSON object as harness run writes it");
  const Json& run = ResultMember(*result, "run");
  const Json& schema_version = ResultMember(*result, "schema_version");
  if (!run.is_object() || !schema_version.is_number_integer()) {
    return std::string("it has no \"run\" and \"schema_version\" as harness run writes them");
  }
  RunFigures figures;
  figures.scenario = NamePart(ResultText(*result, "scenario"));
  figures.verdict = NamePart(ResultText(*result, "verdict"));
  figures.backend = NamePart(ResultText(run, "backend"));
  figures.version = NamePart(ResultText(run, "version"));
  figures.schema_version = schema_version.get<int64_t>();
  for (const char* name : {"cpu", "cores", "kernel"}) {
    const std::string value = NamePart(ResultText(ResultMember(run, "host"), name));
    if (!value.empty()) figures.host[name] = value;
  }
  FigureReader(*result, &figures).Read();
  return figures;
}

std::optional<Json> ReadPlan(std::string_view json) {
  std::optional<Json> plan = ParseFlat(json);
  if (!plan || !plan->is_object()) return std::nullopt;
  return plan;
}

}  // namespace harness
