// Follows the JSON-lines files that programs write (docs/formats.md) while they grow, and tells the Recorder: event
// logs of clients, acknowledgement logs of producers, journals of servers. One thread for all files of a run (inotify,
// no polling interval to wait for). The parsers are fuzzed; a broken line is counted, never fatal. Thread-safe.
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
  // Reads what there is now to the end; returns when done. For a process that has ended: also
  // Recorder::OnProducerEnded.
  void ProducerEnded(uint16_t producer);
  void Drain();
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
