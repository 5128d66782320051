// Which contents a run keeps for people: those of the records and deliveries that an invariant about content will be
// violated by. Asked while the topic and the logs are still there; a cheap look, not the verdict. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <unordered_set>
#include <utility>

#include "harness/verify/history.h"

namespace harness {

struct WantedContents {
  std::set<std::pair<int32_t, int64_t>> places;  // partition and offset of records of the topic
  std::unordered_set<uint64_t> hashes;           // contents in clients' and producers' logs
  bool empty() const { return places.empty() && hashes.empty(); }
};

inline constexpr size_t kWantedOfOneMax = 16;  // records, of each client and of the topic itself

// Deliveries with another content than the record where they stand, unary answers likewise, and records that are not
// what was sent: the first kWantedOfOneMax of each. Linear in deliveries, log and sends; builds a LogIndex only when a
// server gives no positions.
WantedContents FindWantedContents(const History& history);

}  // namespace harness
