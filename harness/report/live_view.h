// What `harness run` shows while it runs: on a terminal a view that is redrawn in place (phase, time left, offered,
// acknowledged, delivered, lag, faults as they strike and heal), elsewhere a plain line a second. The runner feeds it
// from its threads; a thread of its own draws. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "harness/observe/recorder.h"
#include "harness/report/report.h"

namespace harness {

class LiveView {
 public:
  // `counts` is called from the drawing thread. `out` is a terminal when style.width_columns > 0.
  LiveView(std::ostream* out, ConsoleStyle style, std::function<LiveCounts()> counts);
  ~LiveView();
  void OnStep(const std::string& step);  // "starting server-1", "draining": what happens outside the phases
  void OnPhase(const std::string& name, int64_t begin_ns, int64_t duration_ns, int64_t count);
  void OnNotice(const std::string& line);  // kept on the screen: a fault struck, a fault healed, a process ended
  // Draws a last time and stops.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
