#include "harness/process/capped_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace harness {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;

}  // namespace

CappedLog::CappedLog(int pipe_fd, int file_fd) : pipe_fd_(pipe_fd), file_fd_(file_fd) {
  struct stat status {};
  const int64_t size_bytes = fstat(file_fd, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;
  first_bytes_left_ = std::max<int64_t>(0, kLogBytesMax - kLogTailBytesMax - size_bytes);
}

CappedLog::~CappedLog() {
  if (file_fd_ < 0) return;
  Finish();
  if (pipe_fd_ >= 0) close(pipe_fd_);
  close(file_fd_);
}

CappedLog::CappedLog(CappedLog&& other) noexcept
    : pipe_fd_(std::exchange(other.pipe_fd_, -1)),
      file_fd_(std::exchange(other.file_fd_, -1)),
      first_bytes_left_(other.first_bytes_left_),
      dropped_bytes_(other.dropped_bytes_),
      finished_(other.finished_),
      last_(std::move(other.last_)),
      last_begin_(other.last_begin_) {}

void CappedLog::Move(int64_t bytes_max) {
  std::array<char, kReadBytes> bytes;
  while (bytes_max > 0 && pipe_fd_ >= 0) {
    const ssize_t count = read(pipe_fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      close(std::exchange(pipe_fd_, -1));
      return;
    }
    if (!finished_) Take({bytes.data(), static_cast<size_t>(count)});
    bytes_max -= count;
  }
}

void CappedLog::Take(std::string_view text) {
  const auto first = static_cast<size_t>(std::min<int64_t>(first_bytes_left_, static_cast<int64_t>(text.size())));
  first_bytes_left_ -= static_cast<int64_t>(first);
  Write(text.substr(0, first));
  text.remove_prefix(first);
  const auto ring = static_cast<size_t>(kLogTailBytesMax);
  const size_t room = std::min(ring - last_.size(), text.size());
  last_ += text.substr(0, room);
  text.remove_prefix(room);
  dropped_bytes_ += static_cast<int64_t>(text.size());
  while (!text.empty()) {
    const size_t part = std::min(text.size(), ring - last_begin_);
    text.copy(last_.data() + last_begin_, part);
    last_begin_ = (last_begin_ + part) % ring;
    text.remove_prefix(part);
  }
}

// What a full disk does not take is left out too.
void CappedLog::Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file_fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      dropped_bytes_ += static_cast<int64_t>(text.size());
      return;
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void CappedLog::Finish() {
  if (std::exchange(finished_, true)) return;
  const int64_t left_out_bytes = dropped_bytes_;
  const std::string count = std::to_string(left_out_bytes) + " bytes of this output";
  const auto note = [&](const std::string& text) {
    if (left_out_bytes == 0) return;
    const int64_t dropped_bytes = dropped_bytes_;
    Write(text);
    dropped_bytes_ = dropped_bytes;  // these words are nobody's output
  };
  note("\n[harness] " + count + " are left out here\n");
  Write(std::string_view(last_).substr(last_begin_));
  Write(std::string_view(last_).substr(0, last_begin_));
  note("\n[harness] " + count + " are left out above: a log keeps about " + std::to_string(kLogBytesMax) +
       " bytes, the first and the last\n");
  last_.clear();
  last_begin_ = 0;
}

}  // namespace harness
