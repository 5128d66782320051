#include "stream/same_log.h"

#include <algorithm>

namespace pipeline {

std::vector<NewestRecord> NewestRecords(const ReplicaState& state) {
  std::vector<NewestRecord> newest;
  for (int32_t p = 0; p < state.partition_count(); ++p) {
    const int64_t offset = state.last_offset(p);
    if (offset >= 0) newest.push_back({{p, offset}, state.LastCrc32c(p)});
  }
  return newest;
}

bool IsSameLog(const std::vector<NewestRecord>& newest, const KafkaEvidence& evidence) {
  return std::all_of(newest.begin(), newest.end(), [&](const NewestRecord& record) {
    const auto partition = static_cast<size_t>(record.position.partition);
    if (partition >= evidence.marks.size() || evidence.marks[partition].high <= record.position.offset) return false;
    return std::none_of(evidence.records.begin(), evidence.records.end(), [&](const KafkaEvidence::Record& found) {
      return found.position == record.position && found.crc32c && *found.crc32c != record.crc32c;
    });
  });
}

}  // namespace pipeline
