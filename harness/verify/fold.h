// The store as a fold over the audited log: per payment id the record with the greatest (status rank, timestamp,
// partition, offset) wins. Used by owed.cc for snapshots and by unary_agree.cc for unary answers. Pure.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "harness/verify/log_index.h"

namespace harness {

// The order of the fold.
std::tuple<int, int64_t, int32_t, int64_t> FoldKey(const LogIndex& log, LogPlace place);

// By id number, the winner among the valid records at or below `bounds` (by partition); kNoPlace: it has none. Linear
// in the log.
std::vector<LogPlace> Fold(const LogIndex& log, const std::vector<int64_t>& bounds);
// The same of those at or above `lows`: what is left of a topic that was trimmed.
std::vector<LogPlace> FoldOfLeft(const LogIndex& log, const std::vector<int64_t>& lows,
                                 const std::vector<int64_t>& bounds);

}  // namespace harness
