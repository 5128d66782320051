// The independent reader of the topic: reads all partitions from their start with explicit assignment, decodes each
// record with the harness's own decoder, keeps watermarks, and tells the Recorder. Started by the runner before any
// load; thread-safe. Two threads of its own: one reads, one asks for the watermarks (on a connection of its own, where
// no fetch is in its way).
//
// A next record that is lost (the log was trimmed before it was read) is a harness error; reading goes on at the start
// of what is left.
#pragma once

#include <cstdint>
#include <memory>

#include "common/settings.h"
#include "harness/observe/recorder.h"

namespace harness {

class Audit {
 public:
  // Calls Recorder::SetPartitions. `mock`: the backend is librdkafka's mock cluster. Throws std::runtime_error when the
  // topic can't be read.
  Audit(const pipeline::KafkaSettings& kafka, int partitions, bool mock, Recorder* recorder);
  ~Audit();
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;
  // Waits until everything below the high watermarks as they are now has been read. False at the deadline.
  bool CatchUp(int64_t deadline_ns);
  // Keys and values read so far.
  int64_t bytes_read() const;
  // Ends the threads, after one last look at the watermarks. Idempotent.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
