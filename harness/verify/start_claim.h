// What a StreamStart says, against what was asked for and what the topic held: without a token the stream owes
// everything, with one it begins where the token says. Called by RESUME, which reports a wrong one, and by hop.h, for
// which it is why a record never came. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/verify/checker.h"

namespace harness {

// What is wrong with the StreamStart of `connection`, as the client's log tells it; empty: nothing, or nothing is known
// of what was asked for. `connection` has a StreamStart, and `partition` is one of the topic's.
std::string WrongStart(const Evidence& evidence, const ClientView& view, size_t connection, int32_t partition);

// Who may be behind a wrong one. The server's journal decides, where it tells of the stream. Else it is the server, as
// the client's log tells both what was asked for and what was answered; unless a client of another program tells of
// right answers to such requests, and none of wrong ones: then the log may be what is wrong.
Causes CausesOfStart(const Evidence& evidence, const ClientView& view, size_t connection, int32_t partition);

}  // namespace harness
