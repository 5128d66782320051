// What payment-client shows to a person: the banner, payments, the stream's ends, the session's numbers. Called by the
// Session and by main(); pure: the terminal's properties and all times come in. Every text ends with a newline. Fields
// that come from a server are made printable (terminal_text.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/subscription.h"
#include "client/terminal_text.h"
#include "payment/payment.h"

namespace pipeline {

struct SessionNumbers {
  int64_t existing = 0;
  int64_t fresh = 0;  // "new"
  int64_t dropped = 0;
  int64_t skipped = 0;
  int64_t reconnects = 0;  // streams begun again after one had ended
  int64_t duration_ns = 0;
};

class ClientDisplay {
 public:
  explicit ClientDisplay(const TerminalStyle& style) : style_(style) {}

  std::string Banner(const SubscriptionOptions& options) const;
  // 🆕 [2026-01-31T10:00:00.000Z] pay_abc123 | STRIPE | $1.50 USD | COMPLETED
  std::string EventLine(const ReceivedEvent& event) const;
  std::string ListLine(const Payment& payment) const;
  // How many there are, and how to get the next page (`cursor` empty: this was the last).
  std::string ListEnd(int64_t shown, int64_t total, const std::string& cursor) const;
  // All fields, one a line.
  std::string Details(const Payment& payment, int64_t processed_at_s) const;

  std::string StartedLine(const StreamStarted& start) const;
  // "Stream ended by server" or "Stream error (code 14): ...".
  std::string EndedLine(const StreamEnded& end) const;
  std::string ReconnectingLine(int attempt, int attempts_max, int64_t wait_ns) const;
  // The ranges that the topic no longer holds.
  std::string GapLines(const std::vector<Gap>& gaps) const;
  std::string SessionBox(const SessionNumbers& numbers) const;
  // A line of our own wording that may hold a server's text.
  std::string Line(std::string_view text) const;

 private:
  std::string PaymentLine(std::string_view symbol, const Payment& payment) const;
  std::string AmountText(const Payment& payment) const;
  std::string Field(std::string_view text) const;

  TerminalStyle style_;
};

// 2026-01-31T10:00:00.000Z, of epoch seconds. A server that hands milliseconds on, or smaller parts, is understood too
// (EpochSeconds).
std::string UtcText(int64_t epoch_time);

// One line of --json, newline included: {"kind":"new","p":0,"o":7,"crc32c":1,"payment":{...}}; p, o and crc32c only
// when known. The payment has the shape that it has in event logs (docs/formats.md).
std::string EventJsonLine(const ReceivedEvent& event);
// {"payment":{...}}
std::string PaymentJsonLine(const Payment& payment, int64_t processed_at_s);
// {"total_count":57,"next_cursor":"..."}: the last line of a list.
std::string ListEndJsonLine(int64_t total, const std::string& cursor);

}  // namespace pipeline
