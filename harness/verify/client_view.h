// One client's deliveries joined with the audited log: where each stands, what it has handed on, how far it came, where
// its lives and its streams began. Built per client by the checkers and the metrics, one client at a time, so that the
// memory (4 bytes for each delivery of the client and for each log record) does not grow with the number of clients.
// Pure.
//
// Words: W is what the client received on the wire (all deliveries), A what it handed on (all but kDropped).
//
// What a stream owes follows from what was asked for, the audited log and the moment, not from its server's word alone:
//  - no token: everything from the beginning on. What is said to be a snapshot's (StreamStart) counts as one up to the
//    end that the log can have had at that moment; what lies beyond is owed record by record.
//  - live_only: what lies beyond the end that its server named, at most the end that the log can have had.
//  - a token: what lies beyond it. Where the client's log does not say what it sent: beyond the StreamStart's token, or
//    beyond what the client had received where that is less.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/verify/history.h"
#include "harness/verify/log_index.h"
#include "harness/verify/refusal.h"

namespace harness {

// Where a life or a stream begins in one partition. The records up to `bound()` were sent as latest state, those beyond
// one by one.
struct LifeStart {
  int64_t after = -1;           // nothing at or below it was asked for
  int64_t snapshot_until = -1;  // -1: no snapshot
  int64_t bound() const { return after > snapshot_until ? after : snapshot_until; }
};

class ClientView {
 public:
  ClientView(const History& history, const LogIndex& log, size_t client);

  const Client& client() const { return *client_; }
  size_t index() const { return index_; }
  // The scope within which a record may come once and in order: 1, 2, ... With resume "token" all of a client's
  // connections are one scope; a new one begins where it began anew because its token was refused, rightly or not. With
  // resume "none", and as long as no server gave it a token, every connection is one.
  uint32_t scope(size_t delivery) const {
    const size_t connection = client_->deliveries[delivery].connection;
    return connection < scopes_.size() ? scopes_[connection] : scopes_.back();
  }
  // True when each connection is a life of its own: resume "none", or no server ever gave a StreamStart.
  bool per_connection() const { return token_from_ >= client_->connections.size() || is_none(); }
  // It would resume, and has nothing to resume with: it is judged as with resume "none".
  bool lacks_token() const { return !is_none() && per_connection(); }

  // What the client was owed from where, from connection `begin` on up to connection `end`. A refusal that was true
  // ends a life; one that was not ends nothing.
  struct Life {
    size_t begin = 0;
    size_t end = 0;
    std::vector<LifeStart> starts;  // by partition
    std::vector<int64_t> reached;   // by partition: the greatest offset that came in it
  };
  // At least one, unless per_connection(). In time order.
  const std::vector<Life>& lives() const { return lives_; }
  // Where the stream of a connection with a StreamStart begins: above. O(1), longer where its server claimed more than
  // the log had.
  LifeStart Begin(size_t connection, int32_t partition) const;
  // What the client can have sent as its token for `connection`: what it had received, or was told of, before. Null
  // where its log says what it sent, where it sent none, and where positions are not known.
  const std::vector<LifeStart>* Reached(size_t connection) const;
  // The greatest offset that the log can have held in `partition` at `time_ns`, but not above `claimed`.
  int64_t EndAt(int32_t partition, int64_t claimed, int64_t time_ns) const;
  // In time order.
  const std::vector<Refusal>& refusals() const { return refusals_; }

  // The place of a delivery in the log: by partition and offset, or by rec where the server gives no positions (the
  // n-th delivery of a rec in its scope is the n-th record of that rec in the log; any further one is the last). One
  // that has neither is placed likewise by its payment and content, if need be without the metadata.
  LogPlace place(size_t delivery) const { return places_[delivery]; }
  // Without positions the log's end has to be known: in an interrupted run a rec may be there once more, unread.
  bool may_be_unread(size_t delivery) const {
    return history_->interrupted && client_->deliveries[delivery].offset < 0;
  }
  // False for a delivery without a position whose rec, or without a rec whose content, the log holds several times:
  // which of them it was is a guess.
  bool place_is_certain(size_t delivery) const {
    const Delivery& seen = client_->deliveries[delivery];
    if (seen.offset >= 0) return true;
    if (seen.rec.has_value()) return log_->Places(seen.rec).size() <= 1;
    return places_[delivery] == kNoPlace || log_->PlacesOfContent(seen.id_hash, seen.content_hash).size() <= 1;
  }
  // Whether it is known where one stream of its ends and the next begins: where its log marks them, or nothing was
  // broken.
  bool knows_streams() const { return client_->marks_connections || history_->faults.empty(); }
  // What the client's log says of a delivery; where it does not say, what can be known: new is what was sent to the
  // topic after its stream had given something, and what its StreamStart's snapshot does not cover.
  DeliveryKind kind(size_t delivery) const;
  // Some deliveries have neither a position nor a rec.
  bool lacks_names() const { return lacks_names_; }
  // Whether a record would be known to have come: not what has no rec, where a delivery has neither position nor rec.
  bool IsIdentifiable(const LogRecord& record) const { return record.rec.has_value() || !lacks_names_; }
  // Whether the record at `place` is in A; and as which delivery it came first (size_t(-1): it never did).
  bool received(LogPlace place) const { return first_[place] != 0; }
  size_t first_delivery(LogPlace place) const { return static_cast<size_t>(first_[place]) - 1; }
  // The greatest offset of a sentinel (of a client that has left: of any record) that it received in `partition`; -1:
  // none.
  int64_t frontier(int32_t partition) const { return frontiers_[static_cast<size_t>(partition)]; }
  const std::vector<int64_t>& frontiers() const { return frontiers_; }

  // Calls `visit` for every record that the client is owed up to `frontiers` (by partition; -1: nothing of it) and that
  // is not in A, in no particular order, each once. Returns how many it was owed. Definition and complexity: owed.cc.
  int64_t ForEachMissing(const std::vector<int64_t>& frontiers, const std::function<void(LogPlace)>& visit) const;

 private:
  using Visit = std::function<void(LogPlace)>;

  bool is_none() const { return client_->resume == ResumeMode::kNone; }
  void Join();
  void FollowConnections();
  void MakeScopes();
  void MakeLives();
  int64_t MissingAfterStart(const Life& life, const std::vector<int64_t>& frontiers, const Visit& visit) const;
  int64_t MissingOfSnapshot(const Life& life, const std::vector<int64_t>& frontiers, const Visit& visit) const;
  int64_t MissingOfLives(const std::vector<int64_t>& frontiers, const Visit& visit) const;
  int64_t MissingOfConnections(const std::vector<int64_t>& frontiers, const Visit& visit) const;
  // What lies between the first and the last new record of each connection before `end`.
  int64_t MissingOfSpans(size_t end, const std::vector<int64_t>& frontiers, const Visit& visit) const;
  // Of a delivery without position and rec; `times`: how often each content has come in its scope.
  using TimesInScope = std::unordered_map<uint64_t, std::pair<uint32_t, uint32_t>>;
  LogPlace PlaceByContent(size_t delivery, TimesInScope* times) const;
  bool ReceivedRec(Rec rec) const;  // any record of that rec
  // Whether a true refusal lies between connection `next` and the one before; `any`: whatever refusal.
  bool RefusedBefore(size_t next, bool any) const;
  // Whether the client can be expected to have the record and, having it, to be seen to.
  bool Matches(const LogRecord& record) const {
    return record.valid && IsIdentifiable(record) && client_->filter.Matches(record.provider, record.status);
  }

  const History* history_;
  const LogIndex* log_;
  const Client* client_;
  size_t index_;
  size_t token_from_ = 0;         // the first connection with a StreamStart
  bool lacks_positions_ = false;  // some deliveries have none
  bool lacks_names_ = false;      // ... and no rec either: they may be of any record without a rec
  std::vector<uint32_t> scopes_;  // by connection
  std::vector<Life> lives_;
  std::vector<Refusal> refusals_;
  std::unordered_map<size_t, std::vector<LifeStart>> reached_;  // by connection
  std::vector<LogPlace> places_;                                // by delivery
  std::vector<uint32_t> first_;                                 // by place: delivery + 1
  std::vector<int64_t> frontiers_;                              // by partition
};

// What a token says of `partition`; {} (from the beginning) when it is not in there.
LifeStart StartOf(const std::vector<TokenPart>& token, int32_t partition);
// Where a connection's stream began in `partition`, as its StreamStart says; a partition that it does not name was
// created later and starts at its beginning.
inline LifeStart StartOf(const Connection& connection, int32_t partition) {
  return StartOf(connection.token, partition);
}

// The earliest time at which the record can have been in the topic; INT64_MIN: nobody told when it was sent.
int64_t ProducedNs(const History& history, const LogRecord& record);

}  // namespace harness
