#include "client/held_token.h"

namespace pipeline {

void HeldToken::OnStart(const Token& token, bool resumed) {
  const bool replaces = !resumed || !known_ || token.log_id != token_.log_id;
  known_ = true;
  if (replaces) {
    token_ = token;
    return;
  }
  for (const auto& [partition, part] : token.partitions) token_.partitions.try_emplace(partition, part);
}

bool HeldToken::OnEvent(int32_t partition, int64_t offset, std::optional<uint32_t> record_crc32c) {
  if (!Advance(partition, offset)) return false;
  token_.partitions[partition].record_crc32c = record_crc32c;
  return true;
}

bool HeldToken::OnBookmark(int32_t partition, int64_t offset) {
  // A bookmark at an event's own offset takes nothing away from it: its checksum still belongs to `after`.
  if (!Advance(partition, offset)) return false;
  token_.partitions[partition].record_crc32c.reset();
  return true;
}

bool HeldToken::Advance(int32_t partition, int64_t offset) {
  TokenPart& part = token_.partitions[partition];
  if (offset <= part.after) return false;
  part.after = offset;
  if (part.snapshot_until && offset > *part.snapshot_until) part.snapshot_until.reset();
  return true;
}

void HeldToken::SetEarliest(int32_t partition, int64_t earliest) {
  token_.partitions[partition] = {.after = earliest - 1, .record_crc32c = {}, .snapshot_until = {}};
}

void HeldToken::Set(const Token& token) {
  known_ = true;
  token_ = token;
}

void HeldToken::Reset() {
  known_ = false;
  token_ = {};
}

}  // namespace pipeline
