#include "harness/verify/client_view.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace harness {
namespace {

constexpr int kFailedPrecondition = 9;
constexpr int kOutOfRange = 11;

bool RefusesToken(int code) { return code == kFailedPrecondition || code == kOutOfRange; }

// Whether the client may begin anew with connection `next`: a server had refused its token since the one before.
bool TokenWasRefused(const Client& client, size_t next) {
  const Connection& before = client.connections[next - 1];
  if (RefusesToken(before.code)) return true;
  return std::any_of(client.attempts.begin(), client.attempts.end(), [&](const FailedAttempt& attempt) {
    return RefusesToken(attempt.code) && attempt.time_ns >= before.started_ns &&
           attempt.time_ns <= client.connections[next].started_ns;
  });
}

}  // namespace

LifeStart StartOf(const std::vector<StartPosition>& token, int32_t partition) {
  for (const StartPosition& position : token) {
    if (position.partition == partition) return {position.after, position.snapshot_until};
  }
  return {};
}

ClientView::ClientView(const History& history, const LogIndex& log, size_t client)
    : history_(&history), log_(&log), client_(&history.clients[client]) {
  MakeScopes();
  Join();
}

void ClientView::MakeScopes() {
  const auto& connections = client_->connections;
  const bool has_start = !connections.empty() && connections.front().has_start;
  per_connection_ = client_->resume == ResumeMode::kNone || !has_start;
  uint32_t scope = 0;
  size_t life_begin = 0;
  for (size_t i = 0; i < connections.size(); ++i) {
    const bool own = client_->resume == ResumeMode::kNone;
    const bool anew = i > 0 && !own && !connections[i].resumed && TokenWasRefused(*client_, i);
    if (i == 0 || own || anew) ++scope;
    if (anew) life_begin = i;
    scopes_.push_back(scope);
  }
  // An event log without any connection mark: everything is one connection.
  if (scopes_.empty()) scopes_.push_back(1);
  starts_.resize(static_cast<size_t>(log_->partitions()));
  if (connections.empty()) return;
  for (const StartPosition& position : connections[life_begin].token) {
    if (position.partition < 0 || position.partition >= log_->partitions()) continue;
    starts_[static_cast<size_t>(position.partition)] = {position.after, position.snapshot_until};
  }
}

DeliveryKind ClientView::kind(size_t delivery) const {
  const Delivery& seen = client_->deliveries[delivery];
  if (seen.kind != DeliveryKind::kUntold || seen.connection >= client_->connections.size()) return seen.kind;
  if (!knows_streams()) return seen.kind;
  const Connection& connection = client_->connections[seen.connection];
  if (connection.resumed) return DeliveryKind::kNew;
  const LogPlace at = place(delivery);
  if (at == kNoPlace) return DeliveryKind::kUntold;
  if (connection.has_start) {
    const LifeStart start = StartOf(connection, log_->partition(at));
    return log_->record(at).offset > start.snapshot_until ? DeliveryKind::kNew : DeliveryKind::kExisting;
  }
  const Send* send = place_is_certain(delivery) ? FindSend(*history_, log_->record(at).rec) : nullptr;
  const bool later = send != nullptr && connection.first_message_ns != 0 && send->sent_ns > connection.first_message_ns;
  return later ? DeliveryKind::kNew : DeliveryKind::kUntold;
}

void ClientView::Join() {
  const auto& deliveries = client_->deliveries;
  places_.reserve(deliveries.size());
  first_.resize(log_->size());
  frontiers_.assign(static_cast<size_t>(log_->partitions()), -1);
  // How often a rec that the log holds several times has come in a scope.
  std::unordered_map<uint64_t, std::pair<uint32_t, uint32_t>> times;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    const Delivery& delivery = deliveries[i];
    LogPlace place = kNoPlace;
    lacks_positions_ = lacks_positions_ || delivery.offset < 0;
    if (delivery.offset >= 0) {
      place = log_->Find(delivery.partition, delivery.offset);
    } else if (const auto candidates = log_->Places(delivery.rec); candidates.size() == 1) {
      place = candidates[0];
    } else if (candidates.size() > 1) {
      auto& [in_scope, count] = times[delivery.rec.bits];
      if (std::exchange(in_scope, scope(i)) != scope(i)) count = 0;
      place = candidates[std::min<size_t>(count++, candidates.size() - 1)];
    }
    places_.push_back(place);
    if (place == kNoPlace || delivery.kind == DeliveryKind::kDropped) continue;
    if (first_[place] == 0) first_[place] = static_cast<uint32_t>(i) + 1;
    const LogRecord& record = log_->record(place);
    // One that has left has no sentinel: it came as far as what it has.
    if (!record.sentinel && client_->left_ns == 0) continue;
    int64_t& frontier = frontiers_[static_cast<size_t>(log_->partition(place))];
    frontier = std::max(frontier, record.offset);
  }
}

}  // namespace harness
