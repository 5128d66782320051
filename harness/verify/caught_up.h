// Whether a client has received everything that the audited log holds for it up to now: what "then": "drained" and the
// end of a run wait for. Pure. Called by the runner under the Recorder's lock, many times: it looks at the ends only.
#pragma once

#include "harness/verify/history.h"

namespace harness {

// True when in every partition the client has been handed the last valid record that matches its filter (sentinels
// included), or a later one. Walks back from the end of each log and of the client's deliveries until it has found one
// of each partition.
bool CaughtUp(const History& history, const Client& client);

// Where the topic is not audited, at the end of a run: true when the client has been handed a sentinel of each
// partition. They come after everything else.
bool HasSentinels(const History& history, const Client& client);

}  // namespace harness
