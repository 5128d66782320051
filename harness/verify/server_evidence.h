// What servers' own journals say of one hop: whether the server behind a client's connection read a record from Kafka,
// and whether it wrote it to that stream, how often and in which order. Splits "server, wire or client";
// called by the checkers whose causes need it, and by ZOMBIE. Pure, thread-safe.
//
// A connection and a stream join by name: the server names each stream in its metadata, and the client's log keeps the
// name. "Written" is handed to gRPC. What the journal has, happened; what it lacks did not happen only where it is
// known to go on beyond: a later record of the partition on the same stream, the stream's end, or the process's orderly
// end. Of a process that could not write all of its journal, and of a journal with broken lines, nothing is believed.
//
// A look at one record goes once over its server's events; looks are for violations that are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "common/mutex.h"
#include "harness/verify/client_view.h"
#include "harness/verify/history.h"
#include "harness/verify/log_index.h"

namespace harness {

// What `server` called its stream, to the client as in its journal: "<server id>/<number>".
std::string SubscriptionName(const JournaledServer& server, const ServerStream& stream);

class ServerEvidence {
 public:
  explicit ServerEvidence(const History& history);

  struct Stream {
    size_t server = 0;  // index into History::servers
    size_t stream = 0;  // index into its streams
  };
  // The stream behind `connection`; nullopt when no server's journal has it.
  std::optional<Stream> Behind(const Connection& connection) const;

  const JournaledServer& ServerOf(Stream at) const { return history_.servers[at.server]; }
  const ServerStream& StreamOf(Stream at) const { return ServerOf(at).streams[at.stream]; }
  const ServerLife& LifeOf(Stream at) const { return ServerOf(at).lives[StreamOf(at).life]; }
  // What is absent from its journal says nothing.
  bool IsCut(Stream at) const { return ServerOf(at).broken_lines > 0 || LifeOf(at).lost > 0; }
  // When the stream was over: its end, or that of its process, however that came; 0: never.
  int64_t ClosedNs(Stream at) const;

  struct Written {
    bool complete = false;  // `times` is all there was
    int64_t times = 0;
    int64_t first_ns = 0;
    bool late = false;  // a later one of its partition had been written before
  };
  Written WrittenTo(Stream at, int32_t partition, int64_t offset) const;

  // Whether a client received on the stream a record of the log that the journal says was never written to it: then
  // what the journal lacks says nothing. `connection`: of the client, on that stream.
  bool IsContradicted(Stream at, const LogIndex& log, const ClientView& view, size_t connection) const;

  enum class Reading : uint8_t { kUnknown, kNever, kAccepted, kRejected };
  struct Read {
    Reading reading = Reading::kUnknown;
    pipeline::RejectReason reason = pipeline::RejectReason::kNone;
  };
  // By the process that served the stream.
  Read ReadBy(Stream at, int32_t partition, int64_t offset) const;

 private:
  const History& history_;
  std::unordered_map<std::string, Stream> by_name_;
  mutable pipeline::Mutex mutex_;
  mutable std::map<std::pair<size_t, size_t>, bool> contradicted_ ABSL_GUARDED_BY(mutex_);  // by server and stream
};

}  // namespace harness
