// ACK_DURABLE: what a producer was told is in the topic is there. OK(i) => i in L; if the offset is known, L_p[offset]
// = i.
//
// Applied to every send with outcome OK of a producer whose acknowledgements are known, sentinels included; n/a without
// the audit. A send without a told offset is joined by its rec; one whose content carries no rec, by its content. In an
// interrupted run a record beyond the audit's last is pending, not missing. What retention trimmed before the audit
// read it has cause retention (and breaks HARNESS_OK); otherwise the cause is the producer, whose word stands against
// the log, or the broker, when the word is the harness's own generator's. Linear in sends and log.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckAckDurable(const Evidence& evidence);

}  // namespace harness
