// The sentence beside the verdict: what a pass claims, word by word what was judged and of whom; what a failure broke.
// Called by summary.cc and write_report.cc. Pure.
#pragma once

#include <string>

#include "harness/report/report.h"

namespace harness {

// Bounded, however many clients and checks there are. Not yet Printable.
std::string Headline(const Report& report);

}  // namespace harness
