// DLQ: every record of L that the harness's own decoder rejects is in the dead-letter topic exactly once, with its key
// and value unchanged, and nothing else is there. Judged where the scenario says `expect.dead_letters`, by what the
// harness read there after the drain.
//
// n/a without that, without the audit, for an interrupted run, and when the topic could not be read (HARNESS_OK says
// so). Records that were trimmed before the audit read them are not missed. Cause: server. One violation for each
// record that is missing, changed, or there again, and for each letter that is of no rejected record. Linear in the log
// and the letters, but for sorting these.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckDlq(const Evidence& evidence);

}  // namespace harness
