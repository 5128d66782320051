// The life of a record as a picture: every hop at which it was seen, in time order, what happened meanwhile, and the
// hops at which it is missing. Inline SVG for report.html. Called by the page's verdict part. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/report/record_life.h"
#include "harness/verify/verdict.h"

namespace harness {

// One row of the picture.
struct LifeStep {
  enum class Kind { kSeen, kDropped, kMeanwhile, kMissing, kNotKnown };
  Kind kind = Kind::kSeen;
  int64_t time_ns = 0;  // 0: none
  std::string place;    // "client fast"
  std::string text;
};

// The steps of a record whose whole life is `life`. Of many clients the one that the violation is about and the first
// few are shown, the others are counted; likewise of what happened meanwhile.
std::vector<LifeStep> LifeSteps(const History& history, std::span<const RunEvent> life, const Violation& violation);

// `title`: text, what the picture is of. Empty without steps.
std::string LifePicture(const std::vector<LifeStep>& steps, int64_t origin_ns, std::string_view title);

}  // namespace harness
