// What the checkers know of each client beyond its deliveries: its view, what its streams passed over, where its
// sequence does not simply grow. Each is made once for a verdict, at the first question, whoever asks: most checkers
// ask, and to join a client's deliveries with the log anew for each of them was two fifths of a verdict's time. Called
// by the checkers and metrics.cc. Pure; thread-safe.
//
// Memory: 4 bytes for each delivery, and for each client 4 bytes for each log record, kept until the verdict is there.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "harness/verify/client_view.h"
#include "harness/verify/history.h"
#include "harness/verify/log_index.h"
#include "harness/verify/sequence_scan.h"
#include "harness/verify/stream_scan.h"

namespace harness {

class ClientViews {
 public:
  // Both must outlive it.
  ClientViews(const History& history, const LogIndex& log);
  ~ClientViews();
  ClientViews(const ClientViews&) = delete;
  ClientViews& operator=(const ClientViews&) = delete;

  // Makes now all that the checkers will ask of the client: what they ask at once they would wait for.
  void Prepare(size_t client) const;

  // `client`: index into History::clients.
  const ClientView& view(size_t client) const;
  const StreamScan& streams(size_t client) const;
  const SequenceScan& sequence(size_t client) const;
  // What the client is owed up to the audited end (interrupted: up to its frontiers) and has not got, ascending.
  const std::vector<LogPlace>& missing(size_t client) const;

 private:
  struct OfClient;

  const History& history_;
  const LogIndex& log_;
  std::unique_ptr<OfClient[]> clients_;
};

}  // namespace harness
