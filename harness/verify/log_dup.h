// LOG_DUP: i at most once in L; required only where backend and configuration promise it.
//
// Both of our producers send with idempotence, which keeps a record single while nothing goes wrong. When something
// does, the backends differ: the mock does not know a retry for what it is, so that a lost acknowledgement makes a
// second copy, and no history says which backend it was. So a second copy is a violation only where nothing explains
// it: the producer was told OK, its scenario does not give idempotence up (`enable.idempotence=false` in its
// arguments), and no fault that was aimed at this producer, at a broker or at anything between them (producer_faults.h)
// met the record's life, from its send to the last copy. A record that was in doubt, told to have failed, or met by
// such a fault may be there again; how many are is noted. A foreign producer is held to what it tells: sent once,
// acknowledged once.
//
// n/a without the audit, for producers that do not tell their outcomes, and for records without rec. A record that
// nobody sent is PHANTOM's. Cause: producer or broker for a process producer, else broker (ProducerCauses). One
// violation for each further copy, naming its place. Linear in the log; times the faults for records that stand there
// twice.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckLogDup(const Evidence& evidence);

}  // namespace harness
