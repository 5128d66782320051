// LOST: every valid record of L_p in (start, frontier_k,p] whose own content matches k's filter is in A_k. Valid is
// what the harness's own decoder accepts. The frontier is the greatest sentinel that k received in p; a partition in
// which it received none is LIVE's matter, and in an interrupted run what is beyond is pending. The start is where k's
// life began (client_view.h).
//
// For a snapshot at P: for each id the fold's winner among the records <= P (greatest status rank, timestamp,
// partition, offset), if that record itself matches; it may be absent if a winner at an offset > P superseded it before
// it was sent (that one is judged as any record after P). With resume "none": owed.cc.
//
// Where the scenario relaxes LIVE, a partition without a sentinel is judged up to the audited end (but for sentinels).
//
// n/a for clients that are not observed, and without the audit. Causes: hop.h. Linear in log and deliveries.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckLost(const Evidence& evidence);

}  // namespace harness
