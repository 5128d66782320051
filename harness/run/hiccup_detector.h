// How often the host itself stood still: a thread beside the load generator that asks to be woken every millisecond and
// records how much later it was. What it sees, the generator, and any client on this host, suffered too: a latency as
// long as that is the host's. The runner owns one while it offers load.
#pragma once

#include <atomic>
#include <thread>

#include "harness/measure/latency_histogram.h"

namespace harness {

class HiccupDetector {
 public:
  HiccupDetector();   // begins
  ~HiccupDetector();  // Stop()
  HiccupDetector(const HiccupDetector&) = delete;
  HiccupDetector& operator=(const HiccupDetector&) = delete;

  // Ends the thread and gives what it saw. A pause of n ms counts n times, n, n-1, … 1 ms: as what would have been
  // planned for each of those milliseconds would have waited.
  LatencyHistogram Stop();

 private:
  void Watch();

  std::atomic<bool> stopping_ = false;
  LatencyHistogram seen_;  // the thread's, until it has ended
  std::thread thread_;     // last: it uses the rest
};

}  // namespace harness
