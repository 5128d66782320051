#include "harness/scenario/scenario_check.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/quantity.h"

namespace harness {
namespace {

using Words = std::vector<std::string>;

// What a run holds in memory grows with these.
constexpr double kPlannedRecordsMax = 100'000'000;
constexpr int64_t kClientsMax = 10'000;

// logs/broker.log and logs/harness.log are there already.
const Words kOwnNames = {"broker", "harness"};

std::string Seconds(int64_t time_ns) {
  const Json seconds = static_cast<double>(time_ns) / 1e9;
  return seconds.dump() + "s";
}

bool Contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether the program can be told where its event log goes.
bool HasEventLog(const ClientPlan& client) {
  const auto names_it = [](const std::string& text) { return text.find("{event_log}") != std::string::npos; };
  return std::any_of(client.command.begin(), client.command.end(), names_it) ||
         std::any_of(client.args.begin(), client.args.end(), names_it) ||
         std::any_of(client.env.begin(), client.env.end(), [&](const auto& item) { return names_it(item.second); });
}

class Checker {
 public:
  Checker(const Scenario& scenario, ErrorList* errors) : scenario_(scenario), errors_(errors) {}

  void Check() {
    CollectNames();
    for (size_t i = 0; i < scenario_.servers.size(); ++i) {
      const std::string at = Below(Below("/servers", i), "start");
      if (scenario_.servers[i].start) CheckTrigger(*scenario_.servers[i].start, at, at);
    }
    CheckClients();
    CheckProducers();
    CheckLoad();
    for (size_t i = 0; i < scenario_.faults.size(); ++i) CheckFault(scenario_.faults[i], Below("/faults", i));
    for (size_t i = 0; i < scenario_.expect.thresholds.size(); ++i) {
      CheckThreshold(scenario_.expect.thresholds[i], Below("/expect/thresholds", i));
    }
    for (size_t i = 0; i < scenario_.expect.relaxed.size(); ++i) {
      Claim("invariant", scenario_.expect.relaxed[i].invariant, Below(Below("/expect/relaxed", i), "invariant"),
            &relaxed_);
    }
  }

 private:
  // Where a name was given first, by name.
  using Claims = std::map<std::string, std::string>;

  void Claim(const std::string& what, const std::string& name, const std::string& at, Claims* claims) {
    const auto [first, is_new] = claims->emplace(name, at);
    if (!is_new) {
      errors_->AtValue(
          at, "the " + what + " " + Quoted(name) + " is taken by " + first->second + "; each must be different");
    }
  }

  // Files of the run are called after it, also where upper and lower case are the same.
  void ClaimName(const std::string& name, const std::string& at, Claims* names) {
    std::string folded = name;
    std::transform(folded.begin(), folded.end(), folded.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    if (Contains(kOwnNames, folded)) {
      errors_->AtValue(at, "the name " + Quoted(name) + " is the harness's own, for its files in the run directory; " +
                               "allowed: another one than " + QuotedList(kOwnNames));
      return;
    }
    const auto [first, is_new] = folded_.emplace(folded, name);
    if (!is_new && first->second != name) {
      errors_->AtValue(at, "the name " + Quoted(name) + " differs from " + Quoted(first->second) +
                               " in upper and lower case alone; files are called after it, and not every file system "
                               "tells them apart");
      return;
    }
    Claim("name", name, at, names);
  }

  void CollectNames() {
    Claims names, phases, faults;
    if (!scenario_.broker.program.command.empty()) {
      Claim("name", scenario_.broker.program.name, "/broker", &names);
      targets_.push_back(scenario_.broker.program.name);
    }
    for (size_t i = 0; i < scenario_.servers.size(); ++i) {
      const std::string& name = scenario_.servers[i].name;
      ClaimName(name, Below(Below("/servers", i), "name"), &names);
      servers_.push_back(name);
      targets_.push_back(name);
    }
    int64_t client_count = 0;
    for (size_t i = 0; i < scenario_.clients.size(); ++i) {
      const ClientPlan& client = scenario_.clients[i];
      const std::string at = Below(Below("/clients", i), "name");
      client_count += client.count;
      if (client_count > kClientsMax) {
        errors_->AtValue(Below("/clients", i),
                         "more than " + std::to_string(kClientsMax) + " clients; that is the limit");
        break;
      }
      ClaimName(client.name, at, &names);
      for (const std::string& name : ClientNames(client)) {
        if (name != client.name) ClaimName(name, at, &names);
        clients_.push_back(name);
      }
      if (client.kind == ClientKind::kProcess) targets_.push_back(client.name);
    }
    for (size_t i = 0; i < scenario_.producers.size(); ++i) {
      const ProducerPlan& producer = scenario_.producers[i];
      ClaimName(producer.name, Below(Below("/producers", i), "name"), &names);
      if (producer.kind == ProducerKind::kProcess) targets_.push_back(producer.name);
    }
    for (size_t i = 0; i < scenario_.phases.size(); ++i) {
      Claim("phase", scenario_.phases[i].name, Below(Below("/phases", i), "name"), &phases);
      phases_.push_back(scenario_.phases[i].name);
    }
    for (size_t i = 0; i < scenario_.faults.size(); ++i) {
      Claim("fault", scenario_.faults[i].name, Below(Below("/faults", i), "name"), &faults);
      faults_.push_back(scenario_.faults[i].name);
    }
    names_ = std::move(names);
  }

  // False, with an error, when `name` is none of `known`.
  bool Exists(const std::string& what, std::string_view name, const Words& known, const std::string& at,
              const std::string& before = "") {
    if (Contains(known, name)) return true;
    errors_->AtValue(at, before + "there is no " + what + " " + Quoted(name) + DidYouMean(name, known) + "; " +
                             (known.empty() ? "the scenario has none" : "allowed: " + Listed(known)));
    return false;
  }

  static std::string Listed(const Words& words) {
    constexpr size_t kListedMax = 20;
    if (words.size() <= kListedMax) return QuotedList(words);
    return QuotedList({words.begin(), words.begin() + kListedMax}) + ", and " +
           std::to_string(words.size() - kListedMax) + " more";
  }

  void CheckClients() {
    for (size_t i = 0; i < scenario_.clients.size(); ++i) {
      CheckSpan(scenario_.clients[i], Below("/clients", i));
      const Words& servers = scenario_.clients[i].servers;
      const std::string at = Below(Below("/clients", i), "server");
      for (size_t j = 0; j < servers.size(); ++j) {
        Exists("server", servers[j], servers_, Below(at, j));
        if (std::find(servers.begin(), servers.begin() + static_cast<std::ptrdiff_t>(j), servers[j]) !=
            servers.begin() + static_cast<std::ptrdiff_t>(j)) {
          errors_->AtValue(Below(at, j), "the server " + Quoted(servers[j]) + " stands twice in this list");
        }
      }
    }
  }

  void CheckSpan(const ClientPlan& client, const std::string& at) {
    if (client.start) CheckTrigger(*client.start, Below(at, "start"), Below(at, "start"));
    if (client.stop) CheckTrigger(*client.stop, Below(at, "stop"), Below(at, "stop"));
    if (!client.start || !client.stop) return;
    const auto at_phase = [&](const Trigger& trigger) {
      return std::find(phases_.begin(), phases_.end(), trigger.phase) - phases_.begin();
    };
    const bool both_times = !client.start->phase.empty() && !client.stop->phase.empty();
    if (!both_times || std::pair(at_phase(*client.start), client.start->after_ns) <
                           std::pair(at_phase(*client.stop), client.stop->after_ns)) {
      return;
    }
    errors_->AtValue(Below(at, "stop"), "it is not after \"start\"; allowed: a later time");
  }

  void CheckProducers() {
    for (size_t i = 0; i < scenario_.producers.size(); ++i) {
      const std::string& start = scenario_.producers[i].start;
      const std::string at = Below(Below("/producers", i), "start");
      if (start.empty()) continue;
      if (const auto moment = ParseMoment(start)) {
        CheckMoment(moment->phase, moment->after_ns, at);
      } else {
        errors_->AtValue(at, "found " + Quoted(start) + "; allowed: a time of at most 24h after the phase's beginning");
      }
    }
  }

  void CheckLoad() {
    const auto& producers = scenario_.producers;
    const bool embedded = std::any_of(producers.begin(), producers.end(), [](const ProducerPlan& producer) {
      return producer.kind == ProducerKind::kEmbedded;
    });
    double planned = 0;
    for (size_t i = 0; i < scenario_.phases.size(); ++i) {
      const PhasePlan& phase = scenario_.phases[i];
      const double before = planned;
      planned += RecordsPlanned(phase);
      const std::string at = Below("/phases", i);
      if (before <= kPlannedRecordsMax && planned > kPlannedRecordsMax) {
        errors_->AtValue(at, "up to this phase more than 100000000 records are planned; that is the limit of one run");
      }
      // Without any producer the run itself finds that it proves nothing; a rate that nobody offers is a slip.
      if (!producers.empty() && !embedded && OffersLoad(phase)) {
        errors_->AtValue(Below(at, phase.in_flight > 0 ? "in_flight" : "rate"),
                         "a rate is offered by embedded producers, and there is none; allowed: \"0/s\", or a producer "
                         "of \"kind\": \"embedded\" (a process has its rate in \"args\")");
      }
    }
  }

  // Whether phase+after_ns is a time within that phase.
  void CheckMoment(const std::string& phase_name, int64_t after_ns, const std::string& at) {
    if (!Exists("phase", phase_name, phases_, at)) return;
    const auto phase = std::find_if(scenario_.phases.begin(), scenario_.phases.end(),
                                    [&](const PhasePlan& plan) { return plan.name == phase_name; });
    // How long a phase with a count lasts is not known.
    if (phase->rate_max || phase->duration_ns == 0 || after_ns < phase->duration_ns) return;
    errors_->AtValue(at, "found " + Seconds(after_ns) + " after the beginning of " + Quoted(phase_name) +
                             ", which ends after " + Seconds(phase->duration_ns) + "; allowed: a time before its end");
  }

  void CheckFault(const FaultPlan& fault, const std::string& at) {
    CheckTarget(fault, Below(at, "target"));
    CheckTrigger(fault.trigger, Below(at, "at"), Below(at, "when"));
  }

  // `at`, `when`: where its moment, its count stands.
  void CheckTrigger(const Trigger& trigger, const std::string& at, const std::string& counts) {
    if (!trigger.phase.empty()) CheckMoment(trigger.phase, trigger.after_ns, at);
    if (trigger.client.empty()) return;
    const std::string when = Below(counts, "delivered@" + trigger.client);
    if (!Exists("client", trigger.client, clients_, when)) return;
    for (const ClientPlan& client : scenario_.clients) {
      if (client.name == trigger.client && !client.command.empty() && !HasEventLog(client)) {
        errors_->AtValue(when,
                         "the client " + Quoted(client.name) +
                             " is a program that is not told of \"{event_log}\", so what it receives can't be counted");
      }
    }
  }

  void CheckTarget(const FaultPlan& fault, const std::string& at) {
    if (Contains(targets_, fault.target)) return;
    if (names_.contains(fault.target)) {
      errors_->AtValue(at, Quoted(fault.target) + " is embedded in the harness; " +
                               std::string(FaultTypeName(fault.type)) +
                               " needs a process, allowed: " + Listed(targets_));
      return;
    }
    Exists("process", fault.target, targets_, at);
  }

  void CheckThreshold(const Threshold& threshold, const std::string& at) {
    const std::string before = "in " + Quoted(threshold.text) + ": ";
    for (const auto& [key, value] : threshold.selectors) {
      if (key == "client") Exists("client", value, clients_, at, before);
      if (key == "fault" || key == "during") Exists("fault", value, faults_, at, before);
      if (key == "phase" && Exists("phase", value, phases_, at, before)) CheckMeasured(threshold, value, at, before);
    }
    if (threshold.selectors.contains("after") && !threshold.selectors.contains("during")) {
      errors_->AtValue(at, before + "\"after\" counts from a fault; allowed together with \"during=FAULT\"");
    }
    if (threshold.selectors.contains("each") && threshold.selectors.contains("fault")) {
      errors_->AtValue(at, before + "\"each\" means every fault; allowed: \"each\" or \"fault=NAME\"");
    }
    const bool is_of_faults = (threshold.metric.starts_with("recovery.") && threshold.metric != "recovery.max_gap") ||
                              threshold.metric.starts_with("fault.");
    if (is_of_faults && scenario_.faults.empty()) {
      errors_->AtValue(at, before + "there is no fault to recover from");
    }
    if (!threshold.process.empty()) CheckProgram(threshold.process, at, before);
    CheckCanBeMeasured(threshold, at, before);
  }

  // What has CPU and memory of its own: processes, the broker, and the harness with all that is embedded in it.
  void CheckProgram(const std::string& name, const std::string& at, const std::string& before) {
    Words programs = targets_;
    for (const std::string& own : kOwnNames) {
      if (!Contains(programs, own)) programs.push_back(own);
    }
    Exists("program", name, programs, at, before);
  }

  // A metric that can't have a sample in this scenario is a slip.
  void CheckCanBeMeasured(const Threshold& threshold, const std::string& at, const std::string& before) {
    const bool is_by_journal = threshold.metric == "ack.server" || threshold.metric.starts_with("server.");
    const bool has_journal = std::any_of(scenario_.servers.begin(), scenario_.servers.end(),
                                         [](const ServerPlan& server) { return server.journal; });
    if (is_by_journal && !has_journal) {
      errors_->AtValue(at, before + threshold.metric +
                               " is read from a server's journal, and none keeps one; allowed: a server with "
                               "\"journal\": true");
    }
    const bool is_by_plan = threshold.metric == "e2e.latency" || threshold.metric == "load.schedule_lag";
    const bool has_plan = std::any_of(scenario_.producers.begin(), scenario_.producers.end(),
                                      [](const auto& producer) { return producer.kind == ProducerKind::kEmbedded; });
    if (is_by_plan && !scenario_.producers.empty() && !has_plan) {
      errors_->AtValue(at, before + threshold.metric +
                               " counts from the planned send, and a process producer tells no plan; allowed: "
                               "e2e.service, which counts from the send");
    }
  }

  void CheckMeasured(const Threshold& threshold, const std::string& phase, const std::string& at,
                     const std::string& before) {
    if (!threshold.is_time()) return;
    for (const PhasePlan& plan : scenario_.phases) {
      if (plan.name != phase || plan.measure) continue;
      errors_->AtValue(
          at, before + "the phase " + Quoted(phase) + " has \"measure\": false, so there would be nothing to judge");
    }
  }

  const Scenario& scenario_;
  ErrorList* errors_;
  Words servers_, clients_, targets_, phases_, faults_;
  Claims names_, relaxed_;
  std::map<std::string, std::string> folded_;  // names in lower case, and as they were given
};

}  // namespace

void CheckScenario(const Scenario& scenario, ErrorList* errors) { Checker(scenario, errors).Check(); }

}  // namespace harness
