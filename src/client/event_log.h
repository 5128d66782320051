// The client's event log as text (docs/formats.md): what goes into a line, and what a line says. A log is output and
// token in one: replaying its lines gives the token with which the client may go on. Called by the EventLogFile and
// by `--json` (the payment's shape). Pure. Decoding reads files that may be damaged; it is fuzzed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "client/held_token.h"
#include "client/subscription.h"
#include "payment/payment.h"

namespace pipeline {

// Each appends one JSON object, unsealed and without a newline.
// `amount_beside`: ReceivedEvent's.
void AppendPaymentJson(const Payment& payment, int64_t processed_at_s, std::string* out,
                       std::optional<double> amount_beside = std::nullopt);
// `sent`: the token of the request, null without one.
void AppendConnectionEntry(const StreamStarted& start, const Filter& filter, const Token* sent, std::string* out);
void AppendEventEntry(const ReceivedEvent& event, std::string* out);
void AppendDropEntry(const ReceivedEvent& event, std::string* out);
void AppendBookmarkEntry(int64_t time_ns, uint32_t connection,
                         const std::vector<std::pair<int32_t, int64_t>>& positions, std::string* out);
void AppendEndEntry(const StreamEnded& end, std::string* out);

// UNAVAILABLE for 14; a number that gRPC does not have is shown as such.
std::string StatusCodeName(int code);

struct ConnectionEntry {
  uint32_t connection = 0;
  Filter filter;
  bool resumed = false;
  std::optional<Token> token;
  std::optional<Token> sent;
};
struct EventEntry {
  uint32_t connection = 0;
  int32_t partition = -1;
  int64_t offset = -1;
  std::optional<uint32_t> record_crc32c;
};
struct BookmarkEntry {
  uint32_t connection = 0;
  std::vector<std::pair<int32_t, int64_t>> positions;
};
// A line that changes no token: drop, end, or a type that is not known.
struct OtherEntry {
  std::string type;
};
using LogEntry = std::variant<ConnectionEntry, EventEntry, BookmarkEntry, OtherEntry>;

// Throws std::runtime_error that says what is wrong with the line; its place is the caller's to add.
class LogDecoder {
 public:
  LogDecoder();
  ~LogDecoder();
  LogEntry Decode(std::string_view line);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

// What a log's lines, applied in order, leave behind.
class LogReplay {
 public:
  // Throws std::runtime_error when the entry belongs to another filter.
  explicit LogReplay(const Filter& filter) : filter_(filter) {}
  void Apply(const LogEntry& entry);

  const HeldToken& held_token() const { return held_token_; }
  uint32_t last_connection() const { return last_connection_; }

 private:
  Filter filter_;
  HeldToken held_token_;
  uint32_t last_connection_ = 0;
};

}  // namespace pipeline
