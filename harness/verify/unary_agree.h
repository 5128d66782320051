// UNARY_AGREE: what a stream has shown, GetPayment and ListPayments show too.
//
// The prober (harness/observe/unary_prober.h) asks while the load runs. Judged are
//   - a GetPayment of a payment of which a client had received a record: on the same server, or with that record's
//     position as min_position on any. It has to be found, and the answer to be a record of that payment in the audited
//     log, the one received or one that wins over it (fold.h);
//   - a traversal of ListPayments while payments arrive: no payment twice; every answer a record of that payment; every
//     payment of which the server had streamed a record before the traversal began is there, as the fold's winner up to
//     the positions it had streamed, or one that wins over that;
//   - a traversal after the drain, when the log is quiet: exactly the fold of the audited log.
//
// Not judged, and noted: calls that were not answered (UNAVAILABLE while a server is down or loads its backlog,
// DEADLINE_EXCEEDED, CANCELLED, UNIMPLEMENTED by a program that has no such call), answers about records that the audit
// has not read (an interrupted run). n/a without the audit and without answers. A traversal that was cut short is
// judged by what it shows, not by what it lacks. Cause: server, which is asked without anybody in between.
//
// Linear in the log and the deliveries for each traversal; linear in the log for all reads together.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckUnaryAgree(const Evidence& evidence);

}  // namespace harness
