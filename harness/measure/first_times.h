// Whether a record is seen for the first time: a bit for each send. Used by the metrics, per client. Pure.
#pragma once

#include <vector>

#include "harness/verify/history.h"

namespace harness {

class FirstTimes {
 public:
  explicit FirstTimes(const History& history) {
    for (const Producer& producer : history.producers) seen_.emplace_back(producer.sends.size());
  }
  // True the first time it is asked for `rec`. `rec` must have been sent (FindSend).
  bool operator()(Rec rec) {
    auto&& bit = seen_[rec.producer()][rec.sequence() - 1];
    const bool first = !bit;
    bit = true;
    return first;
  }

 private:
  std::vector<std::vector<bool>> seen_;
};

// Whether the client was there when it was sent: what it found when it joined says nothing about how fast anything is.
inline bool WasThereFor(const Client& client, const Send& send) { return send.sent_ns >= client.joined_ns; }

// T0 of a send: what e2e.latency counts from.
inline int64_t PlannedNs(const Send& send) { return send.planned_ns != 0 ? send.planned_ns : send.sent_ns; }

}  // namespace harness
