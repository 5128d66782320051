// DUP: (p, offset) at most once in A_k per client life; a rec as often as L holds it; a repeat in W_k only inside the
// declared resume overlap.
//
// A life is ClientView::scope. Where the server gives no positions, the n-th delivery of a rec is the n-th record of
// that rec in the log, so one delivery more is a repeat. The declared overlap of a stream is what lies beyond `after`
// of its own StreamStart: a repeat at or below it, or twice in one stream, was never asked for. n/a for clients that
// are not observed, and for those whose log marks no connections.
//
// Causes: hop.h. Linear; memory grows with the offences (sequence_scan.h).
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckDup(const Evidence& evidence);

}  // namespace harness
