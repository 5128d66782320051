// What this server read from Kafka and handed to each stream, in a file of sealed JSON lines (docs/formats.md, "Server
// journal"): made by PaymentServer when it is asked for, told by the Kafka reader and by the streams. Thread-safe.
//
// Telling it costs a copy under a short lock; a thread of its own writes, several lines at once, no later than
// kJournalFlushNs after they were told. There is no fsync: what is written survives the death of the process, what is
// not yet is lost with it. A write that fails never stops the server: it is logged once, what was to be written is
// counted, and as soon as the file takes something again a `cut` line says how much is missing.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "common/file_lock.h"
#include "common/line_file.h"
#include "common/mutex.h"
#include "server/ops/journal_lines.h"

namespace pipeline {

inline constexpr int64_t kJournalFlushNs = 20'000'000;
// What waits for the disk, with its texts (a client's token is one); beyond it entries are lost, and counted. While a
// write is under way as much again is being written.
inline constexpr size_t kJournalWaitingBytesMax = size_t{64} * 1024 * 1024;

class ServerJournal {
 public:
  // Carries a file on that is there, after cutting a torn tail off. Throws std::system_error or std::runtime_error that
  // names the path: it can't be opened, is damaged, or is in use by another process.
  ServerJournal(const std::string& path, const std::string& server_id,
                size_t waiting_bytes_max = kJournalWaitingBytesMax);
  ~ServerJournal();  // closes
  ServerJournal(const ServerJournal&) = delete;
  ServerJournal& operator=(const ServerJournal&) = delete;

  void Read(std::span<const JournaledRecord> records);
  void Begin(const SubscriptionBegan& began);
  // Handed to gRPC, which owns it from now on: whether it arrives is the wire's matter.
  void Wrote(uint64_t subscription, int32_t partition, int64_t offset);
  void End(uint64_t subscription, int code, const std::string& reason);
  // Writes what is left and the `stop` line. Nothing is told after it. A second call does nothing.
  void Close();
  // Entries that could not be written.
  int64_t lost() const { return lost_; }
  size_t waiting_bytes() const;

 private:
  struct Entry {
    uint64_t subscription = 0;  // 0: a record read
    size_t text = SIZE_MAX;     // index into texts_: a whole line; none: `record`
    JournaledRecord record;
  };

  // `text`: the whole line, unless the entry has a record.
  void Push(Entry entry, std::string text = {}) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  // The lines of `entries`: records in the order in which they were read, then each stream's own in their order.
  static std::string Lines(std::vector<Entry>* entries, const std::vector<std::string>& texts);
  void Write(const std::string& lines, size_t entries);

  const size_t waiting_bytes_max_;
  FileLock lock_;
  LineFile file_;
  std::atomic<int64_t> lost_ = 0;
  int64_t untold_ = 0;  // lost, and no `cut` line has said so yet; the thread's alone
  bool warned_ = false;

  mutable Mutex mutex_;
  CondVar wake_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> texts_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of both
  int64_t overflowed_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pipeline
