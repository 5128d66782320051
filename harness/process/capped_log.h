// What one process prints, on its way from a pipe into a log file that has a limit: the first part and the last are
// kept, what is between them is counted. The process is never held up by more than its pipe, and never ended for what
// it prints. Used by the reaper's one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace harness {

// Of one log file. The last kLogTailBytesMax of each process that went beyond it come on top.
inline constexpr int64_t kLogBytesMax = int64_t{64} << 20;
inline constexpr int64_t kLogTailBytesMax = int64_t{1} << 20;

class CappedLog {
 public:
  // Takes over `pipe_fd`, which does not block, and `file_fd`, which is opened for appending.
  CappedLog(int pipe_fd, int file_fd);
  ~CappedLog();
  CappedLog(CappedLog&& other) noexcept;
  CappedLog& operator=(CappedLog&&) = delete;
  CappedLog(const CappedLog&) = delete;

  int pipe_fd() const { return pipe_fd_; }  // -1: ended
  // Nobody holds the other end of the pipe any more.
  bool ended() const { return pipe_fd_ < 0; }
  // Moves what the pipe holds, `bytes_max` at most.
  void Move(int64_t bytes_max);
  // Writes the last part, and what was left out, into the file. Afterwards the pipe is still emptied, so that whoever
  // has outlived the process goes on, and nothing is kept.
  void Finish();
  int64_t dropped_bytes() const { return dropped_bytes_; }

 private:
  void Take(std::string_view text);
  void Write(std::string_view text);

  int pipe_fd_;
  int file_fd_;
  int64_t first_bytes_left_;
  int64_t dropped_bytes_ = 0;
  bool finished_ = false;
  std::string last_;       // a ring once it is full
  size_t last_begin_ = 0;  // where its oldest byte is
};

}  // namespace harness
