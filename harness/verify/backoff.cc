#include "harness/verify/backoff.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/verify/final_codes.h"
#include "payment/status_codes.h"

namespace harness {
namespace {

using pipeline::status_code::kUnimplemented;

// What a client was seen to do about its streams, in time order.
struct Moment {
  int64_t time_ns = 0;
  bool is_start = false;  // a stream began; else a stream or an attempt ended
  bool is_attempt = false;
  int code = -1;
};

std::vector<Moment> MomentsOf(const Client& client) {
  std::vector<Moment> moments;
  for (const Connection& connection : client.connections) {
    moments.push_back({.time_ns = connection.started_ns, .is_start = true, .is_attempt = true});
    if (connection.ended_ns != 0) moments.push_back({.time_ns = connection.ended_ns, .code = connection.code});
  }
  for (const FailedAttempt& attempt : client.attempts) {
    moments.push_back({.time_ns = attempt.time_ns, .is_attempt = true, .code = attempt.code});
  }
  std::stable_sort(moments.begin(), moments.end(),
                   [](const Moment& a, const Moment& b) { return a.time_ns < b.time_ns; });
  return moments;
}

class Backoff {
 public:
  explicit Backoff(const History& history) : history_(history) {}

  CheckResult Check() {
    const bool any = ForEachMarkedClient(history_, &findings_, [&](size_t i) {
      const Client& client = history_.clients[i];
      if (client.reconnect_delay_min_ns == 0) {
        findings_.Note(client.name + " tells no shortest pause: only codes judged");
      }
      CheckClient(client);
    });
    if (!any) return findings_.NotApplicable(kNoMarkedClient);
    return findings_.Finish();
  }

 private:
  // Early attempts, one after another.
  struct Storm {
    int64_t attempts = 0;
    int64_t begin_ns = 0;     // the end before the first of them
    int64_t end_ns = 0;       // the last of them
    int64_t shortest_ns = 0;  // the shortest pause
  };

  void CheckClient(const Client& client) {
    const std::vector<Moment> moments = MomentsOf(client);
    const std::vector<int64_t> starts = ProcessStarts(client);
    const int64_t pause_min_ns = client.reconnect_delay_min_ns - client.reconnect_delay_min_ns / 10;
    Storm storm;
    for (size_t i = 1; i < moments.size(); ++i) {
      const Moment& before = moments[i - 1];
      const Moment& attempt = moments[i];
      if (before.is_start || !attempt.is_attempt) continue;
      const auto restart = std::upper_bound(starts.begin(), starts.end(), before.time_ns);
      if (restart != starts.end() && *restart <= attempt.time_ns) continue;
      findings_.Judged();
      if (!FinalCodeName(before.code).empty()) Retried(client, before, attempt);
      const int64_t pause_ns = attempt.time_ns - before.time_ns;
      // One call is not offered, and the other is tried at once; that it is not either is the end of it.
      const bool falls_back = before.code == kUnimplemented && (i < 2 || moments[i - 2].code != kUnimplemented);
      if (pause_ns >= pause_min_ns || falls_back) {
        Tell(client, std::exchange(storm, {}));
        continue;
      }
      if (storm.attempts == 0) storm.begin_ns = before.time_ns;
      storm.shortest_ns = storm.attempts == 0 ? pause_ns : std::min(storm.shortest_ns, pause_ns);
      storm.end_ns = attempt.time_ns;
      ++storm.attempts;
    }
    Tell(client, storm);
  }

  std::vector<int64_t> ProcessStarts(const Client& client) const {
    std::vector<int64_t> starts;
    for (const ProcessSpan& span : history_.processes) {
      if (BaseName(span.name) == client.name) starts.push_back(span.started_ns);
    }
    std::sort(starts.begin(), starts.end());
    return starts;
  }

  void Retried(const Client& client, const Moment& before, const Moment& attempt) {
    findings_.Add(true, [&] {
      return MakeViolation(
          client, attempt.time_ns,
          fmt::format("client {} tried again {}, {} after it was refused with {}, which is not retried", client.name,
                      MomentText(history_, attempt.time_ns), TimeText(attempt.time_ns - before.time_ns),
                      FinalCodeName(before.code)));
    });
  }

  void Tell(const Client& client, const Storm& storm) {
    if (storm.attempts == 0) return;
    findings_.Add(true, [&] {
      return MakeViolation(client, storm.begin_ns,
                           fmt::format("client {} tried again {} times within {} after its stream had ended {}, with "
                                       "pauses down to {}; its shortest is {}",
                                       client.name, storm.attempts, TimeText(storm.end_ns - storm.begin_ns),
                                       MomentText(history_, storm.begin_ns), TimeText(storm.shortest_ns),
                                       TimeText(client.reconnect_delay_min_ns)));
    });
  }

  static Violation MakeViolation(const Client& client, int64_t time_ns, std::string sentence) {
    Violation violation;
    violation.causes = Cause::kClient;
    violation.client = client.name;
    violation.time_ns = time_ns;
    violation.sentence = std::move(sentence);
    return violation;
  }

  const History& history_;
  Findings findings_{"BACKOFF"};
};

}  // namespace

CheckResult CheckBackoff(const Evidence& evidence) { return Backoff(evidence.history).Check(); }

}  // namespace harness
