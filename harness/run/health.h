// Whether a server is ready: its gRPC health service says SERVING, or, where there is none that tells
// us (it does not know "", or wants credentials), its port accepts. Called by
// the run's processes. Thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace harness {

enum class Readiness : uint8_t {
  kUnreachable,  // nothing accepts, or no answer in time
  kNotServing,   // the health service says so
  kServing,      // ready
  kNoHealth,     // answers gRPC, but has no health service that tells us: ready, as its port accepts
};

// Asks once; takes at most `timeout_ms`.
Readiness ProbeServer(const std::string& address, int timeout_ms);
inline bool IsReady(Readiness readiness) {
  return readiness == Readiness::kServing || readiness == Readiness::kNoHealth;
}

}  // namespace harness
