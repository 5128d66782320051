#include "harness/verify/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/verify/final_codes.h"
#include "harness/verify/hop.h"
#include "harness/verify/idle_server.h"
#include "harness/verify/silence.h"

namespace harness {
namespace {

class Live {
 public:
  explicit Live(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    for (const ProcessSpan& span : history_.processes) CheckProcess(span);
    for (size_t i = 0; i < history_.clients.size(); ++i) {
      if (!history_.clients[i].observed) {
        findings_.Note(history_.clients[i].name + " is not observed: n/a");
      } else if (history_.audited) {
        const ClientView& view = evidence_.clients.view(i);
        CheckSentinels(view);
        CheckSilences(view);
      }
    }
    if (!history_.audited) CheckDrained();
    if (history_.interrupted) findings_.Note("interrupted: sentinels pending");
    if (history_.audited) {
      for (const IdleSpan& idle : FindIdleServers(evidence_)) findings_.Note(IdleText(evidence_, idle));
    }
    return findings_.Finish();
  }

 private:
  void CheckProcess(const ProcessSpan& span) {
    findings_.Judged();
    if (!span.bad_end.empty()) {
      AddProcess(span, fmt::format("{} (pid {}) was asked to end, and {}", span.name, span.pid, span.bad_end));
    }
    if (span.ended_ns == 0 || span.ended_by_fault || span.ended_by_harness) return;
    const Role role = RoleOf(evidence_, span.name);
    if (role == Role::kProducer && span.how == "exit 0") return;
    const Refusal* refusal = role == Role::kClient ? RefusalThatEnded(span) : nullptr;
    if (refusal != nullptr && refusal->truth == Truth::kTrue) {
      findings_.Note(fmt::format("{} ended after it was refused, rightly: {}", span.name, RefusalText(*refusal)));
      return;
    }
    AddProcess(span,
               fmt::format("{} (pid {}) ended {}, and nothing had asked for it: {}", span.name, span.pid,
                           MomentText(history_, span.ended_ns), span.how.empty() ? "unknown" : span.how),
               refusal);
  }

  // The observed client whose process it is; the end: none.
  std::vector<Client>::const_iterator ClientOf(const ProcessSpan& span) const {
    return std::find_if(history_.clients.begin(), history_.clients.end(),
                        [&](const Client& client) { return client.observed && client.name == BaseName(span.name); });
  }

  // The status with which a server ended the client's last stream or attempt before its process ended by itself, where
  // it is one after which a client does not try again. Empty: there is none.
  std::string FinalStatusText(const ProcessSpan& span) const {
    const auto found = ClientOf(span);
    if (found == history_.clients.end() || !span.how.starts_with("exit")) return "";
    int code = -1;
    int64_t time_ns = INT64_MIN;
    const std::string* message = nullptr;
    const auto take = [&](int64_t told_ns, int told_code, const std::string& told) {
      if (told_ns == 0 || told_ns < time_ns || told_ns > span.ended_ns) return;
      code = told_code;
      time_ns = told_ns;
      message = &told;
    };
    for (const Connection& connection : found->connections) {
      take(connection.ended_ns, connection.code, connection.message);
    }
    for (const FailedAttempt& attempt : found->attempts) take(attempt.time_ns, attempt.code, attempt.message);
    const std::string_view name = FinalCodeName(code);
    if (time_ns < span.started_ns || name.empty()) return "";
    return fmt::format("{}{}", name, message->empty() ? "" : " (" + *message + ")");
  }

  // `refusal`: after which it ended; null: none.
  void AddProcess(const ProcessSpan& span, const std::string& sentence, const Refusal* refusal = nullptr) {
    findings_.Add(true, [&] {
      const Role role = RoleOf(evidence_, span.name);
      Violation violation;
      violation.causes = CauseOf(role);
      if (role == Role::kClient) violation.client = BaseName(span.name);
      violation.time_ns = span.ended_ns;
      violation.sentence = sentence;
      if (refusal != nullptr) {
        violation.causes = CausesOfRefusal(*refusal);
        violation.sentence += fmt::format(", after it was refused {} {}, {}", MomentText(history_, refusal->time_ns),
                                          RefusalText(*refusal), WhyText(*refusal));
      } else if (const std::string status = role == Role::kClient ? FinalStatusText(span) : ""; !status.empty()) {
        violation.causes = kDeliveryHops;
        violation.sentence += ", after its server had answered " + status;
      }
      return violation;
    });
  }

  static std::string WhyText(const Refusal& refusal) {
    return refusal.truth == Truth::kFalse ? "and " + refusal.why : "of which the log does not say whether it was right";
  }

  // A client that is refused may end, with an exit code of its own, as documented. Null: it was not that.
  const Refusal* RefusalThatEnded(const ProcessSpan& span) const {
    if (!span.how.starts_with("exit")) return nullptr;
    const auto found = ClientOf(span);
    if (found == history_.clients.end()) return nullptr;
    const auto& refusals = evidence_.clients.view(static_cast<size_t>(found - history_.clients.begin())).refusals();
    if (refusals.empty() || refusals.back().time_ns > span.ended_ns) return nullptr;
    const bool is_last = refusals.back().before == found->connections.size() &&
                         (found->attempts.empty() || found->attempts.back().time_ns <= refusals.back().time_ns);
    return is_last ? &refusals.back() : nullptr;
  }

  // The last process of `client`, where it ended by itself; null: it did not.
  const ProcessSpan* EndedByItself(const Client& client) const {
    const auto last = std::find_if(history_.processes.rbegin(), history_.processes.rend(),
                                   [&](const ProcessSpan& span) { return BaseName(span.name) == client.name; });
    const bool by_itself =
        last != history_.processes.rend() && last->ended_ns != 0 && !last->ended_by_harness && !last->ended_by_fault;
    return by_itself ? &*last : nullptr;
  }

  bool Matches(const Client& client, const LogRecord& record) const {
    return record.valid && client.filter.Matches(record.provider, record.status);
  }

  // The last sentinel of `partition` that matches; they are looked for from the log's end.
  const LogRecord* Sentinel(const Client& client, int32_t partition) const {
    const auto& records = history_.partitions[static_cast<size_t>(partition)].records;
    const auto found = std::find_if(records.rbegin(), records.rend(), [&](const LogRecord& record) {
      return record.sentinel && Matches(client, record);
    });
    return found == records.rend() ? nullptr : &*found;
  }

  void CheckSentinels(const ClientView& view) {
    if (history_.interrupted) return;
    const Client& client = view.client();
    if (!client.is_there()) {
      findings_.Note(client.name +
                     (client.left_ns != 0 ? " left before the drain: sentinels n/a" : " never joined: n/a"));
      return;
    }
    std::vector<int64_t> ends(static_cast<size_t>(evidence_.log.partitions()), -1);
    std::vector<LogPlace> absent;  // sentinels
    for (int32_t p = 0; p < evidence_.log.partitions(); ++p) {
      const LogRecord* sentinel = Sentinel(client, p);
      if (sentinel == nullptr) continue;  // HARNESS_OK's matter
      findings_.Judged();
      if (view.frontier(p) >= 0) continue;
      absent.push_back(evidence_.log.Find(p, sentinel->offset));
      ends[static_cast<size_t>(p)] = AuditedEnd(history_, p) - 1;
    }
    if (absent.empty()) return;
    std::vector<LogPlace> missing;
    view.ForEachMissing(ends, [&](LogPlace place) {
      if (!evidence_.log.record(place).sentinel) missing.push_back(place);
    });
    std::sort(missing.begin(), missing.end(), [this](LogPlace a, LogPlace b) {
      return std::pair(evidence_.log.record(a).seen_ns, a) < std::pair(evidence_.log.record(b).seen_ns, b);
    });
    ReportAbsent(view, absent, missing);
  }

  // Once for a client, however many partitions it lacks.
  void ReportAbsent(const ClientView& view, const std::vector<LogPlace>& absent, const std::vector<LogPlace>& missing) {
    findings_.Add(false, [&] {  // a machine that was too busy may have been too slow
      constexpr size_t kPartitionsTold = 8;
      const LogPlace first = missing.empty() ? absent[0] : missing[0];
      Violation violation = AtPlace(evidence_, first);
      violation.client = view.client().name;
      std::string partitions = fmt::format("partition{} ", absent.size() == 1 ? "" : "s");
      for (size_t i = 0; i < std::min(absent.size(), kPartitionsTold); ++i) {
        partitions += fmt::format("{}{}", i == 0 ? "" : ", ", evidence_.log.partition(absent[i]));
      }
      if (absent.size() > kPartitionsTold) partitions += fmt::format(" and {} more", absent.size() - kPartitionsTold);
      violation.sentence =
          fmt::format("client {} had not got the closing record (sentinel) of {} when the drain ended; ",
                      view.client().name, partitions);
      violation.sentence += missing.empty()       ? "nothing else is missing there"
                            : missing.size() == 1 ? "1 record is missing there: " + PlaceText(evidence_, missing[0])
                                                  : fmt::format("{} records are missing there, the first {}",
                                                                missing.size(), PlaceText(evidence_, missing[0]));
      Accuse(BlameAbsence(view, first), &violation);
      return violation;
    });
  }

  // Of the first record that is missing: what went wrong with it, or why nothing came any more.
  Blame BlameAbsence(const ClientView& view, LogPlace first) const {
    Blame story = BlameMissing(evidence_, view, first);
    if (story.passed) return story;
    if (const ProcessSpan* ended = EndedByItself(view.client())) {
      if (const Refusal* refusal = RefusalThatEnded(*ended)) {
        return {CausesOfRefusal(*refusal), "it ended after it was refused: " + RefusalText(*refusal)};
      }
      if (const std::string status = FinalStatusText(*ended); !status.empty()) {
        return {kDeliveryHops, "it ended after its server had answered " + status};
      }
    }
    const Causes causes = CausesOfAbsence(view.client());
    return causes == kDeliveryHops ? story : Blame{causes, ""};
  }

  Causes CausesOfAbsence(const Client& client) const {
    bool client_runs = false, has_process = false, server_ready = false;
    for (const ProcessSpan& span : history_.processes) {
      const bool alive = span.ended_ns == 0 || span.ended_by_harness;
      if (BaseName(span.name) == client.name) {
        has_process = true;
        client_runs = client_runs || alive;
      }
      const bool listed = client.servers.empty() || std::find(client.servers.begin(), client.servers.end(),
                                                              BaseName(span.name)) != client.servers.end();
      if (RoleOf(evidence_, span.name) == Role::kServer && listed && alive && span.ready_ns != 0) server_ready = true;
    }
    if (has_process && !client_runs) return Cause::kClient;
    if (!history_.processes.empty() && !server_ready) return Cause::kServer;
    if (client.connections.empty() && client.attempts.empty()) return Cause::kClient;
    return kDeliveryHops;
  }

  void CheckSilences(const ClientView& view) {
    for (const Silence& silence : FindSilences(evidence_, view)) {
      const auto sentence = [&] {
        return fmt::format("client {} heard nothing for {} from {} on, although {} had reached the topic",
                           view.client().name, TimeText(silence.end_ns - silence.begin_ns),
                           MomentText(history_, silence.begin_ns).substr(3), PlaceText(evidence_, silence.unheard));
      };
      if (evidence_.options.report_time_thresholds) {
        findings_.Note("reported, not judged: " + sentence());
        continue;
      }
      findings_.Add(false, [&] {
        Violation violation = AtPlace(evidence_, silence.unheard);
        violation.client = view.client().name;
        violation.causes = kDeliveryHops;
        violation.time_ns = silence.begin_ns;
        violation.sentence = sentence();
        return violation;
      });
    }
  }

  // Without the audit nothing says which sentinel is absent; the runner knows whether all came.
  void CheckDrained() {
    findings_.Note("the topic was not audited: silences n/a");
    const bool any = std::any_of(history_.clients.begin(), history_.clients.end(),
                                 [](const Client& client) { return client.observed; });
    if (!any || history_.interrupted || history_.drained) return;
    findings_.Add(false, [&] {
      Violation violation;
      violation.causes = kDeliveryHops;
      violation.time_ns = history_.drain_end_ns;
      violation.sentence = "not every client had its sentinels when the drain ended";
      return violation;
    });
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"LIVE"};
};

}  // namespace

CheckResult CheckLive(const Evidence& evidence) { return Live(evidence).Check(); }

}  // namespace harness
