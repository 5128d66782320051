// What the live view shows at one moment, as text: a pure function of the state. Used by live_view.cc alone (and
// tests).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/observe/recorder.h"
#include "harness/report/report.h"

namespace harness {

struct LiveState {
  std::string step;   // what happens outside the phases; empty in a phase
  std::string phase;  // the phase under way
  int64_t phase_begin_ns = 0;
  int64_t phase_duration_ns = 0;  // 0: it ends by count
  int64_t phase_count = 0;
  int64_t sent_at_phase_begin = 0;
  int64_t run_begin_ns = 0;   // when the view began
  int64_t load_begin_ns = 0;  // begin of the first phase; 0: not yet
  LiveCounts counts;
};

// Counts per second, from the counts of about a second ago.
struct LiveRates {
  double sent_per_s = 0, acked_per_s = 0, delivered_per_s = 0;
};
LiveRates RatesBetween(const LiveCounts& before, const LiveCounts& now, int64_t elapsed_ns);

// The lines of the view on a terminal, none wider than the style's width, none with a newline.
std::vector<std::string> TerminalFrame(const LiveState& state, const LiveRates& rates, int64_t now_ns,
                                       const ConsoleStyle& style);
// The same in one line, for logs.
std::string PlainLine(const LiveState& state, const LiveRates& rates, int64_t now_ns, const ConsoleStyle& style);
// A notice with its time on the run's time line, "  +3.412 s  crash: server-1 killed".
std::string NoticeLine(const LiveState& state, const std::string& notice, int64_t time_ns, const ConsoleStyle& style);

// What makes a terminal show `lines` in place of a frame of `previous_lines` lines that the cursor stands below.
std::string Redraw(size_t previous_lines, const std::vector<std::string>& lines);

}  // namespace harness
