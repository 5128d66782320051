#include "client/token.h"

#include <fmt/format.h>

namespace pipeline {
namespace {

StartParse Refuse(std::string error) { return {.start = {}, .error = std::move(error)}; }

}  // namespace

StartParse ParseStreamStart(std::string_view bytes) {
  ::payment::StreamStart message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Refuse(fmt::format("{} bytes that are no StreamStart", bytes.size()));
  }
  const ::payment::ResumeToken& token = message.token();
  if (token.log_id().empty()) return Refuse("a StreamStart without a log id");
  if (token.log_id().size() > kLogIdBytesMax) {
    return Refuse(fmt::format("a log id of {} bytes (at most {})", token.log_id().size(), kLogIdBytesMax));
  }
  if (message.server_id().size() > kServerIdBytesMax) {
    return Refuse(fmt::format("a server id of {} bytes (at most {})", message.server_id().size(), kServerIdBytesMax));
  }
  if (token.partitions_size() > kTokenPartitionsMax) {
    return Refuse(fmt::format("{} partitions (at most {})", token.partitions_size(), kTokenPartitionsMax));
  }
  StartParse result{.start = ParsedStart{}, .error = {}};
  result.start->server_id = message.server_id();
  result.start->token.log_id = token.log_id();
  for (const ::payment::PartitionResume& part : token.partitions()) {
    if (!IsPosition(part.partition(), 0)) {
      return Refuse(fmt::format("partition {} (0 to {})", part.partition(), kTokenPartitionsMax - 1));
    }
    TokenPart held{.after = part.after(), .record_crc32c = {}, .snapshot_until = {}};
    if (held.after < -1) {
      return Refuse(fmt::format("`after` {} of partition {} (at least -1)", held.after, part.partition()));
    }
    if (part.has_snapshot_until()) {
      if (part.snapshot_until() < -1) {
        return Refuse(
            fmt::format("`snapshot_until` {} of partition {} (at least -1)", part.snapshot_until(), part.partition()));
      }
      held.snapshot_until = part.snapshot_until();
    }
    // There is no record at -1 that a checksum could belong to.
    if (part.has_record_crc32c() && held.after >= 0) held.record_crc32c = part.record_crc32c();
    if (!result.start->token.partitions.emplace(part.partition(), held).second) {
      return Refuse(fmt::format("partition {} twice", part.partition()));
    }
  }
  return result;
}

std::optional<Gap> ParseGap(std::string_view bytes) {
  ::payment::PositionGap message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  if (!IsPosition(message.partition(), message.earliest())) return std::nullopt;
  return Gap{.partition = message.partition(), .wanted = message.wanted(), .earliest = message.earliest()};
}

void ToMessage(const Token& from, ::payment::ResumeToken* token) {
  token->Clear();
  token->set_log_id(from.log_id);
  for (const auto& [partition, at] : from.partitions) {
    ::payment::PartitionResume* part = token->add_partitions();
    part->set_partition(partition);
    part->set_after(at.after);
    if (at.record_crc32c && at.after >= 0) part->set_record_crc32c(*at.record_crc32c);
    if (at.snapshot_until) part->set_snapshot_until(*at.snapshot_until);
  }
}

}  // namespace pipeline
