#include "harness/verify/server_evidence.h"

#include <algorithm>
#include <set>

namespace harness {
namespace {

// When the process that began at `started_ns` was over, as who started it saw; 0: not known.
int64_t ProcessEndNs(const History& history, const std::string& name, int64_t started_ns) {
  const ProcessSpan* last = nullptr;
  for (const ProcessSpan& span : history.processes) {
    const bool before = span.name == name && span.started_ns <= started_ns;
    if (before && (last == nullptr || span.started_ns > last->started_ns)) last = &span;
  }
  return last == nullptr ? 0 : last->ended_ns;
}

}  // namespace

std::string SubscriptionName(const JournaledServer& server, const ServerStream& stream) {
  return server.lives[stream.life].server_id + "/" + std::to_string(stream.number);
}

ServerEvidence::ServerEvidence(const History& history) : history_(history) {
  for (size_t s = 0; s < history.servers.size(); ++s) {
    const JournaledServer& server = history.servers[s];
    for (size_t i = 0; i < server.streams.size(); ++i) {
      by_name_[SubscriptionName(server, server.streams[i])] = {s, i};
    }
  }
}

std::optional<ServerEvidence::Stream> ServerEvidence::Behind(const Connection& connection) const {
  const auto found = connection.subscription.empty() ? by_name_.end() : by_name_.find(connection.subscription);
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

int64_t ServerEvidence::ClosedNs(Stream at) const {
  const ServerStream& stream = StreamOf(at);
  if (stream.ended_ns != 0) return stream.ended_ns;
  const std::vector<ServerLife>& lives = ServerOf(at).lives;
  const int64_t next_ns = stream.life + 1 < lives.size() ? lives[stream.life + 1].started_ns : 0;
  int64_t closed_ns = 0;
  for (const int64_t end_ns :
       {LifeOf(at).stopped_ns, next_ns, ProcessEndNs(history_, ServerOf(at).name, LifeOf(at).started_ns)}) {
    if (end_ns != 0 && (closed_ns == 0 || end_ns < closed_ns)) closed_ns = end_ns;
  }
  return closed_ns;
}

ServerEvidence::Written ServerEvidence::WrittenTo(Stream at, int32_t partition, int64_t offset) const {
  Written written;
  bool later = false;
  for (const ServerEvent& event : ServerOf(at).events) {
    if (event.kind != ServerEventKind::kWrote || event.owner != at.stream || event.partition != partition) continue;
    later = later || event.offset > offset;
    if (event.offset != offset || written.times++ > 0) continue;
    written.first_ns = event.time_ns;
    written.late = later;
  }
  written.complete = later || StreamOf(at).ended_ns != 0 || LifeOf(at).stopped_ns != 0;
  return written;
}

bool ServerEvidence::IsContradicted(Stream at, const LogIndex& log, const ClientView& view, size_t connection) const {
  const pipeline::MutexLock lock(&mutex_);
  const auto [known, is_new] = contradicted_.try_emplace({at.server, at.stream}, false);
  if (!is_new) return known->second;
  std::set<std::pair<int32_t, int64_t>> written;
  std::map<int32_t, int64_t> last;
  for (const ServerEvent& event : ServerOf(at).events) {
    if (event.kind != ServerEventKind::kWrote || event.owner != at.stream) continue;
    written.emplace(event.partition, event.offset);
    last[event.partition] = std::max(last[event.partition], event.offset);
  }
  const bool whole = StreamOf(at).ended_ns != 0 || LifeOf(at).stopped_ns != 0;
  const Client& client = view.client();
  for (size_t i = 0; i < client.deliveries.size() && !known->second; ++i) {
    const Delivery& delivery = client.deliveries[i];
    if (delivery.connection != connection || delivery.offset < 0 || view.place(i) == kNoPlace) continue;
    const LogRecord& record = log.record(view.place(i));
    const bool right = record.valid && client.filter.Matches(record.provider, record.status) &&
                       (delivery.kind == DeliveryKind::kDropped || delivery.content_hash == record.content_hash);
    if (!right || (!whole && delivery.offset >= last[delivery.partition])) continue;
    known->second = !written.contains({delivery.partition, delivery.offset});
  }
  return known->second;
}

ServerEvidence::Read ServerEvidence::ReadBy(Stream at, int32_t partition, int64_t offset) const {
  const uint32_t life = StreamOf(at).life;
  bool beyond = LifeOf(at).stopped_ns != 0;
  for (const ServerEvent& event : ServerOf(at).events) {
    if (event.kind != ServerEventKind::kRead || event.owner != life || event.partition != partition) continue;
    if (event.offset == offset) {
      const bool accepted = event.reason == pipeline::RejectReason::kNone;
      return {accepted ? Reading::kAccepted : Reading::kRejected, event.reason};
    }
    beyond = beyond || event.offset > offset;
  }
  return {beyond ? Reading::kNever : Reading::kUnknown, pipeline::RejectReason::kNone};
}

}  // namespace harness
