// The lines of event logs and acknowledgement logs (docs/formats.md, "JSON lines"), parsed. Written by programs that
// the harness does not trust: whatever a line holds, it is parsed or refused. Called by the LogTail. Pure. Not
// thread-safe (a parser reuses its memory).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/observe/recorder.h"
#include "harness/verify/history.h"
#include "payment/payment.h"

namespace harness {

inline constexpr size_t kLineBytesMax = size_t{8} << 20;
// A line that is parsed in place must have so many readable bytes behind it, whatever they hold.
inline constexpr size_t kLinePaddingBytes = 64;

struct EventLine {
  enum class Type : uint8_t { kConnection, kEvent, kDrop, kBookmark, kEnd };
  Type type = Type::kEvent;
  int64_t time_ns = 0;
  std::optional<uint32_t> connection_number;  // "conn"
  Connection connection;                      // kConnection
  Delivery delivery;                          // kEvent, kDrop: without rec and sentinel, which need the run's producers
  pipeline::Payment payment;                  // kEvent
  std::vector<Bookmark> bookmarks;            // kBookmark: time, partition, offset and connection
  FailedAttempt attempt;                      // kEnd: without its time
  int code = -1;                              // kEnd
  std::string message;                        // kEnd
  // The payment's metadata "rec", empty without one.
  std::string_view rec_text() const;
};

struct AckLine {
  enum class Type : uint8_t { kStart, kSend, kOutcome, kEnd };
  Type type = Type::kStart;
  int64_t time_ns = 0;
  SendSeen send;              // kSend
  pipeline::Payment payment;  // kSend; what was sent, when the decoder takes it (otherwise content_hash is 0)
  OutcomeSeen outcome;        // kOutcome
};

class LogLineParser {
 public:
  LogLineParser();
  ~LogLineParser();
  // `line`: without its newline, padded. False for a broken line: wrong checksum, not JSON, an unknown type, a member
  // that is missing or of the wrong type or range. *out is unspecified then.
  bool ParseEvent(std::string_view line, EventLine* out);
  bool ParseAck(std::string_view line, AckLine* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// XXH3 64-bit of a payment id: the id_hash of a History.
uint64_t IdHash(std::string_view id);
std::string_view RecTextOf(const pipeline::Payment& payment);

}  // namespace harness
