// WELL_FORMED: what a subject wrote down can be true.
//
// Judged are the event logs of clients, the acknowledgement logs of producers and the journals of servers:
//   - a time is not before the process began nor after the moment at which its line was read, nothing is received
//   before
//     it was sent, and nothing acknowledged before it was sent;
//   - a line that is whole JSON says what its format allows: a payment has an id, its amount fits, offsets are not
//     negative, words are known, a sequence number comes once.
//
// What can't be true is that subject's fault, not the harness's: HARNESS_OK is for files that are damaged. Suspects:
// the subject; for what a client was given and wrote down, whoever gave it too. The log's reader puts the moment of
// reading in the place of a time that can't be, and no latency or threshold counts it. n/a when no subject writes a
// log.
//
// Linear in the deliveries and the sends.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckWellFormed(const Evidence& evidence);

// Whether a delivery's time says anything of its latency.
inline bool TimeCounts(const Delivery& delivery, const Send& send) {
  return !delivery.time_is_replaced && !send.time_is_replaced && delivery.time_ns >= send.sent_ns;
}

}  // namespace harness
