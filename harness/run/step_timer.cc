#include "harness/run/step_timer.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/clock.h"

namespace harness {

void StepTimer::Begin(const std::string& name) {
  End();
  name_ = name;
  began_ns_ = pipeline::MonotonicNs();
}

void StepTimer::End() {
  if (!name_.empty()) Add(name_, pipeline::MonotonicNs() - began_ns_);
  name_.clear();
}

void StepTimer::Add(const std::string& name, int64_t duration_ns) {
  const auto found =
      std::find_if(steps_.begin(), steps_.end(), [&](const StepTime& step) { return step.name == name; });
  if (found == steps_.end()) {
    steps_.push_back({name, duration_ns});
  } else {
    found->duration_ns += duration_ns;
  }
}

std::string TimingText(const std::vector<StepTime>& steps) {
  constexpr int64_t kNsPerMs = 1'000'000;
  std::string text = "\nTiming\n";
  int64_t before_load_ns = 0;
  int64_t beyond_load_ns = 0;
  bool before = true;
  const auto line = [&](const std::string& name, int64_t duration_ns) {
    text += fmt::format("  {:<22}{:>8} ms\n", name, (duration_ns + kNsPerMs / 2) / kNsPerMs);
  };
  for (const StepTime& step : steps) {
    line(step.name, step.duration_ns);
    before = before && step.name != kLoadStep;
    if (before) before_load_ns += step.duration_ns;
    if (step.name != kLoadStep) beyond_load_ns += step.duration_ns;
  }
  line("up to the first load", before_load_ns);
  line("beyond the phases", beyond_load_ns);
  return text;
}

}  // namespace harness
