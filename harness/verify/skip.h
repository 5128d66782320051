// SKIP: within one stream no audited record lies between neighbours. Whatever a connection has passed in a partition,
// it has brought: handed on, or received and dropped. Bare gaps in the offsets are legal.
//
// Judged for each connection by itself, with resume "none" as well as with a token: what a stream left out and another
// one brought later is whole at the end (no LOST) and was skipped all the same. A stream's own start counts as the
// neighbour of its first record, unless it was resumed: that one is RESUME's. Looked at are valid records that match
// the client's filter, beyond the stream's snapshot, which is latest state only (stream_scan.h). A record that came
// late on the same stream is ORDER's. What LOST says of the client already, SKIP does not repeat (unless the scenario
// relaxes LOST), so that what is missing for good is one violation: SKIP speaks of what the client has from elsewhere,
// and of what lies beyond its last sentinel.
//
// n/a for clients that are not observed, for those whose log marks no connections, and without the audit. Causes:
// hop.h. Linear (stream_scan.h); once more through the log when something was passed over.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckSkip(const Evidence& evidence);

}  // namespace harness
