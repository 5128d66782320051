#include "harness/verify/history.h"

#include <algorithm>

namespace harness {

const LogRecord* PartitionLog::Find(int64_t offset) const {
  if (records.empty() || offset < records.front().offset || offset > records.back().offset) return nullptr;
  // Offsets increase by at least 1, so the record is at most as far from the front as its offset says.
  const auto distance = static_cast<size_t>(offset - records.front().offset);
  if (distance < records.size() && records[distance].offset == offset) return &records[distance];
  const auto end = records.begin() + static_cast<std::ptrdiff_t>(std::min(distance, records.size()));
  const auto found = std::lower_bound(records.begin(), end, offset,
                                      [](const LogRecord& record, int64_t wanted) { return record.offset < wanted; });
  return found != end && found->offset == offset ? &*found : nullptr;
}

std::string RecText(const History& history, Rec rec) {
  if (!rec.has_value()) return "";
  const std::string producer = rec.producer() < history.producers.size() ? history.producers[rec.producer()].name
                                                                         : "#" + std::to_string(rec.producer());
  return history.run_id + "." + producer + "." + std::to_string(rec.sequence());
}

}  // namespace harness
