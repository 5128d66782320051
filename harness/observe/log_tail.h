// Follows the JSON-lines files that programs write (docs/formats.md) while they grow, and tells the Recorder: event
// logs of clients, acknowledgement logs of producers, journals of servers. One thread for all files of a run (inotify,
// no polling interval to wait for), which alone touches them: whoever calls waits for no disk. Only regular files are
// opened; anything else at such a path is a harness error. The parsers are fuzzed; a broken line is counted, never
// fatal. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/observe/recorder.h"

namespace harness {

class LogTail {
 public:
  explicit LogTail(Recorder* recorder);
  ~LogTail();
  // The file need not exist yet. `client` is the Recorder's index.
  void FollowEventLog(const std::string& path, size_t client);
  // `producer` is the Recorder's index.
  void FollowAckLog(const std::string& path, uint16_t producer);
  // `server` is the Recorder's index. Several processes, one after the other, write to it.
  void FollowServerJournal(const std::string& path, size_t server);
  // For a process that has ended: what it wrote is read to its end, then Recorder::OnProducerEnded is called. Returns
  // at once; Drain() waits for it.
  void ProducerEnded(uint16_t producer);
  // Waits until everything that was asked for is done and what there is now is read to its end. False when
  // `deadline_ns` (monotonic) passes first.
  bool Drain(int64_t deadline_ns);
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
