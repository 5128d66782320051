#include "harness/verify/zombie.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/verify/server_evidence.h"

namespace harness {
namespace {

class Zombie {
 public:
  explicit Zombie(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    if (history_.servers.empty()) return findings_.NotApplicable("no server keeps a journal");
    FindLastWrites();
    for (const Client& client : history_.clients) {
      for (size_t i = 0; i < client.connections.size(); ++i) CheckConnection(client, i);
    }
    if (cut_ > 0) findings_.Note(fmt::format("{} streams of servers whose journals are cut: n/a", cut_));
    return findings_.Finish();
  }

 private:
  void FindLastWrites() {
    for (const JournaledServer& server : history_.servers) {
      auto& last = last_writes_.emplace_back(server.streams.size());
      for (const ServerEvent& event : server.events) {
        if (event.kind != ServerEventKind::kWrote) continue;
        const ServerEvent*& latest = last[event.owner];
        if (latest == nullptr || latest->time_ns < event.time_ns) latest = &event;
      }
    }
  }

  void CheckConnection(const Client& client, size_t index) {
    const auto at = evidence_.servers.Behind(client.connections[index]);
    if (!at) return;
    if (evidence_.servers.IsCut(*at)) {
      ++cut_;
      return;
    }
    findings_.Judged();
    if (index + 1 == client.connections.size()) return;  // the one that it has
    const int64_t over_ns = std::max(client.connections[index].ended_ns, client.connections[index + 1].started_ns);
    const int64_t settled_ns = Settled(evidence_.servers.ServerOf(*at).name, over_ns);
    const ServerEvent* last = last_writes_[at->server][at->stream];
    if (last != nullptr && last->time_ns > settled_ns) {
      findings_.Add(false, [&] { return StillWrote(client, index, *at, *last, over_ns); });
      return;
    }
    const int64_t closed_ns = evidence_.servers.ClosedNs(*at);
    const bool open = closed_ns == 0 || closed_ns > history_.drain_end_ns;
    if (open && settled_ns <= history_.drain_end_ns) {
      findings_.Add(false, [&] { return StillOpen(client, index, *at, over_ns); });
    }
  }

  // When `server` has to have noticed what happened at `over_ns`.
  int64_t Settled(const std::string& server, int64_t over_ns) const {
    int64_t from_ns = over_ns;
    for (const FaultEvent& fault : history_.faults) {
      const bool paused = fault.type == FaultTypeName(FaultType::kProcessPause) && fault.target == server;
      if (!paused || fault.struck_ns == 0 || fault.struck_ns > over_ns + settle_ns_) continue;
      from_ns = std::max(from_ns, fault.healed_ns == 0 ? history_.drain_end_ns : fault.healed_ns);
    }
    return from_ns + settle_ns_;
  }

  Violation About(const Client& client, int64_t time_ns) const {
    Violation violation;
    violation.causes = Cause::kServer;
    violation.client = client.name;
    violation.time_ns = time_ns;
    return violation;
  }

  std::string StreamText(const Client& client, size_t index, ServerEvidence::Stream at) const {
    return fmt::format("subscription {} of {}'s connection {}", evidence_.servers.StreamOf(at).number, client.name,
                       index + 1);
  }

  Violation StillWrote(const Client& client, size_t index, ServerEvidence::Stream at, const ServerEvent& last,
                       int64_t over_ns) const {
    Violation violation = About(client, last.time_ns);
    violation.partition = last.partition;
    violation.offset = last.offset;
    violation.sentence = fmt::format(
        "{} wrote to {} until {} (partition {} offset {}), {} after that client had gone on "
        "with connection {}",
        evidence_.servers.ServerOf(at).name, StreamText(client, index, at), MomentText(history_, last.time_ns),
        last.partition, last.offset, TimeText(last.time_ns - over_ns), index + 2);
    return violation;
  }

  Violation StillOpen(const Client& client, size_t index, ServerEvidence::Stream at, int64_t over_ns) const {
    Violation violation = About(client, history_.drain_end_ns);
    violation.sentence = fmt::format(
        "{} had {} open when the drain ended, {} after that client had gone on with "
        "connection {}",
        evidence_.servers.ServerOf(at).name, StreamText(client, index, at), TimeText(history_.drain_end_ns - over_ns),
        index + 2);
    return violation;
  }

  const Evidence& evidence_;
  const History& history_;
  const int64_t settle_ns_ = evidence_.options.zombie_settle_ns;
  Findings findings_{"ZOMBIE"};
  std::vector<std::vector<const ServerEvent*>> last_writes_;  // by server, by stream; null: none
  int64_t cut_ = 0;
};

}  // namespace

CheckResult CheckZombie(const Evidence& evidence) { return Zombie(evidence).Check(); }

}  // namespace harness
