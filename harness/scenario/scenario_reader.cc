#include "harness/scenario/scenario_reader.h"

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "harness/scenario/phase_reader.h"
#include "harness/scenario/program_reader.h"
#include "harness/scenario/threshold.h"
#include "harness/scenario/trigger_reader.h"

namespace harness {
namespace {

class Reader {
 public:
  explicit Reader(ErrorList* errors) : errors_(errors) {}

  Scenario Read(const Json& root) {
    Scenario scenario;
    scenario.name = root.value("name", "");
    scenario.description = root.value("description", "");
    scenario.seed = root.value("seed", scenario.seed);
    ReadPrograms(root, errors_, &scenario);
    ForEach(root, "phases",
            [&](const Json& json, const std::string& at) { scenario.phases.push_back(ReadPhase(json, at, errors_)); });
    ForEach(root, "faults", [&](const Json& json, const std::string& at) {
      scenario.faults.push_back(ReadFault(json, at, scenario.faults.size() + 1));
    });
    if (const auto probe = root.find("probe"); probe != root.end()) {
      scenario.probe.enabled = probe->value("enabled", true);
      ReadDuration(*probe, "/probe", "interval", errors_, kPositive, &scenario.probe.interval_ns);
    }
    if (const auto drain = root.find("drain"); drain != root.end()) {
      ReadDuration(*drain, "/drain", "timeout", errors_, kPositive, &scenario.drain_timeout_ns);
    }
    if (const auto expect = root.find("expect"); expect != root.end()) scenario.expect = ReadExpectations(*expect);
    return scenario;
  }

 private:
  FaultPlan ReadFault(const Json& json, const std::string& at, size_t number) {
    static const std::map<std::string, FaultType> types = {{"process.kill", FaultType::kProcessKill},
                                                           {"process.terminate", FaultType::kProcessTerminate},
                                                           {"process.pause", FaultType::kProcessPause}};
    FaultPlan fault;
    const std::string type = json.value("type", "");
    fault.type = types.at(type);
    fault.name = json.value("name", type + "-" + std::to_string(number));
    fault.target = json.value("target", "");
    if (fault.type == FaultType::kProcessPause) {
      Forbid(json, at, "restart_after", "process.pause ends no process; \"duration\" says how long it stands still");
    } else {
      Forbid(json, at, "duration", type + " ends the process; \"restart_after\" says when it starts again");
    }
    int64_t time_ns = 0;
    if (ReadDuration(json, at, "restart_after", errors_, kZeroToo, &time_ns)) fault.restart_after_ns = time_ns;
    if (ReadDuration(json, at, "duration", errors_, kPositive, &time_ns)) fault.duration_ns = time_ns;
    ReadWhen(json, at, &fault.trigger);
    return fault;
  }

  void ReadWhen(const Json& json, const std::string& at, Trigger* trigger) {
    if (json.contains("at") == json.contains("when")) {
      errors_->AtValue(at,
                       std::string(json.contains("at") ? "both \"at\" and \"when\" stand here"
                                                       : "neither \"at\" nor \"when\" stands here") +
                           "; a fault has one of them: \"at\": \"PHASE+TIME\", or \"when\": {\"delivered\": COUNT}");
    }
    for (const char* key : {"at", "when"}) {
      if (const auto when = json.find(key); when != json.end()) {
        ReadTrigger(*when, Below(at, key), errors_, trigger);
      }
    }
  }

  Expectations ReadExpectations(const Json& json) {
    Expectations expect;
    expect.min_records = json.value("min_records", expect.min_records);
    expect.dead_letters = json.value("dead_letters", false);
    expect.acked_share = json.value("acked_share", expect.acked_share);
    if (const auto schedule = json.find("schedule"); schedule != json.end()) {
      expect.schedule_share = schedule->value("share", expect.schedule_share);
      ReadDuration(*schedule, "/expect/schedule", "lag_max", errors_, kPositive, &expect.schedule_lag_max_ns);
    }
    if (const auto thresholds = json.find("thresholds"); thresholds != json.end()) {
      for (size_t i = 0; i < thresholds->size(); ++i) {
        const std::string text = (*thresholds)[i];
        auto parsed = ParseThreshold(text);
        if (const auto* problem = std::get_if<std::string>(&parsed)) {
          errors_->AtValue(Below("/expect/thresholds", i), "in " + Quoted(text) + ": " + *problem);
          parsed = Threshold{};  // keeps the index
        }
        expect.thresholds.push_back(std::get<Threshold>(std::move(parsed)));
      }
    }
    if (const auto relaxed = json.find("relaxed"); relaxed != json.end()) {
      for (const Json& item : *relaxed) {
        expect.relaxed.push_back({item.value("invariant", ""), item.value("reason", "")});
      }
    }
    return expect;
  }

  void Forbid(const Json& json, const std::string& at, const std::string& key, const std::string& why) {
    if (json.contains(key)) errors_->AtKey(Below(at, key), Quoted(key) + " is not allowed here: " + why);
  }

  ErrorList* errors_;
};

}  // namespace

Scenario ReadScenario(const Json& root, ErrorList* errors) { return Reader(errors).Read(root); }

}  // namespace harness
