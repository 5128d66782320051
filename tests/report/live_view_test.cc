// The live view shows every count that the run has, fits its terminal, redraws in place without eating lines that are
// not its own, and gives a log plain lines.
#include "harness/report/live_view.h"

#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <string>
#include <vector>

#include "harness/report/live_frame.h"
#include "harness/report/text.h"
#include "tests/report/report_testing.h"

namespace harness {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

LiveState Steady() {
  LiveState state;
  state.run_begin_ns = kBegin - kSecond;
  state.load_begin_ns = kBegin;
  state.phase = "steady";
  state.phase_begin_ns = kBegin;
  state.phase_duration_ns = 12 * kSecond;
  state.counts.sent = 2310;
  state.counts.acked = 2300;
  state.counts.delivered_min = 2250;
  state.counts.lag_max = state.counts.acked - 2250;
  state.counts.clients = {{.name = "tutorial", .delivered = 2300, .connections = 1, .connected = true},
                          {.name = "fast", .delivered = 2250, .connections = 1}};
  return state;
}

TEST(LiveFrameTest, ShowsPhaseTimeLeftCountsAndLag) {
  const std::vector<std::string> lines =
      TerminalFrame(Steady(), {500, 498, 480}, kBegin + 3 * kSecond, {80, false, true});
  EXPECT_EQ(lines, (std::vector<std::string>{"steady 3.0 of 12.0 s, 9.0 s left",           //
                                             "██████░░░░░░░░░░░░░░░░░░",                   //
                                             "  offered             2,310         500/s",  //
                                             "  acknowledged        2,300         498/s",  //
                                             "  delivered           2,250         480/s",  //
                                             "  lag                    50",                //
                                             "  tutorial 2,300 · fast 2,250 (disconnected)"}));
}

TEST(LiveFrameTest, AClientThatIsNotThereIsNoBrokenOne) {
  LiveState state = Steady();
  state.counts.clients = {{.name = "guest", .delivered = 7, .connections = 1, .left = true},
                          {.name = "late", .awaited = true}};
  EXPECT_EQ(TerminalFrame(state, {500, 498, 480}, kBegin + 3 * kSecond, {80, false, true}).back(),
            "  guest 7 (left) · late 0 (not there yet)");
}

TEST(LiveFrameTest, APhaseByCountShowsHowManyAreSent) {
  LiveState state = Steady();
  state.phase = "burst";
  state.phase_duration_ns = 0;
  state.phase_count = 100'000;
  state.sent_at_phase_begin = 2300;
  state.counts.sent = 52'300;
  const std::vector<std::string> lines = TerminalFrame(state, {}, kBegin, {80, false, true});
  EXPECT_EQ(lines[0], "burst 50,000 of 100,000 sent");
  EXPECT_EQ(lines[1], "████████████░░░░░░░░░░░░");
}

TEST(LiveFrameTest, AStepStandsInThePlaceOfAPhase) {
  LiveState state = Steady();
  state.step = "draining";
  const std::vector<std::string> lines = TerminalFrame(state, {}, kBegin, {80, false, true});
  EXPECT_EQ(lines[0], "draining 1.0 s");
  EXPECT_TRUE(lines[1].starts_with("  offered"));
}

TEST(LiveFrameTest, NoLineIsWiderThanTheTerminal) {
  LiveState state = Steady();
  for (int i = 0; i < 50; ++i) state.counts.clients.push_back({"subscriber-" + std::to_string(i), 1, 0, 1, true, 0});
  for (const int width : {20, 30, 80}) {
    for (const std::string& line : TerminalFrame(state, {1e7, 1e7, 1e7}, kBegin, {width, false, true})) {
      EXPECT_LE(Columns(line), static_cast<size_t>(width)) << line;
    }
  }
}

TEST(LiveFrameTest, APlainLineHoldsTheSame) {
  EXPECT_EQ(PlainLine(Steady(), {500, 498, 480}, kBegin + 3 * kSecond, {0, false, false}),
            "steady 3.0 of 12.0 s, 9.0 s left | offered 2,310 (500/s) | acknowledged 2,300 (498/s) | delivered 2,250 "
            "(480/s) | lag 50");
}

TEST(LiveFrameTest, ANoticeHasItsTimeOnTheRunsTimeLine) {
  EXPECT_EQ(NoticeLine(Steady(), "crash: server-1 \x1b killed", kBegin + kSecond, {0, false, true}),
            "  +1.000000 s  crash: server-1 ? killed");
  LiveState early = Steady();
  early.load_begin_ns = 0;
  EXPECT_EQ(NoticeLine(early, "broker ready", kBegin, {0, false, true}), "  broker ready");
}

TEST(LiveFrameTest, RatesAreNeverNegativeNorOfNoTime) {
  LiveCounts before;
  before.acked = 100;
  LiveCounts now;
  now.sent = 500;
  const LiveRates rates = RatesBetween(before, now, kSecond / 2);
  EXPECT_EQ(rates.sent_per_s, 1000);
  EXPECT_EQ(rates.acked_per_s, 0);
  EXPECT_EQ(RatesBetween(before, now, 0).sent_per_s, 0);
}

// What a terminal shows after `output`: lines, cursor up, erase to the end.
std::vector<std::string> Screen(const std::string& output) {
  std::vector<std::string> lines(1);
  size_t row = 0;
  for (size_t i = 0; i < output.size(); ++i) {
    if (output[i] == '\n') {
      if (++row == lines.size()) lines.emplace_back();
    } else if (output[i] == '\r') {
      // The column is always 0 where the view writes one.
    } else if (output[i] == '\x1b') {
      const size_t end = output.find_first_of("AJ", i);
      if (output[end] == 'A') {
        row -= std::stoul(output.substr(i + 2, end - i - 2));
      } else {
        lines.resize(row + 1);
        lines[row].clear();
      }
      i = end;
    } else {
      lines[row] += output[i];
    }
  }
  return lines;
}

TEST(LiveFrameTest, RedrawingReplacesTheFrameAndKeepsWhatStandsAbove) {
  const std::string output =
      "before\n" + Redraw(0, {"a", "b", "c"}) + Redraw(3, {"notice", "d", "e"}) + Redraw(2, {"f"});
  EXPECT_EQ(Screen(output), (std::vector<std::string>{"before", "notice", "f", ""}));
}

TEST(LiveViewTest, OnATerminalNoticesStayAndTheLastFrameIsTheLatest) {
  std::ostringstream out;
  std::atomic<int64_t> sent = 0;
  LiveView view(&out, {80, false, true}, [&] {
    LiveCounts counts;
    counts.sent = sent;
    return counts;
  });
  view.OnStep("starting server-1");
  view.OnNotice("server-1 is ready");
  view.OnPhase("steady", kBegin, 12 * kSecond, 0);
  view.OnNotice("crash: server-1 killed");
  sent = 42;
  view.Stop();
  const std::vector<std::string> screen = Screen(out.str());
  ASSERT_GE(screen.size(), 7u) << out.str();
  EXPECT_EQ(screen[0], "  server-1 is ready");
  EXPECT_CONTAINS(screen[1], "crash: server-1 killed");
  EXPECT_TRUE(screen[2].starts_with("steady ")) << screen[2];
  EXPECT_EQ(screen[4], "  offered                42         0.0/s") << out.str();
  EXPECT_EQ(screen.back(), "");
}

TEST(LiveViewTest, ALogGetsPlainLinesOnly) {
  std::ostringstream out;
  {
    LiveView view(&out, {0, false, false}, [] { return LiveCounts{}; });
    view.OnNotice("server-1 is ready");
  }
  EXPECT_TRUE(out.str().starts_with("  server-1 is ready\nstarting ")) << out.str();
  EXPECT_FALSE(Contains(out.str(), "\x1b"));
}

TEST(LiveViewTest, AFloodOfNoticesIsBoundedAndCounted) {
  std::ostringstream out;
  std::atomic<bool> hold = true;
  LiveView view(&out, {80, false, true}, [&] {
    // The drawing thread is kept here while the notices come in.
    hold.wait(true);
    return LiveCounts{};
  });
  for (int i = 0; i < 5000; ++i) view.OnNotice("n");
  hold = false;
  hold.notify_all();
  view.Stop();
  EXPECT_CONTAINS(out.str(), " more\n");
}

}  // namespace
}  // namespace harness
