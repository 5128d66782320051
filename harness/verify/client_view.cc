#include "harness/verify/client_view.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

namespace harness {

LifeStart StartOf(const std::vector<TokenPart>& token, int32_t partition) {
  for (const TokenPart& part : token) {
    if (part.partition == partition) return {part.after, part.snapshot_until};
  }
  return {};
}

int64_t ProducedNs(const History& history, const LogRecord& record) {
  const Send* send = FindSend(history, record.rec);
  return send == nullptr ? INT64_MIN : std::min(send->sent_ns, record.seen_ns);
}

ClientView::ClientView(const History& history, const LogIndex& log, size_t client)
    : history_(&history), log_(&log), client_(&history.clients[client]), index_(client) {
  const auto& connections = client_->connections;
  const auto first = std::find_if(connections.begin(), connections.end(),
                                  [](const Connection& connection) { return connection.has_start; });
  token_from_ = static_cast<size_t>(first - connections.begin());
  lacks_positions_ = std::any_of(client_->deliveries.begin(), client_->deliveries.end(),
                                 [](const Delivery& delivery) { return delivery.offset < 0; });
  lacks_names_ = std::any_of(client_->deliveries.begin(), client_->deliveries.end(),
                             [](const Delivery& delivery) { return delivery.offset < 0 && !delivery.rec.has_value(); });
  FollowConnections();
  MakeScopes();
  Join();
  if (!per_connection()) MakeLives();
}

int64_t ClientView::EndAt(int32_t partition, int64_t claimed, int64_t time_ns) const {
  if (claimed < 0 || !history_->audited || partition < 0 || partition >= log_->partitions()) return claimed;
  const PartitionLog& log = history_->partitions[static_cast<size_t>(partition)];
  if (!history_->interrupted) {
    const int64_t read = log.records.empty() ? log.start_offset : log.records.back().offset + 1;
    claimed = std::min(claimed, std::max(read, log.end_offset) - 1);
  }
  // What was sent only later was not there, nor was anything behind it.
  LogPlace place = log_->LowerBound(partition, claimed + 1);
  const LogPlace above = place;
  while (place > log_->begin(partition) && ProducedNs(*history_, log_->record(place - 1)) > time_ns) --place;
  if (place == above) return claimed;
  return place == log_->begin(partition) ? -1 : log_->record(place - 1).offset;
}

LifeStart ClientView::Begin(size_t connection, int32_t partition) const {
  const Connection& stream = client_->connections[connection];
  if (stream.resumed && !stream.sent.empty()) return StartOf(stream.sent, partition);
  const LifeStart declared = StartOf(stream, partition);
  if (!stream.resumed) {
    const int64_t bound = EndAt(partition, declared.bound(), stream.started_ns);
    return stream.live_only ? LifeStart{bound, -1} : LifeStart{-1, bound};
  }
  const std::vector<LifeStart>* reached = Reached(connection);
  if (reached == nullptr) return declared;
  const LifeStart& most = (*reached)[static_cast<size_t>(partition)];
  return declared.bound() > most.bound() ? most : declared;
}

const std::vector<LifeStart>* ClientView::Reached(size_t connection) const {
  const auto found = reached_.find(connection);
  return found == reached_.end() ? nullptr : &found->second;
}

namespace {

// What a client can say in a token, followed through its log.
class FollowedToken {
 public:
  explicit FollowedToken(size_t partitions) : at_(partitions) {}

  bool known() const { return known_; }
  const std::vector<LifeStart>& at() const { return at_; }
  void Forget() {
    known_ = false;
    std::fill(at_.begin(), at_.end(), LifeStart());
  }
  void Set(int32_t partition, const LifeStart& start) {
    known_ = true;
    at_[static_cast<size_t>(partition)] = start;
  }
  void Advance(int32_t partition, int64_t offset) {
    if (!known_ || partition < 0 || static_cast<size_t>(partition) >= at_.size()) return;
    LifeStart& at = at_[static_cast<size_t>(partition)];
    at.after = std::max(at.after, offset);
    if (at.after > at.snapshot_until) at.snapshot_until = -1;
  }
  std::vector<TokenPart> Token() const {
    std::vector<TokenPart> token;
    for (size_t p = 0; p < at_.size(); ++p) {
      token.push_back({static_cast<int32_t>(p), at_[p].after, at_[p].snapshot_until});
    }
    return token;
  }

 private:
  bool known_ = false;
  std::vector<LifeStart> at_;  // by partition
};

}  // namespace

// One pass through the client's log: what it can have sent with each request whose token nobody tells, and what each
// refusal was about.
void ClientView::FollowConnections() {
  const auto& connections = client_->connections;
  const auto& deliveries = client_->deliveries;
  const auto& bookmarks = client_->bookmarks;
  FollowedToken followed(static_cast<size_t>(log_->partitions()));
  size_t delivery = 0, bookmark = 0, attempt = 0;
  const auto refused = [&](Refusal refusal, const std::vector<TokenPart>& sent, bool resumed) {
    refusal.token_is_known = resumed && !sent.empty() && !refusal.on_stream;
    refusal.has_token = refusal.on_stream || resumed;
    // Without positions nobody knows what a token that is not told can have said.
    if (refusal.token_is_known) {
      refusal.token = sent;
    } else if (!lacks_positions_) {
      refusal.token = followed.Token();
    }
    JudgeRefusal(*history_, *log_, *client_, &refusal);
    refusals_.push_back(std::move(refusal));
  };
  for (size_t c = 0; c <= connections.size(); ++c) {
    for (; delivery < deliveries.size() && deliveries[delivery].connection < c; ++delivery) {
      if (deliveries[delivery].offset >= 0) {
        followed.Advance(deliveries[delivery].partition, deliveries[delivery].offset);
      }
    }
    for (; bookmark < bookmarks.size() && bookmarks[bookmark].connection < c; ++bookmark) {
      followed.Advance(bookmarks[bookmark].partition, bookmarks[bookmark].offset);
    }
    if (c > 0 && IsRefusal(connections[c - 1].code)) {
      const Connection& ended = connections[c - 1];
      refused({.time_ns = ended.ended_ns, .before = c, .code = ended.code, .message = ended.message, .on_stream = true},
              {}, true);
    }
    const int64_t next_ns = c < connections.size() ? connections[c].started_ns : INT64_MAX;
    for (; attempt < client_->attempts.size() && client_->attempts[attempt].time_ns <= next_ns; ++attempt) {
      const FailedAttempt& failed = client_->attempts[attempt];
      if (!IsRefusal(failed.code)) continue;
      // Where its log does not say whether a token was sent, one was if it had one.
      const bool resumed = failed.tells_token ? !failed.sent.empty() : followed.known() && !is_none();
      refused({.time_ns = failed.time_ns, .before = c, .code = failed.code, .message = failed.message}, failed.sent,
              resumed);
    }
    if (c == connections.size()) return;
    const Connection& connection = connections[c];
    if (!connection.has_start) {
      followed.Forget();
      continue;
    }
    if (connection.resumed && connection.sent.empty() && followed.known() && !lacks_positions_) {
      reached_.emplace(c, followed.at());
    }
    // Who asks for something again has it all the same.
    const bool keeps = connection.resumed && followed.known();
    for (int32_t p = 0; p < log_->partitions(); ++p) {
      const LifeStart start = Begin(c, p);
      if (!keeps || start.after > followed.at()[static_cast<size_t>(p)].after) followed.Set(p, start);
    }
  }
}

bool ClientView::RefusedBefore(size_t next, bool any) const {
  return std::any_of(refusals_.begin(), refusals_.end(), [&](const Refusal& refusal) {
    return refusal.before == next && (any || refusal.truth != Truth::kFalse);
  });
}

void ClientView::MakeScopes() {
  uint32_t scope = 0;
  for (size_t c = 0; c < client_->connections.size(); ++c) {
    const bool own = is_none() || c <= token_from_;
    const bool anew = !own && !client_->connections[c].resumed && RefusedBefore(c, true);
    if (own || anew) ++scope;
    scopes_.push_back(scope);
  }
  // An event log without any connection mark: everything is one connection.
  if (scopes_.empty()) scopes_.push_back(1);
}

void ClientView::MakeLives() {
  const size_t connections = client_->connections.size();
  const auto partitions = static_cast<size_t>(log_->partitions());
  for (size_t c = token_from_; c < connections; ++c) {
    const bool begins = c == token_from_ || (client_->connections[c].has_start && RefusedBefore(c, false));
    if (!begins) continue;
    if (!lives_.empty()) lives_.back().end = c;
    Life& life = lives_.emplace_back();
    life.begin = c;
    life.end = connections;
    life.reached.assign(partitions, -1);
    // A client that skips a gap asks for what its server told it, not for what it had reached.
    const bool skips = client_->connections[c].resumed && client_->connections[c].sent.empty();
    for (int32_t p = 0; p < log_->partitions(); ++p) {
      life.starts.push_back(skips ? StartOf(client_->connections[c], p) : Begin(c, p));
    }
  }
  size_t life = 0;
  for (size_t i = 0; i < places_.size(); ++i) {
    const size_t connection = client_->deliveries[i].connection;
    while (life + 1 < lives_.size() && connection >= lives_[life].end) ++life;
    if (places_[i] == kNoPlace || connection < lives_[life].begin) continue;
    int64_t& reached = lives_[life].reached[static_cast<size_t>(log_->partition(places_[i]))];
    reached = std::max(reached, log_->record(places_[i]).offset);
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

LogPlace ClientView::PlaceByContent(size_t delivery, TimesInScope* times) const {
  const Delivery& seen = client_->deliveries[delivery];
  if (seen.content_hash == 0) return kNoPlace;
  std::vector<LogPlace> candidates = log_->PlacesOfContent(seen.id_hash, seen.content_hash);
  if (candidates.empty()) return kNoPlace;
  const auto same = [&](LogPlace place) { return log_->record(place).content_hash == seen.content_hash; };
  // With its own metadata first, if there is such a one.
  if (std::any_of(candidates.begin(), candidates.end(), same)) std::erase_if(candidates, std::not_fn(same));
  auto& [in_scope, count] = (*times)[seen.id_hash ^ seen.content_hash];
  if (std::exchange(in_scope, scope(delivery)) != scope(delivery)) count = 0;
  return candidates[std::min<size_t>(count++, candidates.size() - 1)];
}

void ClientView::Join() {
  const auto& deliveries = client_->deliveries;
  places_.reserve(deliveries.size());
  first_.resize(log_->size());
  frontiers_.assign(static_cast<size_t>(log_->partitions()), -1);
  // How often a rec that the log holds several times has come in a scope.
  TimesInScope times;
  TimesInScope times_by_content;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    const Delivery& delivery = deliveries[i];
    LogPlace place = kNoPlace;
    if (delivery.offset >= 0) {
      place = log_->Find(delivery.partition, delivery.offset);
    } else if (const auto candidates = log_->Places(delivery.rec); candidates.size() == 1) {
      place = candidates[0];
    } else if (candidates.size() > 1) {
      auto& [in_scope, count] = times[delivery.rec.bits];
      if (std::exchange(in_scope, scope(i)) != scope(i)) count = 0;
      place = candidates[std::min<size_t>(count++, candidates.size() - 1)];
    }
    if (delivery.offset < 0 && !delivery.rec.has_value()) place = PlaceByContent(i, &times_by_content);
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
