// When servers read a record from Kafka and wrote it to a client's stream, from their own journals: T3 and T4 of the
// latency by hop. Built once for a Measurement; const after that, so thread-safe. Pure.
//
// Memory: 16 bytes for each entry of a journal. A look is O(log n).
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "harness/verify/history.h"
#include "harness/verify/log_index.h"
#include "harness/verify/server_evidence.h"

namespace harness {

inline constexpr int64_t kNeverNs = INT64_MAX;

class ServerTimes {
 public:
  // `servers` must outlive it.
  ServerTimes(const History& history, const LogIndex& log, const ServerEvidence& servers);

  struct Hops {
    int64_t read_ns = 0;     // by the process that serves the stream; 0: not known, kNeverNs: it never did
    int64_t written_ns = 0;  // to the stream, for the first time; likewise
  };
  // Of the record at `place` on the stream behind `connection`. What no journal has is not known.
  Hops On(const Connection& connection, LogPlace place) const;
  // Of a record that `client` never received: how far it came on any of its streams. Not known unless the journals have
  // all of its streams, and none was cut short.
  Hops Furthest(const Client& client, LogPlace place) const;
  // No server keeps a journal.
  bool empty() const { return reads_.empty(); }

 private:
  using Times = std::vector<std::pair<LogPlace, int64_t>>;  // sorted by place, the first time of each
  using Key = std::pair<size_t, size_t>;                    // server, and its life or stream

  static int64_t TimeOf(const std::map<Key, Times>& all, Key key, LogPlace place);

  const ServerEvidence& servers_;
  std::map<Key, Times> reads_;   // by server and life
  std::map<Key, Times> writes_;  // by server and stream
};

}  // namespace harness
