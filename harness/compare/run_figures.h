// What a comparison takes from one run's result.json: its figures by name, and what makes it comparable with others.
// Called by read_runs.cc. Pure: the file may come from anywhere, and may hold anything.
//
// Names are those of thresholds' metrics (docs/measurement.md) and what they are of (docs/formats.md): e2e.latency.p99,
// throughput.delivered.PHASE, proc.NAME.cpu_per_record and .rss_peak, recovery.reconnect.FAULT.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/compare/comparison.h"
#include "harness/report/result_members.h"

namespace harness {

struct Figure {
  double value = 0;  // infinity: it never came
  Unit unit = Unit::kNs;
  Direction direction = Direction::kLessIsBetter;
  bool by_default = true;  // compared when no metric is named
};

struct RunFigures {
  std::string path;  // where it was read, for people; the caller's to fill in
  std::string scenario;
  std::string verdict;  // "PASS"
  std::string backend;
  std::string version;
  int64_t schema_version = 0;
  std::map<std::string, std::string> host;  // what a machine is known by: "cpu", "cores", "kernel"
  std::map<std::string, Figure> figures;
  std::map<std::string, std::string> left_out;  // figures that the run has not, and why
  std::optional<nlohmann::json> plan;           // its effective scenario; the caller's to fill in
};

// How deep a result.json may be nested.
inline constexpr int kResultDepthMax = 64;

// Of the latencies those that are compared, or told to be left out, when no metric is named.
bool IsTold(std::string_view name);

// The figures, or in a sentence why it is no result of a run. A member that is missing or of another type is left out.
std::variant<RunFigures, std::string> ReadRunFigures(std::string_view json);

// A scenario as JSON; nullopt: it is none, or nested deeper than kResultDepthMax.
std::optional<nlohmann::json> ReadPlan(std::string_view json);

}  // namespace harness
