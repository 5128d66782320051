// BACKOFF: reconnect attempts stay within the configured bounds; non-retryable codes are not retried.
//
// An attempt is seen by what becomes of it: the StreamStart of a connection, or the end of one that failed. Held
// against the end before it (of a stream, or of the attempt before), it comes no sooner than the client's shortest
// pause: with jitter the pause is uniform between the shortest and a ceiling that grows to the longest, so that the
// shortest is all that each pause has to keep. A tenth less is allowed, for programs that round the times in their
// logs. Attempts that come late are not judged: how long connecting takes is not the client's to choose, and one that
// stays away is LIVE's. Early attempts one after another are one violation, with their number: a storm is one thing.
//
// Not retried are INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, DATA_LOSS and UNAUTHENTICATED.
// UNIMPLEMENTED may be: a client may fall back to another method, and at once. Whatever the process of a client that
// was started anew does is no retry of the one before.
//
// The bounds are n/a for a foreign program whose scenario gives none (`reconnect_delay_min`), the whole for clients
// that are not observed or whose log marks no connections. Cause: client. O(n log n) in connections and attempts.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckBackoff(const Evidence& evidence);

}  // namespace harness
