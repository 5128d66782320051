// Which fault broke which stream, and when the client had recovered. Used by the metrics and by UNARY_AGREE. Pure.
//
// A break belongs to the latest fault that had struck by then, could have caused it (its target is the client, a server
// of its list, or no program of the run at all: a broker, a network), and was on or healed not longer ago than the time
// a client needs to notice. A stream that ends before its first message, after such a break, still belongs to that
// fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/verify/history.h"
#include "harness/verify/intervals.h"

namespace harness {

// [strike, recovered] of one fault as one client saw it.
struct Recovery {
  size_t fault = 0;
  size_t client = 0;
  bool broke = false;          // its stream ended because of it
  int64_t detected_ns = 0;     // monotonic; 0: no break
  int64_t reconnected_ns = 0;  // first message on the new stream; 0: none
  int64_t recovered_ns = 0;    // 0: never
  int64_t reconnect_ns = -1;   // duration: break to first message (the metric recovery.reconnect)
  int64_t attempts = 0;        // failed attempts between
};

inline constexpr size_t kNoFault = SIZE_MAX;
// After a heal a broken stream may take this long to be noticed (keepalive 10 s + 5 s).
inline constexpr int64_t kNoticeTime = 15'000'000'000;  // ns

// One that did nothing is EFFICACY's matter, and there is nothing to recover from.
inline bool HasStruck(const FaultEvent& fault) { return fault.struck_ns != 0 && fault.effective; }

// Whether `fault` can break a stream of `client` at all.
bool CanBreak(const History& history, const FaultEvent& fault, const Client& client);

// Whether it must have broken one: a stream of `client` was open when it struck, and nothing says that this stream was
// another server's. What is known of it: the address, where the run's servers have told theirs; else that the process
// at its other end has ended, and the stream has not.
bool MustBreak(const History& history, size_t fault, const Client& client);

// When connection `index` of `client` ended: its own word, else the end of the client's process, else the beginning of
// the next connection; 0: it was open when the drain ended, or when the client was asked to leave.
int64_t ConnectionEndNs(const History& history, const Client& client, size_t index);

// For each connection of `client`, the fault to which its end belongs, or kNoFault.
std::vector<size_t> FaultsOfBreaks(const History& history, const Client& client);

// One for each fault that struck and each observed client; `recovered_ns` is left 0.
std::vector<Recovery> FindRecoveries(const History& history);

// What had to be received for the client to have recovered: everything acknowledged before this moment. 0: it never got
// a message again.
int64_t RecoveryMomentNs(const History& history, const Recovery& recovery);

// The spans [strike + after, recovered] of the faults, united: of `client`, or of the last one to recover (kAnyClient).
// `fault`: that one only, or kNoFault for all. Not recovered: to the end of time.
inline constexpr size_t kAnyClient = SIZE_MAX;
std::vector<Interval> FaultSpans(const History& history, const std::vector<Recovery>& recoveries, size_t client,
                                 size_t fault, int64_t after_ns = 0);

}  // namespace harness
