#include "harness/verify/resume.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "harness/verify/hop.h"
#include "harness/verify/start_claim.h"
#include "harness/verify/stream_scan.h"

namespace harness {
namespace {

class Resume {
 public:
  explicit Resume(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    if (!history_.audited) return findings_.NotApplicable("the topic was not audited");
    const bool any = ForEachMarkedClient(history_, &findings_, [&](size_t i) { CheckClient(i); });
    if (!any) return findings_.NotApplicable(kNoMarkedClient);
    if (undecided_ > 0) {
      findings_.Note(fmt::format("{} refusals of which the log does not say whether they were right", undecided_));
    }
    return findings_.Finish();
  }

 private:
  void CheckClient(size_t index) {
    const Client& client = history_.clients[index];
    const ClientView& view = evidence_.clients.view(index);
    const StreamScan& scan = evidence_.clients.streams(index);
    findings_.Judged(scan.starts);
    std::pair<size_t, int32_t> told{SIZE_MAX, -1};  // stream and partition
    for (const PassedOver& passed : scan.passed_over) {
      const Connection& connection = client.connections[passed.connection];
      const std::pair at{passed.connection, evidence_.log.partition(passed.place)};
      if (!connection.resumed || !passed.at_start || std::exchange(told, at) == at) continue;
      findings_.Add(evidence_.damage.client_is_whole(index), [&] { return Jumped(view, connection, passed); });
    }
    for (size_t i = 0; i < client.connections.size(); ++i) {
      if (!client.connections[i].has_start) continue;
      findings_.Judged();
      CheckStart(view, i);
      CheckTrimmed(client, i);
    }
    for (const Refusal& refusal : view.refusals()) CheckRefusal(view, refusal);
  }

  Violation Jumped(const ClientView& view, const Connection& connection, const PassedOver& passed) const {
    const Client& client = view.client();
    Violation violation = AtPlace(evidence_, passed.place);
    violation.client = client.name;
    violation.time_ns = client.deliveries[passed.delivery].time_ns;
    const int64_t begin = view.Begin(passed.connection, violation.partition).bound();
    violation.sentence =
        fmt::format("client {} resumed partition {} on connection {} after offset {}{}, and got offset {} {} before {}",
                    client.name, violation.partition, passed.connection + 1, begin,
                    Declared(connection, violation.partition, begin), evidence_.log.record(passed.next).offset,
                    MomentText(history_, violation.time_ns), PlaceText(evidence_, passed.place));
    Accuse(BlamePassedOver(evidence_, view, passed.place, passed.connection), &violation);
    return violation;
  }

  // What the server said of it, where that is something else.
  static std::string Declared(const Connection& connection, int32_t partition, int64_t begin) {
    const int64_t declared = StartOf(connection, partition).after;
    if (!connection.has_start || declared <= begin) return "";
    return fmt::format(" (its server began after offset {})", declared);
  }

  // ---- what a StreamStart says of the request and of the log

  void CheckStart(const ClientView& view, size_t index) {
    const Connection& connection = view.client().connections[index];
    std::set<int32_t> partitions;
    for (const TokenPart& at : connection.token) partitions.insert(at.partition);
    for (const TokenPart& at : connection.sent) partitions.insert(at.partition);
    for (const int32_t partition : partitions) {
      if (partition < 0 || partition >= evidence_.log.partitions()) continue;
      const std::string wrong = WrongStart(evidence_, view, index, partition);
      if (wrong.empty()) continue;
      findings_.Add(true, [&] { return BadStart(view, index, partition, wrong); });
      return;  // once a stream
    }
  }

  Violation BadStart(const ClientView& view, size_t index, int32_t partition, const std::string& wrong) const {
    const Client& client = view.client();
    const Connection& connection = client.connections[index];
    Violation violation;
    violation.causes = CausesOfStart(evidence_, view, index, partition);
    violation.client = client.name;
    violation.partition = partition;
    violation.time_ns = connection.started_ns;
    violation.sentence = fmt::format("client {}, connection {} {}, partition {}: {}", client.name, index + 1,
                                     MomentText(history_, connection.started_ns), partition, wrong);
    return violation;
  }

  void CheckTrimmed(const Client& client, size_t index) {
    const Connection& connection = client.connections[index];
    if (!connection.resumed) return;
    for (const TokenPart& token : connection.sent.empty() ? connection.token : connection.sent) {
      if (token.partition < 0 || token.partition >= evidence_.log.partitions() || token.after < 0) continue;
      const int64_t begin = history_.partitions[static_cast<size_t>(token.partition)].start_offset;
      if (token.after + 1 >= begin) continue;
      findings_.Add(true, [&] {
        Violation violation;
        violation.causes = Cause::kServer;
        violation.client = client.name;
        violation.partition = token.partition;
        violation.offset = token.after + 1;
        violation.time_ns = connection.started_ns;
        violation.sentence = fmt::format(
            "client {} resumed partition {} on connection {} after offset {} {} without an error, where the topic was "
            "trimmed up to offset {}",
            client.name, token.partition, index + 1, token.after, MomentText(history_, connection.started_ns), begin);
        return violation;
      });
    }
  }

  // ---- refusals

  void CheckRefusal(const ClientView& view, const Refusal& refusal) {
    if (refusal.truth == Truth::kUnknown) {
      ++undecided_;
      return;
    }
    findings_.Judged();
    if (refusal.truth != Truth::kFalse) return;
    findings_.Add(true, [&] {
      Violation violation;
      violation.causes = CausesOfRefusal(refusal);
      violation.client = view.client().name;
      violation.time_ns = refusal.time_ns;
      violation.sentence = fmt::format("client {} was refused {}{} {}, and {}", view.client().name,
                                       MomentText(history_, refusal.time_ns), refusal.on_stream ? " on its stream" : "",
                                       RefusalText(refusal), refusal.why);
      return violation;
    });
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"RESUME"};
  int64_t undecided_ = 0;
};

}  // namespace

CheckResult CheckResume(const Evidence& evidence) { return Resume(evidence).Check(); }

}  // namespace harness
