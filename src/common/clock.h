// The two clocks of the pipeline, read here and nowhere in the pure folders. Called from any thread.
#pragma once

#include <cstdint>
#include <ctime>

namespace pipeline {

inline int64_t ReadClockNs(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// CLOCK_MONOTONIC, in ns: the one time line of every journal on a host, comparable between processes.
inline int64_t MonotonicNs() { return ReadClockNs(CLOCK_MONOTONIC); }

// CLOCK_REALTIME, in ns since the epoch: only for what people and Kafka read.
inline int64_t WallNs() { return ReadClockNs(CLOCK_REALTIME); }

// The same in whole seconds, up to 10 ms late: costs no read of the hardware's counter.
inline int64_t WallSeconds() { return ReadClockNs(CLOCK_REALTIME_COARSE) / 1'000'000'000; }

}  // namespace pipeline
