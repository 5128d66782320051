// UNARY_AGREE: what a stream has shown, GetPayment and ListPayments show too.
//
// The prober (harness/observe/unary_prober.h) asks while the load runs. Judged are
//   - a GetPayment of a payment of which a client had received a record: on the same server, or with that record's
//     position as min_position on any. It has to be found, and the answer to be a record of that payment in the audited
//     log, the one received or one that wins over it (fold.h);
//   - a traversal of ListPayments while payments arrive: no payment twice; every answer a record of that payment; every
//     payment of which the server had streamed a record before the traversal began is there, as the fold's winner up to
//     the positions it had streamed, or one that wins over that;
//   - a traversal after the drain, when the log is quiet: exactly the fold of the audited log, in number what
//     `total_count` says;
//   - where the topic was trimmed during the run, a server may have let go of what it no longer holds, or have kept it:
//     only what the records that are left ask for has to be there, and a payment whose first record was trimmed may be
//     listed twice, for its place moves;
//   - of each answer the fields beside the content: `processed_at` is the record's timestamp (where the server gives an
//     exact_amount), the double `amount` the nearest to the exact one;
//   - a call that fails: while the server is ready and no fault at it or at the broker is near (2 s after its readiness
//     and after the clients' recovery, 1 s before a strike), and after the drain always.
//
// Not judged, and noted: calls that fail at other times; under load also DEADLINE_EXCEEDED (it may be slow) and
// RESOURCE_EXHAUSTED (a limit says no), which are judged after the drain; UNIMPLEMENTED by a server that answered no
// such call; answers about records that the audit has not read (an interrupted run). n/a without the audit and without
// answers. A traversal that was cut short is judged by what it shows, not by what it lacks. Cause: server, which is
// asked without anybody in between.
//
// Linear in the log and the deliveries for each traversal; linear in the log for all reads together.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckUnaryAgree(const Evidence& evidence);

}  // namespace harness
