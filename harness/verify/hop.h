// Whose a violation is, once it is known that it happened between a server's and a client's log: server, or wire or
// client, by what the server's own journal says. Called by the checkers that find "server, wire or client", for the
// violations that are kept. Pure, thread-safe.
//
//   what is wrong      server, when its journal has the record on that stream    wire or client, when it has it
//   missing            never, or after a later one of its partition              before all later ones
//   repeated           more than once, or though the stream began beyond it      once, or never
//   unwanted           at all                                                   never
//   out of order       after a later one of its partition, or more than once     once and in order, or never
//
// A missing one that the token of that stream, as it came to the server, claimed is the client's; unless a bookmark had
// covered it, which the client believed: then it is judged by the stream that the bookmark came on.
//
// Behind the hand-over to gRPC a client that loses a record before it writes it down looks like a wire that does.
// Without a journal, and where it says nothing (server_evidence.h), the suspects stay as they are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/verify/checker.h"

namespace harness {

enum class HopFault : uint8_t { kMissing, kRepeated, kUnwanted, kOutOfOrder };

// `violation`: its record is the one that is wrong; its causes and sentence are changed, if the causes are
// kDeliveryHops.
// `connection`: of `client`, on which it was received, or should have been.
void BlameHop(const Evidence& evidence, const Client& client, size_t connection, HopFault fault, Violation* violation);
// `violation`: its record is one that `bookmark` covers and that had not come before it. Server, when by its journal
// it had not written the record by then; wire or client, when it had.
void BlameBookmark(const Evidence& evidence, const Client& client, const Bookmark& bookmark, Violation* violation);

// The first bookmark that `client` got on `connection` or earlier and that covers the record; null: none.
const Bookmark* CoveringBookmark(const Client& client, int32_t partition, int64_t offset, size_t connection);

}  // namespace harness
