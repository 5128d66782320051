#include "harness/verify/fold.h"

namespace harness {

std::tuple<int, int64_t, int32_t, int64_t> FoldKey(const LogIndex& log, LogPlace place) {
  const LogRecord& record = log.record(place);
  return {pipeline::StatusRank(record.status), record.timestamp_s, log.partition(place), record.offset};
}

std::vector<LogPlace> Fold(const LogIndex& log, const std::vector<int64_t>& bounds) {
  return FoldOfLeft(log, std::vector<int64_t>(bounds.size()), bounds);
}

std::vector<LogPlace> FoldOfLeft(const LogIndex& log, const std::vector<int64_t>& lows,
                                 const std::vector<int64_t>& bounds) {
  std::vector<LogPlace> winners(log.id_count(), kNoPlace);
  for (int32_t p = 0; p < log.partitions(); ++p) {
    const LogPlace end = log.LowerBound(p, bounds[static_cast<size_t>(p)] + 1);
    for (LogPlace place = log.LowerBound(p, lows[static_cast<size_t>(p)]); place < end; ++place) {
      if (!log.record(place).valid) continue;
      LogPlace& winner = winners[log.id(place)];
      if (winner == kNoPlace || FoldKey(log, winner) < FoldKey(log, place)) winner = place;
    }
  }
  return winners;
}

}  // namespace harness
