// A refusal is a claim about the log: OUT_OF_RANGE says that what the token asks for is trimmed or not there yet,
// FAILED_PRECONDITION that the token is of another log or of another record, INVALID_ARGUMENT that it is malformed.
// Whether the audited log bears it out is decided here, once, for the lives of a client (client_view.h), for RESUME and
// for LIVE. Pure.
//
// True or false is said only where the log shows it; what it does not show is kUnknown, and nobody's fault. False:
//  - any of the first two, when no token was sent: there is no position that could be out of range, or of another log;
//  - OUT_OF_RANGE: every partition of the token was there from its position on: nothing behind it was trimmed in the
//    whole run, and a record at or beyond it was in the log before the refusal came;
//  - FAILED_PRECONDITION: all StreamStarts of the run name one log, and the record at each position of the token has
//    the checksum that the client had received with it;
//  - INVALID_ARGUMENT: each partition that the token names is one of the topic's, once, at -1 or more. Without a token
//    that is known it is about something of which nothing is known.
// True: OUT_OF_RANGE of what was trimmed, or of a position beyond the log's end at the end of the run; and
// INVALID_ARGUMENT of a token that is malformed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/verify/history.h"
#include "harness/verify/log_index.h"
#include "harness/verify/verdict.h"

namespace harness {

enum class Truth : uint8_t { kUnknown, kTrue, kFalse };

struct Refusal {
  int64_t time_ns = 0;
  size_t before = 0;  // the connection that follows it; the number of all: none does
  int code = -1;
  std::string message = {};
  bool on_stream = false;       // it ended a stream that had begun
  bool has_token = false;       // a token was sent, or on_stream
  bool token_is_known = false;  // ... and the client's log says which; else it is what it had received
  std::vector<TokenPart> token = {};
  Truth truth = Truth::kUnknown;
  bool trimmed = false;  // true, because what was asked for is no longer there
  std::string why = {};  // what the log says of it: "the topic held every record from partition 0 offset 7 on"
};

bool IsRefusal(int code);
std::string_view RefusalName(int code);  // "OUT_OF_RANGE"

// "OUT_OF_RANGE (the resume token is ahead of the log)".
std::string RefusalText(const Refusal& refusal);
// Who may be behind it: false, the server, unless nobody tells which token it was about; true, retention, or a client
// that sent what it could not have; else server, wire or client.
Causes CausesOfRefusal(const Refusal& refusal);

// Sets truth, trimmed and why. `client` has received the records that its token ends with.
void JudgeRefusal(const History& history, const LogIndex& log, const Client& client, Refusal* refusal);

}  // namespace harness
