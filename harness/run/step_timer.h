// How long each step of a run takes, from reading its scenario to its report: `harness run --timing`, and result.json.
// Used by the runner's thread alone.
#pragma once

#include <string>
#include <vector>

#include "harness/report/report.h"

namespace harness {

// The step in which the phases are, and which a scenario asks for; all others are what a run costs beyond them.
inline constexpr char kLoadStep[] = "load";

class StepTimer {
 public:
  // Ends the step before. A name that was there before goes on with its time.
  void Begin(const std::string& name);
  void End();
  // Of a step that somebody else has timed.
  void Add(const std::string& name, int64_t duration_ns);
  const std::vector<StepTime>& steps() const { return steps_; }

 private:
  std::vector<StepTime> steps_;
  std::string name_;  // of the step that goes on; empty: none
  int64_t began_ns_ = 0;
};

// A line for each step, and what it was up to the load and beyond it.
std::string TimingText(const std::vector<StepTime>& steps);

}  // namespace harness
