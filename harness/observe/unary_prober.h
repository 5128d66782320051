// Asks the servers of a run what the streams have shown: GetPayment of a payment that a client has just received, on
// the server that it had it from and, with its position as min_position, on any; and traversals of ListPayments. What
// came is told to the Recorder; UNARY_AGREE (harness/verify/unary_agree.h) judges it. Started by the runner when the
// load begins. One thread of its own; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/observe/recorder.h"

namespace harness {

struct ProbeOptions {
  std::vector<ProbedServer> servers;
  int64_t interval_ns = 100'000'000;  // between two reads; every kReadsPerWalk reads a traversal
  uint64_t seed = 1;
};

inline constexpr int kReadsPerWalk = 8;
inline constexpr int kWalksMax = 24;           // traversals under load in a run
inline constexpr int kLoadWalkPagesMax = 200;  // pages of 100 payments, under load
inline constexpr int kQuietWalkPagesMax = 5'000;
inline constexpr int64_t kReadTimeoutNs = 1'000'000'000;  // also for a page

class UnaryProber {
 public:
  UnaryProber(ProbeOptions options, Recorder* recorder);
  ~UnaryProber();
  UnaryProber(const UnaryProber&) = delete;
  UnaryProber& operator=(const UnaryProber&) = delete;

  // Ends the asking under load: a call that is under way is given up. Idempotent.
  void Stop();
  // After Stop, when nothing is written any more: a traversal of every server, up to `deadline_ns` (monotonic) in all
  // or until `stopped` (asked before each page).
  void WalkQuiet(int64_t deadline_ns, const std::function<bool()>& stopped);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
