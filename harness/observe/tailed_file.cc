#include "harness/observe/tailed_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/observe/log_lines.h"

namespace harness {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

}  // namespace

TailedFile::TailedFile(std::string path) : path_(std::move(path)) {}

TailedFile::~TailedFile() {
  if (fd_ >= 0) close(fd_);
}

bool TailedFile::Open() {
  if (fd_ >= 0) return true;
  fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0 && errno != ENOENT) Problem(std::strerror(errno));
  return fd_ >= 0;
}

void TailedFile::Problem(const std::string& what) {
  if (problem_.empty()) problem_ = "cannot follow " + path_ + ": " + what;
}

std::string TailedFile::TakeProblem() {
  if (problem_.empty() || std::exchange(told_, true)) return {};
  return problem_;
}

void TailedFile::FollowShrinking(int64_t size_bytes) {
  // A writer that opens its file again cuts a torn tail, and nothing that was whole.
  if (size_bytes < good_bytes_) {
    Problem("it shrank from " + std::to_string(good_bytes_) + " to " + std::to_string(size_bytes) +
            " bytes; what it held is not there any more");
    good_bytes_ = size_bytes;
  }
  next_bytes_ = size_bytes;
  skipping_ = false;
}

bool TailedFile::ReadLines(const std::function<bool(const Line&)>& each) {
  struct stat status {};
  if (!Open() || fstat(fd_, &status) != 0) return false;
  const int64_t end_bytes = status.st_size;
  if (end_bytes < next_bytes_) FollowShrinking(end_bytes);
  bool any = false;
  size_t want = kReadBytes;
  while (next_bytes_ < end_bytes) {
    want = std::min(want, static_cast<size_t>(end_bytes - next_bytes_));
    if (buffer_.size() < want + kLinePaddingBytes) buffer_.resize(want + kLinePaddingBytes);
    const ssize_t bytes = pread(fd_, buffer_.data(), want, next_bytes_);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) Problem(std::strerror(errno));
    if (bytes <= 0) break;  // cut off meanwhile: the next look sees it
    const size_t consumed = GiveLines(static_cast<size_t>(bytes), each, &any);
    next_bytes_ += static_cast<int64_t>(consumed);
    if (consumed > 0) {
      want = kReadBytes;
    } else if (static_cast<size_t>(bytes) > kLineBytesMax) {
      skipping_ = true;
      next_bytes_ += bytes;
      want = kReadBytes;
    } else if (next_bytes_ + bytes >= end_bytes) {
      break;  // a line that is not whole yet
    } else {
      want = std::min(static_cast<size_t>(bytes) * 4, kLineBytesMax + 1);
    }
  }
  return any;
}

size_t TailedFile::GiveLines(size_t bytes, const std::function<bool(const Line&)>& each, bool* any) {
  size_t begin = 0;
  while (begin < bytes) {
    const void* newline = std::memchr(buffer_.data() + begin, '\n', bytes - begin);
    if (newline == nullptr) break;
    const auto end = static_cast<size_t>(static_cast<const char*>(newline) - buffer_.data());
    Line line;
    line.number = ++lines_;
    line.begin_bytes = next_bytes_ + static_cast<int64_t>(begin);
    line.too_long = std::exchange(skipping_, false) || end - begin > kLineBytesMax;
    if (!line.too_long) line.text = {buffer_.data() + begin, end - begin};
    begin = end + 1;
    *any = true;
    if (each(line)) good_bytes_ = next_bytes_ + static_cast<int64_t>(begin);
  }
  return begin;
}

}  // namespace harness
