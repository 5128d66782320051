// One client's deliveries joined with the audited log: where each stands, what it has handed on, how far it came, where
// its life began. Built per client by the checkers and the metrics, one client at a time, so that the memory (4 bytes
// for each delivery of the client and for each log record) does not grow with the number of clients. Pure.
//
// Words: W is what the client received on the wire (all deliveries), A what it handed on (all but kDropped).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/verify/history.h"
#include "harness/verify/log_index.h"

namespace harness {

// Where a life begins in one partition. The records up to `bound()` were sent as latest state, those beyond one by one.
struct LifeStart {
  int64_t after = -1;           // nothing at or below it was asked for
  int64_t snapshot_until = -1;  // -1: no snapshot
  int64_t bound() const { return after > snapshot_until ? after : snapshot_until; }
};

class ClientView {
 public:
  ClientView(const History& history, const LogIndex& log, size_t client);

  const Client& client() const { return *client_; }
  // The scope within which a record may come once and in order: 1, 2, ... With resume "token" a client's whole life is
  // one scope; a new one begins where it took a new snapshot because its server refused the token (OUT_OF_RANGE,
  // FAILED_PRECONDITION). With resume "none" every connection is one.
  uint32_t scope(size_t delivery) const {
    const size_t connection = client_->deliveries[delivery].connection;
    return connection < scopes_.size() ? scopes_[connection] : scopes_.back();
  }
  // True when each connection is a life of its own: resume "none", or a server that gives no StreamStart.
  bool per_connection() const { return per_connection_; }
  // The start of the last scope, by partition. Meaningful unless per_connection().
  const LifeStart& start(int32_t partition) const { return starts_[static_cast<size_t>(partition)]; }

  // The place of a delivery in the log: by partition and offset, or by rec where the server gives no positions (the
  // n-th delivery of a rec in its scope is the n-th record of that rec in the log; any further one is the last).
  LogPlace place(size_t delivery) const { return places_[delivery]; }
  // Without positions the log's end has to be known: in an interrupted run a rec may be there once more, unread.
  bool may_be_unread(size_t delivery) const {
    return history_->interrupted && client_->deliveries[delivery].offset < 0;
  }
  // False for a delivery without a position whose rec the log holds several times: which of them it was is a guess.
  bool place_is_certain(size_t delivery) const {
    const Delivery& seen = client_->deliveries[delivery];
    return seen.offset >= 0 || log_->Places(seen.rec).size() <= 1;
  }
  // Whether it is known where one stream of its ends and the next begins: where its log marks them, or nothing was
  // broken.
  bool knows_streams() const { return client_->marks_connections || history_->faults.empty(); }
  // What the client's log says of a delivery; where it does not say, what can be known: new is what was sent to the
  // topic after its stream had given something, and what its StreamStart's snapshot does not cover.
  DeliveryKind kind(size_t delivery) const;
  // Whether the record at `place` is in A; and as which delivery it came first (size_t(-1): it never did).
  bool received(LogPlace place) const { return first_[place] != 0; }
  size_t first_delivery(LogPlace place) const { return static_cast<size_t>(first_[place]) - 1; }
  // The greatest offset of a sentinel (of a client that has left: of any record) that it received in `partition`; -1:
  // none.
  int64_t frontier(int32_t partition) const { return frontiers_[static_cast<size_t>(partition)]; }
  const std::vector<int64_t>& frontiers() const { return frontiers_; }

  // Calls `visit` for every record that the client is owed up to `frontiers` (by partition; -1: nothing of it) and that
  // is not in A, in no particular order. Returns how many it was owed. Definition and complexity: owed.cc.
  int64_t ForEachMissing(const std::vector<int64_t>& frontiers, const std::function<void(LogPlace)>& visit) const;

 private:
  void MakeScopes();
  void Join();
  int64_t MissingAfterStart(const std::vector<int64_t>& frontiers, const std::function<void(LogPlace)>& visit) const;
  int64_t MissingOfSnapshot(const std::vector<int64_t>& frontiers, const std::function<void(LogPlace)>& visit) const;
  int64_t MissingOfConnections(const std::vector<int64_t>& frontiers, const std::function<void(LogPlace)>& visit) const;
  bool ReceivedRec(Rec rec) const;  // any record of that rec
  // Whether the client can be expected to have the record and, having it, to be seen to.
  bool Matches(const LogRecord& record) const {
    const bool identifiable = record.rec.has_value() || !lacks_positions_;
    return record.valid && identifiable && client_->filter.Matches(record.provider, record.status);
  }

  const History* history_;
  const LogIndex* log_;
  const Client* client_;
  bool per_connection_ = false;
  bool lacks_positions_ = false;    // some deliveries have none
  std::vector<uint32_t> scopes_;    // by connection
  std::vector<LifeStart> starts_;   // by partition
  std::vector<LogPlace> places_;    // by delivery
  std::vector<uint32_t> first_;     // by place: delivery + 1
  std::vector<int64_t> frontiers_;  // by partition
};

// The position of `partition` in a token; {} (from the beginning) when it is not in there.
LifeStart StartOf(const std::vector<StartPosition>& token, int32_t partition);
// Where a connection's stream began in `partition`, as its StreamStart says; a partition that it does not name was
// created later and starts at its beginning.
inline LifeStart StartOf(const Connection& connection, int32_t partition) {
  return StartOf(connection.token, partition);
}

}  // namespace harness
