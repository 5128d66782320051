#include "harness/scenario/phase_reader.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/program_reader.h"
#include "harness/scenario/quantity.h"

namespace harness {
namespace {

constexpr std::string_view kRateForms =
    "\"from\" and \"to\" (a ramp), \"steps\", or \"base\", \"spike\", \"after\" and \"for\" (a spike)";

class PhaseReader {
 public:
  PhaseReader(const Json& json, const std::string& at, ErrorList* errors) : json_(json), at_(at), errors_(errors) {}

  PhasePlan Read() {
    phase_.name = json_.value("name", "");
    phase_.measure = json_.value("measure", true);
    phase_.then_drained = json_.contains("then");
    if (json_.value("arrival", "uniform") == "poisson") phase_.arrival = Arrival::kPoisson;
    const auto rate = json_.find("rate");
    phase_.rate_max = rate != json_.end() && *rate == "max";
    if (json_.contains("in_flight") == (rate != json_.end())) {
      errors_->AtValue(at_, std::string(rate != json_.end() ? "both \"rate\" and \"in_flight\" stand here"
                                                            : "neither \"rate\" nor \"in_flight\" stands here") +
                                "; a phase has one of them: a rate (open loop), or how many records are in flight "
                                "(closed loop)");
    } else if (phase_.rate_max) {
      ReadBurst();
    } else if (rate != json_.end()) {
      ReadRate(*rate);
    } else {
      ReadClosedLoop();
    }
    return std::move(phase_);
  }

 private:
  void ReadBurst() {
    Forbid("duration", "a phase with \"rate\": \"max\" lasts until its \"count\" is acknowledged");
    Forbid("arrival", "\"rate\": \"max\" has no plan that sends could be spaced by");
    if (!json_.contains("count")) {
      errors_->AtValue(Below(at_, "rate"),
                       "found \"max\" without \"count\"; allowed: \"rate\": \"max\" with \"count\", "
                       "or a rate such as \"500/s\" with \"duration\"");
    }
    phase_.count = json_.value("count", int64_t{0});
  }

  void ReadClosedLoop() {
    Forbid("arrival", "in a closed loop a record is sent when one before it has its outcome");
    if (json_.contains("count") == json_.contains("duration")) {
      errors_->AtValue(at_, std::string(json_.contains("count") ? "both \"count\" and \"duration\" stand here"
                                                                : "neither \"count\" nor \"duration\" stands here") +
                                "; a phase with \"in_flight\" has one of them");
    }
    phase_.in_flight = json_.value("in_flight", int64_t{0});
    phase_.count = json_.value("count", int64_t{0});
    ReadDuration(json_, at_, "duration", errors_, kPositive, &phase_.duration_ns);
  }

  void ReadRate(const Json& rate) {
    Forbid("count", "it needs \"rate\": \"max\" or \"in_flight\"; with a rate the phase has a \"duration\"");
    if (!json_.contains("duration")) {
      errors_->AtValue(at_,
                       "the key \"duration\" is missing; a phase has \"duration\" and \"rate\", or \"count\" and "
                       "\"rate\": \"max\"");
    }
    ReadDuration(json_, at_, "duration", errors_, kPositive, &phase_.duration_ns);
    const std::string at = Below(at_, "rate");
    if (rate.is_string()) {
      phase_.rate_per_s = RatePerS(rate, at);
    } else if (HasKeys(rate, {"from", "to"})) {
      phase_.rate_pieces = {{phase_.duration_ns, RateAt(rate, "from"), RateAt(rate, "to")}};
    } else if (HasKeys(rate, {"steps"})) {
      ReadSteps(rate["steps"], Below(at, "steps"));
    } else if (HasKeys(rate, {"base", "spike", "after", "for"})) {
      ReadSpike(rate, at);
    } else {
      std::vector<std::string> keys;
      for (const auto& member : rate.items()) keys.push_back(member.key());
      errors_->AtValue(at, "found " + (keys.empty() ? "no keys" : "the keys " + QuotedList(keys)) +
                               "; allowed: " + std::string(kRateForms));
    }
  }

  // The steps share the phase's time; what does not divide evenly goes to the last.
  void ReadSteps(const Json& steps, const std::string& at) {
    const auto count = static_cast<int64_t>(steps.size());
    const int64_t each_ns = count > 0 ? phase_.duration_ns / count : 0;
    for (int64_t i = 0; i < count; ++i) {
      const double rate_per_s = RatePerS(steps[static_cast<size_t>(i)], Below(at, static_cast<size_t>(i)));
      const int64_t length_ns = i + 1 < count ? each_ns : phase_.duration_ns - each_ns * (count - 1);
      phase_.rate_pieces.push_back({length_ns, rate_per_s, rate_per_s});
    }
  }

  void ReadSpike(const Json& rate, const std::string& at) {
    const double base_per_s = RateAt(rate, "base");
    const double spike_per_s = RateAt(rate, "spike");
    int64_t after_ns = 0;
    int64_t spike_ns = 0;
    ReadDuration(rate, at, "after", errors_, kZeroToo, &after_ns);
    ReadDuration(rate, at, "for", errors_, kPositive, &spike_ns);
    const int64_t rest_ns = phase_.duration_ns - after_ns - spike_ns;
    if (rest_ns < 0) {
      errors_->AtValue(Below(at, "for"),
                       "the spike ends after the phase; allowed: \"after\" and \"for\" together at "
                       "most the \"duration\"");
      return;
    }
    phase_.rate_pieces = {
        {after_ns, base_per_s, base_per_s}, {spike_ns, spike_per_s, spike_per_s}, {rest_ns, base_per_s, base_per_s}};
  }

  double RateAt(const Json& rate, const std::string& key) {
    return RatePerS(rate[key], Below(Below(at_, "rate"), key));
  }

  double RatePerS(const Json& text, const std::string& at) {
    if (const auto rate_per_s = ParseRatePerS(text.get<std::string>())) return *rate_per_s;
    errors_->AtValue(at, "found " + Shown(text) + "; allowed: at most \"10000000/s\"");
    return 0;
  }

  // These and no others.
  static bool HasKeys(const Json& json, const std::vector<std::string>& keys) {
    if (json.size() != keys.size()) return false;
    for (const std::string& key : keys) {
      if (!json.contains(key)) return false;
    }
    return true;
  }

  void Forbid(const std::string& key, const std::string& why) {
    if (json_.contains(key)) errors_->AtKey(Below(at_, key), Quoted(key) + " is not allowed here: " + why);
  }

  const Json& json_;
  const std::string& at_;
  ErrorList* errors_;
  PhasePlan phase_;
};

}  // namespace

PhasePlan ReadPhase(const Json& json, const std::string& at, ErrorList* errors) {
  return PhaseReader(json, at, errors).Read();
}

}  // namespace harness
