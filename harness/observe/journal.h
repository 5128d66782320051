// The journal of a run: everything that the observers saw, in one append-only file, `run.journal` in the run's
// `history/` (bytes in docs/formats.md, "Journals"). The Recorder writes it; `harness check` and its kin read it back
// into the same History.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "common/mutex.h"
#include "harness/observe/journal_frames.h"
#include "harness/verify/history.h"

namespace harness {

std::string JournalPath(const std::string& history_dir);

// Appends frames through a thread of its own: what is older than kJournalFlushNs is in the file (page cache; there is
// no fsync), so the death of the harness loses no more than that. Never throws after construction: a write that fails
// (disk full) ends the writing, keeps what is whole, and Close() says so in a sentence. Thread-safe.
inline constexpr int64_t kJournalFlushNs = 100'000'000;
inline constexpr size_t kJournalBufferBytesMax = size_t{256} << 20;  // Append waits for the disk above it
inline constexpr int64_t kJournalStallNs = 5'000'000'000;            // and gives up after this

class JournalWriter {
 public:
  // Throws std::system_error that names the path. An existing file is replaced.
  explicit JournalWriter(const std::string& history_dir);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  void Append(FrameType type, std::string_view payload);
  // Writes what is left and closes. Empty when every frame was written whole; otherwise what went wrong. Idempotent.
  std::string Close();

 private:
  void Run();
  // Returns the error in a sentence, empty when all was written.
  std::string Write(std::string_view bytes);

  const std::string path_;
  int fd_ = -1;
  pipeline::Mutex mutex_;
  pipeline::CondVar wake_;
  pipeline::CondVar room_;
  std::string pending_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::string error_ ABSL_GUARDED_BY(mutex_);
  int64_t frames_lost_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

struct JournalContent {
  History history;
  // Empty for a journal that is whole and closed. Otherwise what is wrong with it, in a sentence, which is also the
  // last of history.harness_errors: a verdict on part of a run proves nothing.
  std::string problem;
  int64_t frames = 0;
  int64_t bytes_read = 0;  // up to here the file is whole
  int64_t bytes_cut = 0;   // unread behind it
};

// Throws std::system_error when the file can't be read, std::runtime_error when it is no journal or of another version.
JournalContent ReadJournal(const std::string& history_dir);
JournalContent ReadJournalFile(const std::string& path);

}  // namespace harness
