// The token that a client holds: what it may ask a server to go on from, and whether an event was handed on before.
// Pure. Called by the Subscription and rebuilt from the event log at start.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace pipeline {

// What a token says of one partition.
struct TokenPart {
  int64_t after = -1;
  std::optional<uint32_t> record_crc32c;
  std::optional<int64_t> snapshot_until;
  bool operator==(const TokenPart&) const = default;
};

struct Token {
  std::string log_id;
  std::map<int32_t, TokenPart> partitions;
  bool operator==(const Token&) const = default;
};

struct Gap {
  int32_t partition = 0;
  int64_t wanted = 0;
  int64_t earliest = 0;
};

class HeldToken {
 public:
  bool known() const { return known_; }  // a StreamStart has been seen
  const Token& token() const { return token_; }
  // A stream without a sent token began: its token replaces the one held. With one sent: that one stays,
  // partitions that it lacks are added; a token of another log replaces it all the same.
  void OnStart(const Token& token, bool resumed);
  // False: not beyond this partition's `after`, so it was handed on before; it is not applied again.
  bool OnEvent(int32_t partition, int64_t offset, std::optional<uint32_t> record_crc32c);
  // False: not beyond this partition's `after`, so it says nothing new.
  bool OnBookmark(int32_t partition, int64_t offset);
  // The next stream of this partition starts at `earliest`, whatever it had reached: a gap is skipped on purpose.
  void SetEarliest(int32_t partition, int64_t earliest);
  // The next token is this one: what an event log says was sent.
  void Set(const Token& token);
  void Reset();

 private:
  // False: `offset` is not beyond the partition's `after`.
  bool Advance(int32_t partition, int64_t offset);

  bool known_ = false;
  Token token_;
};

}  // namespace pipeline
