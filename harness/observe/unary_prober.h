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
inline constexpr int64_t kReadTimeoutNs = 1'000'000'000;    // also for a page, under load
inline constexpr int64_t kQuietTimeoutNs = 10'000'000'000;  // of a call after the drain, if the deadline leaves so much
inline constexpr int kQuietReadsPerServer = 16;
inline constexpr int64_t kQuietPauseNs = 200'000'000;  // between two traversals of a server that may still load

// How the servers are asked after the drain.
struct QuietAsking {
  int64_t deadline_ns = 0;  // monotonic, of all of it
  int64_t patience_ns = 0;  // monotonic: until then a server that does not say when it has loaded may still change
  std::vector<bool> tells_readiness;  // by server: it has a health service, and so is ready when it says so
  std::function<bool()> stopped;      // asked before each call
};

class UnaryProber {
 public:
  UnaryProber(ProbeOptions options, Recorder* recorder);
  ~UnaryProber();
  UnaryProber(const UnaryProber&) = delete;
  UnaryProber& operator=(const UnaryProber&) = delete;

  // Ends the asking under load: a call that is under way is given up. Idempotent.
  void Stop();
  // After Stop, when nothing is written any more: a traversal of every server and a few GetPayment. A server that tells
  // no readiness is walked again while its answers are not those of the audited log, as long as patience lasts: it may
  // still load. The last traversal is the one that is told.
  void AskQuiet(const QuietAsking& asking);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
