// AGREE: all clients see the same (p, offset) -> (rec, canonical content), which is what the audited log holds there.
// The record's checksum must be the log's too, where both are known: it goes into resume tokens. And what the stream
// says of the record must agree with its own StreamStart: it is "existing" exactly where the snapshot covers it. (What
// a client's filter does not match is PHANTOM's.) The wire's double `amount` is the nearest to the exact amount beside
// it, `processed_at` is the record's timestamp in Kafka (judged where the server names the record's checksum: a server
// of the plain contract promises neither), and all streams name one log.
//
// Where the contents of both were kept (History::contents) the fields that differ are told, expected and got.
//
// With the audit each delivery in A is compared with the log (by rec where the server gives no positions); what the log
// does not hold, or not as a valid payment, is PHANTOM's. Without it, deliveries with positions are compared with each
// other, and the one that came first in the history's order is taken as right; n/a then with less than two observed
// clients. Cause: server, wire or client. Linear; without the audit a hash map of all positions.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckAgree(const Evidence& evidence);

}  // namespace harness
