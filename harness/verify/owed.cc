// What a client is owed, as the definition of LOST says (reference: lost.h).
//
// With a token, for each of its lives (client_view.h): every valid record beyond its start that matches its filter; and
// of the snapshot at P, for each id the fold's winner among the records up to P, if that record itself matches, unless
// a winner beyond P superseded it before it was sent, or it has left the topic by the end of the run: a snapshot is of
// what the topic holds while it is sent. "Before it was sent" is bounded by evidence: the snapshot of a
// partition was whole when the client received its first record beyond P there, so what was produced after that can't
// have superseded anything. The last life reaches to the frontier, one that a refusal ended to where it had come.
//
// Without (each connection is a life of its own that begins with a snapshot): for each id the fold's winner among the
// records up to the frontier; and what lies between the snapshot of a connection and the last new record received on
// it.
//
// Linear in the log and the deliveries, for each life. Memory: 4 bytes for each payment id, where there is a snapshot.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "harness/verify/client_view.h"
#include "harness/verify/fold.h"

namespace harness {

bool ClientView::ReceivedRec(Rec rec) const {
  const auto places = log_->Places(rec);
  return std::any_of(places.begin(), places.end(), [&](LogPlace place) { return received(place); });
}

int64_t ClientView::ForEachMissing(const std::vector<int64_t>& frontiers, const Visit& visit) const {
  return per_connection() ? MissingOfConnections(frontiers, visit) : MissingOfLives(frontiers, visit);
}

int64_t ClientView::MissingOfLives(const std::vector<int64_t>& frontiers, const Visit& visit) const {
  const bool one = lives_.size() == 1 && token_from_ == 0;
  std::unordered_set<LogPlace> told;
  const Visit once = [&](LogPlace place) {
    if (told.insert(place).second) visit(place);
  };
  const Visit& tell = one ? visit : once;
  int64_t owed = MissingOfSpans(token_from_, frontiers, tell);
  for (size_t i = 0; i < lives_.size(); ++i) {
    const Life& life = lives_[i];
    std::vector<int64_t> ends = frontiers;
    if (i + 1 < lives_.size()) ends = life.reached;
    owed += MissingOfSnapshot(life, ends, tell) + MissingAfterStart(life, ends, tell);
  }
  return owed;
}

int64_t ClientView::MissingAfterStart(const Life& life, const std::vector<int64_t>& frontiers,
                                      const Visit& visit) const {
  int64_t owed = 0;
  for (int32_t p = 0; p < log_->partitions(); ++p) {
    const LogPlace end = log_->LowerBound(p, frontiers[static_cast<size_t>(p)] + 1);
    const int64_t bound = life.starts[static_cast<size_t>(p)].bound();
    for (LogPlace place = log_->LowerBound(p, bound + 1); place < end; ++place) {
      if (!Matches(log_->record(place))) continue;
      ++owed;
      if (!received(place)) visit(place);
    }
  }
  return owed;
}

int64_t ClientView::MissingOfSnapshot(const Life& life, const std::vector<int64_t>& frontiers,
                                      const Visit& visit) const {
  const std::vector<LifeStart>& starts = life.starts;
  const bool any = std::any_of(starts.begin(), starts.end(),
                               [](const LifeStart& start) { return start.snapshot_until > start.after; });
  if (!any) return 0;
  std::vector<int64_t> bounds;
  bounds.reserve(starts.size());
  for (const LifeStart& start : starts) bounds.push_back(start.bound());
  int64_t owed = 0;
  std::unordered_map<uint32_t, LogPlace> missing;  // by id number
  for (const LogPlace winner : Fold(*log_, bounds)) {
    if (winner == kNoPlace) continue;
    const auto p = static_cast<size_t>(log_->partition(winner));
    const LogRecord& record = log_->record(winner);
    if (record.offset <= starts[p].after || record.offset > frontiers[p] || !Matches(record)) continue;
    if (!received(winner) && record.offset < history_->partitions[p].low_watermark) continue;
    ++owed;
    if (!received(winner)) missing.emplace(log_->id(winner), winner);
  }
  if (missing.empty()) return owed;

  // When the snapshot of each partition was whole at the client.
  std::vector<int64_t> whole_ns(bounds.size(), INT64_MAX);
  for (const Delivery& delivery : client_->deliveries) {
    if (delivery.partition < 0 || delivery.partition >= log_->partitions()) continue;
    if (delivery.connection < life.begin || delivery.connection >= life.end) continue;
    const auto p = static_cast<size_t>(delivery.partition);
    if (whole_ns[p] == INT64_MAX && delivery.offset > bounds[p]) whole_ns[p] = delivery.time_ns;
  }
  for (int32_t p = 0; p < log_->partitions(); ++p) {
    for (LogPlace place = log_->LowerBound(p, bounds[static_cast<size_t>(p)] + 1); place < log_->end(p); ++place) {
      const LogRecord& record = log_->record(place);
      const auto found = record.valid ? missing.find(log_->id(place)) : missing.end();
      if (found == missing.end() || FoldKey(*log_, place) < FoldKey(*log_, found->second)) continue;
      const auto home = static_cast<size_t>(log_->partition(found->second));
      if (ProducedNs(*history_, record) <= whole_ns[home]) missing.erase(found);
    }
  }
  if (history_->interrupted) return owed;  // what the audit had not read yet may have superseded them
  for (const auto& [id, place] : missing) visit(place);
  return owed;
}

int64_t ClientView::MissingOfSpans(size_t end, const std::vector<int64_t>& frontiers, const Visit& visit) const {
  if (end == 0) return 0;
  int64_t owed = 0;
  // The span of new records on the connection at hand, by partition; both ends received.
  struct Span {
    LogPlace first = kNoPlace, last = 0;
  };
  std::vector<Span> spans(static_cast<size_t>(log_->partitions()));
  const auto close = [&](size_t connection) {
    for (int32_t p = 0; p < log_->partitions(); ++p) {
      Span& span = spans[static_cast<size_t>(p)];
      if (span.first == kNoPlace) continue;
      if (connection < client_->connections.size() && client_->connections[connection].has_start) {
        span.first = std::min(span.first, log_->LowerBound(p, Begin(connection, p).bound() + 1));
      }
      for (LogPlace place = span.first; place <= span.last; ++place) {
        if (log_->record(place).offset > frontiers[static_cast<size_t>(p)] || !Matches(log_->record(place))) continue;
        ++owed;
        if (!received(place)) visit(place);
      }
      span = {};
    }
  };
  const auto& deliveries = client_->deliveries;
  for (size_t i = 0; i < deliveries.size() && deliveries[i].connection < end; ++i) {
    if (i > 0 && deliveries[i].connection != deliveries[i - 1].connection) close(deliveries[i - 1].connection);
    if (!knows_streams() || places_[i] == kNoPlace || kind(i) != DeliveryKind::kNew || !place_is_certain(i)) continue;
    Span& span = spans[static_cast<size_t>(log_->partition(places_[i]))];
    if (span.first == kNoPlace) span = {places_[i], places_[i]};
    span.last = std::max(span.last, places_[i]);
  }
  const auto last = std::find_if(deliveries.rbegin(), deliveries.rend(),
                                 [&](const Delivery& delivery) { return delivery.connection < end; });
  if (last != deliveries.rend()) close(last->connection);
  return owed;
}

int64_t ClientView::MissingOfConnections(const std::vector<int64_t>& frontiers, const Visit& visit) const {
  std::unordered_set<LogPlace> missing;
  int64_t owed = MissingOfSpans(SIZE_MAX, frontiers, [&](LogPlace place) { missing.insert(place); });
  // What a partition without a frontier holds may have superseded a winner elsewhere; so may, interrupted, what the
  // audit has not read.
  std::vector<int64_t> bounds = frontiers;
  std::replace(bounds.begin(), bounds.end(), int64_t{-1}, INT64_MAX - 1);
  // One that has left in the middle of a snapshot lacks what came late in it.
  if (client_->left_ns != 0) std::fill(bounds.begin(), bounds.end(), INT64_MAX - 1);
  const auto winners = history_->interrupted ? std::vector<LogPlace>() : Fold(*log_, bounds);
  for (const LogPlace winner : winners) {
    if (winner == kNoPlace) continue;
    if (log_->record(winner).offset > frontiers[static_cast<size_t>(log_->partition(winner))]) continue;
    if (!Matches(log_->record(winner))) continue;
    ++owed;
    // Without positions, the winner may have come as another record of the same rec.
    if (!received(winner) && !(lacks_positions_ && ReceivedRec(log_->record(winner).rec))) missing.insert(winner);
  }
  for (const LogPlace place : missing) visit(place);
  return owed;
}

}  // namespace harness
