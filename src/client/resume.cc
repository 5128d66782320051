#include "client/resume.h"

namespace pipeline {

void ResumePosition::OnStart(const Position& token, bool resumed) {
  const bool replaces = !resumed || !known_ || token.log_id != position_.log_id;
  known_ = true;
  if (replaces) {
    position_ = token;
    return;
  }
  for (const auto& [partition, position] : token.partitions) position_.partitions.try_emplace(partition, position);
}

bool ResumePosition::OnEvent(int32_t partition, int64_t offset, std::optional<uint32_t> record_crc32c) {
  if (!Advance(partition, offset)) return false;
  position_.partitions[partition].record_crc32c = record_crc32c;
  return true;
}

bool ResumePosition::OnBookmark(int32_t partition, int64_t offset) {
  // A bookmark at an event's own offset takes nothing away from it: its checksum still belongs to `after`.
  if (!Advance(partition, offset)) return false;
  position_.partitions[partition].record_crc32c.reset();
  return true;
}

bool ResumePosition::Advance(int32_t partition, int64_t offset) {
  PartitionPosition& position = position_.partitions[partition];
  if (offset <= position.after) return false;
  position.after = offset;
  if (position.snapshot_until && offset > *position.snapshot_until) position.snapshot_until.reset();
  return true;
}

void ResumePosition::SetEarliest(int32_t partition, int64_t earliest) {
  position_.partitions[partition] = {.after = earliest - 1, .record_crc32c = {}, .snapshot_until = {}};
}

void ResumePosition::Set(const Position& position) {
  known_ = true;
  position_ = position;
}

void ResumePosition::Reset() {
  known_ = false;
  position_ = {};
}

}  // namespace pipeline
