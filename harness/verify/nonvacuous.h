// NONVACUOUS: at least one acknowledged and delivered record per client (expect.min_records raises it), sentinels not
// counted; for each fault at least one such record whose life meets [strike, heal]. A record lives from its planned
// send to its delivery (at any client); a fault that is never healed lasts to the end of the run.
//
// Where records met a fault and none of them came, it says that they never came, not that there were none.
//
// A record whose producer tells no acknowledgements counts when the audited log holds it. Clients that are not observed
// don't count; a run without any observed client proves nothing. What is missing makes the run invalid. Linear in
// deliveries, times the faults that no record has met yet.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckNonvacuous(const Evidence& evidence);

}  // namespace harness
