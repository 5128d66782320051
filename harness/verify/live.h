// LIVE: the pipeline goes on, and ends complete.
//  - Every program runs until a fault or the end of the run asks for its end (a producer may end with exit 0). Cause:
//    that program. A client that gave up has ended; one that ended, with an exit code of its own, because it was
//    refused has done what is documented: a refusal that was false is whose it is, a true one is noted.
//  - By the drain's end every observed client has a sentinel of each partition in which the log holds one that matches
//    its filter. One violation for a client, however many partitions it lacks: it names the first record that is
//    missing and says how many are. In an interrupted run: pending. Causes: what went wrong with that record (hop.h),
//    when a stream went on without it; else the refusal after which the client ended; client, when it has ended
//    otherwise or was never connected; server, when none of its list is ready; else by the server's journal of its last
//    stream, or server, wire or client. A server lets a client down that it never let in: its process is alive, so
//    "connected" means attempts.
//  - No silence > T (JudgeOptions::silence_max_ns), counted only while load is offered, a server of the client's list
//  is
//    ready (and not paused), the client runs, no fault touches it, and R1 = 5 s + 2 * reconnect_delay_max since all
//    this began has passed. A strike or a heal at a server of its list begins it anew. A silence begins with a record
//    that matches the client's filter and reached the topic: where there is nothing to say, nothing is silent. Needs
//    the audit. T and R1 are time thresholds: with --thresholds=report silences are reported, not judged.
//
// Linear in deliveries, for each client; a silence looks at the log from its beginning to the first match.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckLive(const Evidence& evidence);

}  // namespace harness
