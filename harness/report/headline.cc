#include "harness/report/headline.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kNamesTold = 4;
constexpr size_t kReasonColumns = 100;

class Caveats {
 public:
  explicit Caveats(const Report& report) : report_(report), history_(report.history), verdict_(report.verdict) {}

  std::string Text() {
    AddUnobserved();
    AddStays();
    AddJudgedOtherwise();
    AddSends();
    AddRelaxed();
    AddHowJudged();
    return text_;
  }
  // Those that hold whatever the verdict is.
  std::string HowJudged() {
    AddHowJudged();
    return text_;
  }

 private:
  void Add(const std::string& clause) { text_ += "; " + clause; }
  std::vector<std::string> ClientsThat(const std::function<bool(const Client&)>& is) const {
    std::vector<std::string> names;
    for (const Client& client : history_.clients) {
      if (is(client)) names.push_back(client.name);
    }
    return names;
  }
  void AddUnobserved() {
    const std::vector<std::string> names = ClientsThat([](const Client& client) { return !client.observed; });
    if (names.empty()) return;
    const size_t all = history_.clients.size();
    text_ += fmt::format(" ({} of {}; {} {} not observed)", all - names.size(), all, NameList(names, kNamesTold),
                         names.size() == 1 ? "is" : "are");
  }
  // Clients that were not there all the time.
  void AddStays() {
    const auto add = [this](const std::function<bool(const Client&)>& is, std::string_view what) {
      const std::vector<std::string> names =
          ClientsThat([&](const Client& client) { return client.observed && is(client); });
      if (!names.empty()) Add(fmt::format("{} {}", NameList(names, kNamesTold), what));
    };
    add([](const Client& client) { return client.starts_late && client.joined_ns == 0; }, "never joined");
    add([](const Client& client) { return client.starts_late && client.joined_ns != 0; },
        "joined later: what was there before came as a snapshot");
    add([](const Client& client) { return client.left_ns != 0; }, "left before the end, and was judged up to there");
  }
  // Clients of which "once, in order" means less than of the others.
  void AddJudgedOtherwise() {
    const bool claimed =
        StateOf(verdict_, "LOST") == CheckState::kPass &&
        (StateOf(verdict_, "DUP") == CheckState::kPass || StateOf(verdict_, "ORDER") == CheckState::kPass);
    if (!history_.audited || !claimed) return;
    const auto unmarked =
        ClientsThat([](const Client& client) { return client.observed && !client.marks_connections; });
    if (!unmarked.empty()) {
      Add(fmt::format("once and in order not judged of {}, whose log marks no connections",
                      NameList(unmarked, kNamesTold)));
    }
    const auto by_connection = ClientsThat([](const Client& client) {
      return client.observed && client.marks_connections &&
             (client.resume == ResumeMode::kNone ||
              (client.connections.size() > 1 &&
               std::none_of(client.connections.begin(), client.connections.end(),
                            [](const Connection& connection) { return connection.has_start; })));
    });
    if (!by_connection.empty()) {
      Add(fmt::format("{} begin{} anew at each connection, so once and in order are meant within each",
                      NameList(by_connection, kNamesTold), by_connection.size() == 1 ? "s" : ""));
    }
  }
  void AddSends() {
    std::vector<std::string> silent;
    for (const Producer& producer : history_.producers) {
      if (!producer.has_acks) silent.push_back(producer.name);
    }
    if (!silent.empty()) Add(fmt::format("what {} sent is not known", NameList(silent, kNamesTold)));
    const Metrics& metrics = report_.metrics;
    if (metrics.failed > 0) {
      Add(fmt::format("{} of {} sends failed", CountText(metrics.failed), CountText(metrics.sent)));
    }
    if (metrics.unknown > 0) {
      Add(fmt::format("{} of {} sends {} in doubt", CountText(metrics.unknown), CountText(metrics.sent),
                      metrics.unknown == 1 ? "is" : "are"));
    }
  }
  void AddRelaxed() {
    for (const CheckResult* check : AllChecks(verdict_)) {
      if (check->state != CheckState::kRelaxed) continue;
      Add(fmt::format("{} is violated and relaxed", check->name));
    }
  }
  void AddHowJudged() {
    if (!history_.audited) Add("load only");
    if (report_.facts.report_time_thresholds) Add("times are reported, not judged");
  }

  const Report& report_;
  const History& history_;
  const Verdict& verdict_;
  std::string text_;
};

const CheckResult* FindCheck(const Verdict& verdict, std::string_view name) {
  const auto found = std::find_if(verdict.invariants.begin(), verdict.invariants.end(),
                                  [&](const CheckResult& check) { return check.name == name; });
  return found == verdict.invariants.end() ? nullptr : &*found;
}

std::string NotJudged(const Verdict& verdict, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const CheckResult* check = FindCheck(verdict, name);
    if (check != nullptr && (check->state == CheckState::kPass || check->state == CheckState::kRelaxed)) continue;
    text += (text.empty() ? "" : ", ") + name;
    if (check != nullptr && !check->reason.empty()) text += " (" + Clipped(check->reason, kReasonColumns) + ")";
  }
  return text.empty() ? "" : "; not judged: " + text;
}

std::string PassClaim(const Report& report) {
  const Verdict& verdict = report.verdict;
  if (!report.history.audited) return "without the audit nothing is said about losses";
  if (StateOf(verdict, "LOST") != CheckState::kPass) {
    return "what this run could judge holds" + NotJudged(verdict, {"LOST", "DUP", "ORDER"});
  }
  // Sentinels are no payments.
  if (report.metrics.logged == 0) return "no payment reached the topic, so nothing is said of any";
  const auto& producers = report.history.producers;
  const bool told = report.metrics.acked > 0 && StateOf(verdict, "ACK_DURABLE") == CheckState::kPass &&
                    std::all_of(producers.begin(), producers.end(), [](const Producer& of) { return of.has_acks; });
  const auto& clients = report.history.clients;
  const bool all = std::all_of(clients.begin(), clients.end(), [](const Client& client) { return client.observed; });
  const bool filtered = std::any_of(clients.begin(), clients.end(),
                                    [](const Client& client) { return client.filter != pipeline::Filter(); });
  std::string claim = told ? "every payment that Kafka acknowledged" : "every payment that the topic holds";
  claim += all ? " reached every client" : " reached every observed client";
  if (filtered) claim += " that asked for it";
  if (StateOf(verdict, "DUP") == CheckState::kPass) claim += " once";
  if (StateOf(verdict, "ORDER") == CheckState::kPass) claim += ", in order";
  return claim;
}

std::string BrokenNames(const Verdict& verdict, CheckState state) {
  std::string names;
  for (const CheckResult* check : AllChecks(verdict)) {
    if (check->state != state) continue;
    names += (names.empty() ? "" : ", ") + check->name;
    if (check->violation_count > 1) names += " (" + CountText(check->violation_count) + ")";
  }
  return names;
}

}  // namespace

std::string Headline(const Report& report) {
  const Verdict& verdict = report.verdict;
  const std::string unproved = BrokenNames(verdict, CheckState::kInvalid);
  switch (verdict.verdict) {
    case RunVerdict::kPass: {
      std::string text = PassClaim(report) + Caveats(report).Text();
      if (report.history.audited && StateOf(verdict, "LOST") == CheckState::kPass) {
        text += NotJudged(verdict, {"DUP", "ORDER"});
      }
      return text;
    }
    case RunVerdict::kFail:
      return "broken: " + BrokenNames(verdict, CheckState::kViolated) +
             (unproved.empty() ? "" : "; not proved: " + unproved) + Caveats(report).HowJudged();
    case RunVerdict::kInvalid:
      return "the run proves nothing" + (unproved.empty() ? std::string() : ": " + unproved) +
             Caveats(report).HowJudged();
    case RunVerdict::kInterrupted:
      return "stopped before its end; what was seen until then is below";
  }
  return "";
}

}  // namespace harness
