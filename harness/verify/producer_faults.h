// Whether a fault explains what became of a record between its producer and the topic: what LOG_DUP and SEND_ORDER
// tolerate. Pure; linear in faults for each question.
#pragma once

#include <string>

#include "harness/verify/checker.h"

namespace harness {

// A fault aimed at `producer`, at a broker, or at anything between them (everything that is not a server, a client or
// another producer) and in effect at some moment of [begin_ns, end_ns]; nullptr when there is none. One that was never
// healed is in effect to the end.
const FaultEvent* FaultOfProducer(const Evidence& evidence, size_t producer, int64_t begin_ns, int64_t end_ns);

// Whether `producer` is held to having each record that it was told OK of in the log once, and in the order of sending:
// it tells its outcomes, and the scenario does not give idempotence up, without which a retry may repeat and overtake.
// Where it is not, `findings` has a note why.
bool PromisesIdempotence(const Evidence& evidence, size_t producer, Findings* findings);

}  // namespace harness
