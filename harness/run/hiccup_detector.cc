#include "harness/run/hiccup_detector.h"

#include <ctime>
#include <utility>

#include "common/clock.h"

namespace harness {
namespace {

constexpr int64_t kIntervalNs = 1'000'000;

void SleepUntil(int64_t time_ns) {
  timespec until{};
  until.tv_sec = time_ns / 1'000'000'000;
  until.tv_nsec = time_ns % 1'000'000'000;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

}  // namespace

HiccupDetector::HiccupDetector() : thread_([this] { Watch(); }) {}

HiccupDetector::~HiccupDetector() { Stop(); }

LatencyHistogram HiccupDetector::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  return std::exchange(seen_, {});
}

void HiccupDetector::Watch() {
  int64_t due_ns = pipeline::MonotonicNs() + kIntervalNs;
  while (!stopping_) {
    SleepUntil(due_ns);
    const int64_t now_ns = pipeline::MonotonicNs();
    // What was due meanwhile is late too.
    for (; due_ns <= now_ns; due_ns += kIntervalNs) seen_.Record(now_ns - due_ns);
  }
}

}  // namespace harness
