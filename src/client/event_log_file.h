// The event log on disk: opened, repaired and replayed at start, appended to while a stream runs. Used by the
// Subscription, on its thread (its constructor runs on the caller's).
#pragma once

#include <cstdint>
#include <string>

#include "client/event_log.h"
#include "client/held_token.h"
#include "common/file_lock.h"
#include "common/line_file.h"
#include "payment/payment.h"

namespace pipeline {

inline constexpr size_t kLogLineBytesMax = size_t{64} * 1024 * 1024;

class EventLogFile {
 public:
  EventLogFile() = default;
  EventLogFile(const EventLogFile&) = delete;
  EventLogFile& operator=(const EventLogFile&) = delete;

  // Takes the file for this process alone, cuts a torn tail off, and reads what the rest says. Throws
  // std::system_error, or std::runtime_error that names file and line: damaged, made for another filter, in use by
  // another process.
  void Open(const std::string& path, const Filter& filter);
  bool is_open() const { return file_.is_open(); }

  const HeldToken& held_token() const { return held_token_; }
  uint32_t last_connection() const { return last_connection_; }
  int64_t cut_bytes() const { return cut_bytes_; }

  // Seals `entry` and keeps it for the next Write.
  void Add(const std::string& entry) { pending_ += SealLine(entry); }
  // All that was added, in one write. Throws std::system_error.
  void Write();

 private:
  void Replay(const std::string& path, const Filter& filter);

  FileLock lock_;
  LineFile file_;
  std::string pending_;
  HeldToken held_token_;
  uint32_t last_connection_ = 0;
  int64_t cut_bytes_ = 0;
};

}  // namespace pipeline
