// How many connections the process has descriptors for, and what becomes of the limits when that is not enough. Called
// from main(), before the server is made.
#pragma once

#include <cstdint>
#include <string>

namespace pipeline {

// Raises the soft limit of descriptors to the hard one. How many the process may have open from now on.
int64_t RaiseDescriptorLimit();

// Kept free for what the server has open beside connections of clients: Kafka (each of its clients has a socket and a
// pipe for every broker: the reader, the verifier, eight catch-up readers, the dead letters), metrics, files,
// libraries. A quarter of all, within these.
inline constexpr int64_t kReservedMin = 64;
inline constexpr int64_t kReservedMax = 1'024;
// Fewer than these are not worth a server.
inline constexpr int64_t kConnectionsMin = 16;
// Connections that may be open beside those that hold calls, in all and of one host, unless limits say otherwise: of
// health checks and balancers, idle ones, those whose call is refused.
inline constexpr int64_t kIdleConnections = 1'000;
inline constexpr int64_t kIdleConnectionsPerPeer = 100;

// The limits that depend on descriptors. A call may come on a connection of its own, so there are to be as many, unless
// somebody says how many connections there are.
struct DescriptorNeeds {
  int64_t calls_max = 0;
  int64_t calls_per_peer_max = 0;
  int64_t connections_max = 0;           // 0: as many as calls and kIdleConnections
  int64_t connections_per_peer_max = 0;  // 0: as many as calls of a host and kIdleConnectionsPerPeer
  // Somebody asked for just this number: it is not lowered.
  bool calls_max_given = false;
  bool calls_per_peer_max_given = false;
};

struct DescriptorPlan {
  DescriptorNeeds limits;  // as they fit, none of them 0
  std::string lowered;     // what was lowered, for the log; empty: nothing
  std::string error;       // why it can't be; empty: it can
};

// Fits the limits to a process that may have `descriptors` open. Pure.
DescriptorPlan PlanDescriptors(const DescriptorNeeds& needs, int64_t descriptors);

}  // namespace pipeline
