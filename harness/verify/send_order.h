// SEND_ORDER: same producer, same partition: the order of OK sends is the offset order of their first occurrences.
//
// The order of sends is that of their sequence numbers. A send's place is its first record in the partition that it was
// told, or without a told one in the first that holds it; records without rec are found by their told position, if what
// stands there has the content that was sent. A send that the log does not confirm is ACK_DURABLE's. Each send is held
// against the one before it in its partition, so that one record that overtook many is one violation, about the first
// one that stands behind it.
//
// As with LOG_DUP, the mock does not hold a retry to the order that idempotence promises: a pair that a fault aimed at
// its producer, at a broker or at anything between them has met (producer_faults.h), from the first send to the last
// acknowledgement, is tolerated, and noted. n/a without the audit, and for producers that do not tell their outcomes or
// give idempotence up. Cause: producer or broker for a process producer, else broker (ProducerCauses). Linear in sends;
// times the faults for pairs out of order.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckSendOrder(const Evidence& evidence);

}  // namespace harness
