#include "harness/report/live_view.h"

#include <chrono>
#include <deque>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "harness/report/live_frame.h"

namespace harness {
namespace {

constexpr std::chrono::milliseconds kTerminalPeriod{200};
constexpr std::chrono::seconds kPlainPeriod{1};
constexpr int64_t kRateWindowNs = 1'000'000'000;
constexpr int64_t kRateSpanNsMin = kRateWindowNs / 2;  // over less a rate is noise, and none is shown
constexpr size_t kNoticesWaitingMax = 1000;            // between two drawings; further ones are counted in a last line

}  // namespace

// The drawing thread alone touches `out` and what stands below `mutex_`'s members.
struct LiveView::State {
  State(std::ostream* out, ConsoleStyle style, std::function<LiveCounts()> counts)
      : out_(out), style_(style), counts_(std::move(counts)) {
    shown_.run_begin_ns = pipeline::MonotonicNs();
    thread_ = std::thread([this] { Run(); });
  }

  bool OnTerminal() const { return style_.width_columns > 0 && style_.redraws; }

  void Change(const std::function<void(LiveState*)>& change) {
    const pipeline::MutexLock lock(&mutex_);
    change(&shown_);
    Wake();
  }
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    woken_ = true;
    changed_.NotifyOne();
  }

  void Run();
  void Draw(const LiveState& state, const std::vector<std::string>& notices, bool with_counts);
  LiveRates UpdateRates(const LiveCounts& counts, int64_t now_ns);

  pipeline::Mutex mutex_;
  pipeline::CondVar changed_;
  LiveState shown_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> notices_ ABSL_GUARDED_BY(mutex_);  // finished lines
  int64_t notices_dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::ostream* const out_;
  const ConsoleStyle style_;
  const std::function<LiveCounts()> counts_;
  struct Sample {
    int64_t time_ns;
    LiveCounts counts;
  };
  std::deque<Sample> samples_;  // of the last second
  size_t drawn_lines_ = 0;
  std::thread thread_;
};

void LiveView::State::Run() {
  const std::chrono::nanoseconds period = OnTerminal() ? std::chrono::nanoseconds(kTerminalPeriod) : kPlainPeriod;
  auto next = std::chrono::steady_clock::now() + period;
  for (bool last = false; !last;) {
    std::vector<std::string> notices;
    LiveState state;
    bool due = false;
    {
      const pipeline::MutexLock lock(&mutex_);
      changed_.WaitUntil(&mutex_, next, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return woken_ || stopping_; });
      woken_ = false;
      last = stopping_;
      state = shown_;
      notices.swap(notices_);
      if (notices_dropped_ > 0) {
        notices.push_back("  and " + std::to_string(std::exchange(notices_dropped_, 0)) + " more");
      }
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= next) {
      due = true;
      next = now + period;
    }
    Draw(state, notices, due || last);
  }
}

LiveRates LiveView::State::UpdateRates(const LiveCounts& counts, int64_t now_ns) {
  samples_.push_back({now_ns, counts});
  while (samples_.size() > 2 && now_ns - samples_[1].time_ns >= kRateWindowNs) samples_.pop_front();
  const int64_t span_ns = now_ns - samples_.front().time_ns;
  return span_ns < kRateSpanNsMin ? LiveRates() : RatesBetween(samples_.front().counts, counts, span_ns);
}

void LiveView::State::Draw(const LiveState& state, const std::vector<std::string>& notices, bool with_counts) {
  LiveState now = state;
  // On a terminal a notice pushes the frame down, so the frame is drawn again; in a log it is a line like any other.
  if (!OnTerminal()) {
    for (const std::string& notice : notices) *out_ << notice << "\n";
    if (with_counts) {
      now.counts = counts_();
      const int64_t now_ns = pipeline::MonotonicNs();
      *out_ << PlainLine(now, UpdateRates(now.counts, now_ns), now_ns, style_) << "\n";
    }
    out_->flush();
    return;
  }
  now.counts = counts_();
  const int64_t now_ns = pipeline::MonotonicNs();
  std::vector<std::string> lines = notices;
  const std::vector<std::string> frame = TerminalFrame(now, UpdateRates(now.counts, now_ns), now_ns, style_);
  lines.insert(lines.end(), frame.begin(), frame.end());
  *out_ << Redraw(drawn_lines_, lines);
  out_->flush();
  drawn_lines_ = frame.size();
}

LiveView::LiveView(std::ostream* out, ConsoleStyle style, std::function<LiveCounts()> counts)
    : state_(std::make_unique<State>(out, style, std::move(counts))) {}

LiveView::~LiveView() { Stop(); }

void LiveView::OnStep(const std::string& step) {
  state_->Change([&](LiveState* shown) { shown->step = step; });
}

void LiveView::OnPhase(const std::string& name, int64_t begin_ns, int64_t duration_ns, int64_t count) {
  const int64_t sent = state_->counts_().sent;
  state_->Change([&](LiveState* shown) {
    shown->step.clear();
    shown->phase = name;
    shown->phase_begin_ns = begin_ns;
    shown->phase_duration_ns = duration_ns;
    shown->phase_count = count;
    shown->sent_at_phase_begin = sent;
    if (shown->load_begin_ns == 0) shown->load_begin_ns = begin_ns;
  });
}

void LiveView::OnNotice(const std::string& line) {
  const pipeline::MutexLock lock(&state_->mutex_);
  if (state_->notices_.size() < kNoticesWaitingMax) {
    state_->notices_.push_back(NoticeLine(state_->shown_, line, pipeline::MonotonicNs(), state_->style_));
  } else {
    ++state_->notices_dropped_;
  }
  state_->Wake();
}

void LiveView::Stop() {
  {
    const pipeline::MutexLock lock(&state_->mutex_);
    state_->stopping_ = true;
    state_->Wake();
  }
  if (state_->thread_.joinable()) state_->thread_.join();
}

}  // namespace harness
