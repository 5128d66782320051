#include "harness/verify/damage.h"

#include <algorithm>

namespace harness {
namespace {

bool WasTrimmedUnread(const PartitionLog& log) {
  if (log.low_watermark <= log.start_offset) return false;
  int64_t expected = log.start_offset;
  for (const LogRecord& record : log.records) {
    if (record.offset > expected && record.offset <= log.low_watermark) return true;
    expected = record.offset + 1;
  }
  return expected < log.low_watermark;
}

}  // namespace

Damage::Damage(const History& history) : anything_(!history.harness_errors.empty()) {
  for (const Client& client : history.clients) clients_.push_back(client.broken_lines > 0);
  for (const PartitionLog& log : history.partitions) partitions_.push_back(WasTrimmedUnread(log));
  any_partition_ = std::find(partitions_.begin(), partitions_.end(), true) != partitions_.end();
}

bool Damage::log_is_whole(int32_t partition) const {
  if (anything_) return false;
  const auto p = static_cast<size_t>(partition);
  return partition < 0 || p >= partitions_.size() ? !any_partition_ : !partitions_[p];
}

}  // namespace harness
