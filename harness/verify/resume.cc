#include "harness/verify/resume.h"

#include <fmt/format.h>

#include <utility>

#include "harness/verify/hop.h"
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
    return findings_.Finish();
  }

 private:
  void CheckClient(size_t index) {
    const Client& client = history_.clients[index];
    const StreamScan& scan = evidence_.clients.streams(index);
    findings_.Judged(scan.starts);
    std::pair<size_t, int32_t> told{SIZE_MAX, -1};  // stream and partition
    for (const PassedOver& passed : scan.passed_over) {
      const Connection& connection = client.connections[passed.connection];
      const std::pair at{passed.connection, evidence_.log.partition(passed.place)};
      if (!connection.resumed || !passed.at_start || std::exchange(told, at) == at) continue;
      findings_.Add([&] { return Jumped(client, connection, passed); });
    }
    for (size_t i = 0; i < client.connections.size(); ++i) CheckTrimmed(client, i);
  }

  Violation Jumped(const Client& client, const Connection& connection, const PassedOver& passed) const {
    Violation violation = AtPlace(evidence_, passed.place);
    violation.causes = CausesFor(connection);
    violation.client = client.name;
    violation.time_ns = client.deliveries[passed.delivery].time_ns;
    violation.sentence = fmt::format(
        "client {} resumed partition {} on connection {} after offset {}{}, and got offset {} {} before {}",
        client.name, violation.partition, passed.connection + 1, OwesBeyond(connection, violation.partition),
        Declared(connection, violation.partition), evidence_.log.record(passed.next).offset,
        MomentText(history_, violation.time_ns), PlaceText(evidence_, passed.place));
    BlameHop(evidence_, client, passed.connection, HopFault::kMissing, &violation);
    return violation;
  }

  // What the server said of it, where that is something else.
  static std::string Declared(const Connection& connection, int32_t partition) {
    const int64_t declared = StartOf(connection, partition).after;
    if (!connection.has_start || declared <= OwesBeyond(connection, partition)) return "";
    return fmt::format(" (its server began after offset {})", declared);
  }

  void CheckTrimmed(const Client& client, size_t index) {
    const Connection& connection = client.connections[index];
    if (!connection.resumed || !connection.has_start) return;
    for (const StartPosition& token : connection.sent.empty() ? connection.token : connection.sent) {
      if (token.partition < 0 || token.partition >= evidence_.log.partitions() || token.after < 0) continue;
      const int64_t begin = history_.partitions[static_cast<size_t>(token.partition)].start_offset;
      if (token.after + 1 >= begin) continue;
      findings_.Add([&] {
        Violation violation;
        violation.causes = CausesFor(connection);
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

  static Causes CausesFor(const Connection& connection) {
    return connection.sent.empty() ? kDeliveryHops : Causes(Cause::kServer);
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"RESUME"};
};

}  // namespace

CheckResult CheckResume(const Evidence& evidence) { return Resume(evidence).Check(); }

}  // namespace harness
