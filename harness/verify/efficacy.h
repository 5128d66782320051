// EFFICACY: each fault left evidence. A fault without (its trigger never fired; its target was already dead) makes the
// run invalid: it did not test what it says. n/a without faults. Linear in faults.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckEfficacy(const Evidence& evidence);

}  // namespace harness
