// The way of each record to each client, hop by hop, and the latencies that lie between two hops. Every latency figure
// and every threshold on one is made of these, so that they can't differ. Pure.
//
// T0 planned, T1 sent, T2 acknowledged, T3 read by the server, T4 written to the stream, T5 received.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "harness/measure/measurement.h"

namespace harness {

struct RecordWay {
  const Send* send = nullptr;      // nullptr: nobody told of one
  bool is_planned = false;         // its producer told when it was to be sent: T0
  bool was_there = false;          // the client was, when it was sent
  int64_t read_ns = 0;             // T3; 0: not known, kNeverNs: it never was
  int64_t written_ns = 0;          // T4; likewise
  int64_t received_ns = kNeverNs;  // T5; kNeverNs: it never was
  bool received_counts = true;     // T5 can be believed

  // When it ended, for what meets it; of one that never arrived: when it was acknowledged, or sent.
  int64_t EndNs() const;
};

// Calls `visit` once for each record that `client` received, was owed and did not receive, or that never came into the
// topic and might have been for it (whether a filter matches such a record is not known). Sentinels aside. Those
// received come first, in the client's order.
void ForEachWay(const Measurement& measurement, size_t client, const std::function<void(const RecordWay&)>& visit);

enum class Hop : uint8_t { kEndToEnd, kService, kAckServer, kServerQueue, kServerClient };
// T5-T0, T5-T1, T3-T2, T4-T3, T5-T4. nullopt: it has none, or it is not known; kNeverNs: without end.
std::optional<int64_t> LatencyNs(Hop hop, const RecordWay& way);

// T1-T0 and T2-T1 of a send, likewise. A send that was refused or whose outcome is unknown has an acknowledgement
// without end. `is_process`: of a process producer, which tells no plan.
std::optional<int64_t> ScheduleLagNs(const Send& send, bool is_process);
std::optional<int64_t> AckNs(const Send& send);

// Into the histogram; without end too.
void Record(std::optional<int64_t> latency_ns, LatencyHistogram* histogram);

}  // namespace harness
