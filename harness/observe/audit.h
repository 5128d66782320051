// The independent reader of the topic: reads all partitions from their start with explicit assignment, decodes each
// record with the harness's own decoder, keeps watermarks, and tells the Recorder. One thread of its own. Started by
// the runner before any load; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/settings.h"
#include "harness/observe/recorder.h"

namespace harness {

class Audit {
 public:
  // Calls Recorder::SetPartitions. Throws std::runtime_error when the topic can't be read.
  Audit(const pipeline::KafkaSettings& kafka, int partitions, bool mock, Recorder* recorder);
  ~Audit();
  // Waits until everything below the high watermarks as they are now has been read. False at the deadline.
  bool CatchUp(int64_t deadline_ns);
  // Ends the thread, after one last look at the watermarks.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
