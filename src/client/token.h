// Between the wire's forms of a token (StreamStart and PositionGap in metadata, ResumeToken in requests) and the
// client's own. The metadata come from a server that may be anybody's: everything is checked, and fuzzed. Called by the
// Subscription. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/held_token.h"
#include "payment.pb.h"

namespace pipeline {

// Beyond these a StreamStart is refused. Metadata themselves are limited by the channel.
inline constexpr int kTokenPartitionsMax = 10'000;
inline constexpr size_t kLogIdBytesMax = 1024;
inline constexpr size_t kServerIdBytesMax = 1024;
inline constexpr size_t kSubscriptionBytesMax = 1024;

// Whether these name a place in a topic. What a server says is believed only where they do: one that has the client
// remember any partition fills its memory, and puts entries into the event log that no start can read.
constexpr bool IsPosition(int32_t partition, int64_t offset) {
  return partition >= 0 && partition < kTokenPartitionsMax && offset >= 0;
}

struct ParsedStart {
  Token token;
  std::string server_id;
  std::string subscription = {};  // not part of a StreamStart: the stream's name, where its metadata give one
};
struct StartParse {
  std::optional<ParsedStart> start;
  std::string error;  // what is wrong, when there is no start
};
// Refused: not a StreamStart, no log id, a partition that is none or repeated, `after` or `snapshot_until` below -1,
// limits.
StartParse ParseStreamStart(std::string_view bytes);

// nullopt when the bytes are not a PositionGap, or `earliest` is no position.
std::optional<Gap> ParseGap(std::string_view bytes);

void ToMessage(const Token& from, ::payment::ResumeToken* token);

}  // namespace pipeline
