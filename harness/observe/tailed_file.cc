#include "harness/observe/tailed_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "common/crc32c.h"
#include "common/regular_file.h"
#include "harness/observe/log_lines.h"

namespace harness {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

// CRC-32C of the first `size_bytes` of a file; nullopt when it has fewer.
std::optional<uint32_t> Crc32cOf(int fd, int64_t size_bytes) {
  std::string buffer(kReadBytes, '\0');
  uint32_t crc32c = 0;
  for (int64_t at = 0; at < size_bytes;) {
    const auto want = std::min(buffer.size(), static_cast<size_t>(size_bytes - at));
    const ssize_t bytes = pread(fd, buffer.data(), want, at);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return std::nullopt;
    crc32c = pipeline::Crc32c({buffer.data(), static_cast<size_t>(bytes)}, crc32c);
    at += bytes;
  }
  return crc32c;
}

}  // namespace

TailedFile::TailedFile(std::string path) : path_(std::move(path)) {}

TailedFile::~TailedFile() {
  if (fd_ >= 0) close(fd_);
}

int TailedFile::OpenNamed() {
  pipeline::RegularFile file = pipeline::OpenRegularFile(path_);
  if (!file.is_open() && file.error != ENOENT) Problem(file.Reason());
  return file.Release();
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
  crc32c_ = Crc32cOf(fd_, size_bytes).value_or(0);
  skipping_ = false;
}

bool TailedFile::has_its_name() const {
  struct stat named {};
  struct stat opened {};
  return stat(path_.c_str(), &named) == 0 && fstat(fd_, &opened) == 0 && named.st_ino == opened.st_ino &&
         named.st_dev == opened.st_dev;
}

bool TailedFile::FollowName() {
  if (fd_ < 0 || has_its_name()) return false;
  const int fd = OpenNamed();
  if (fd < 0) return false;  // moved away, and nothing in its place yet
  const bool goes_on = Crc32cOf(fd, next_bytes_) == crc32c_;
  close(std::exchange(fd_, fd));
  if (goes_on) return true;
  next_bytes_ = 0;
  good_bytes_ = 0;
  crc32c_ = 0;
  skipping_ = false;
  return true;
}

bool TailedFile::ReadLines(const std::function<bool(const Line&)>& each) {
  bool any = ReadOpenFile(each);
  while (FollowName()) any |= ReadOpenFile(each);
  return any;
}

bool TailedFile::ReadOpenFile(const std::function<bool(const Line&)>& each) {
  struct stat status {};
  if (fd_ < 0) fd_ = OpenNamed();
  if (fd_ < 0 || fstat(fd_, &status) != 0) return false;
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
    crc32c_ = pipeline::Crc32c({buffer_.data(), consumed}, crc32c_);
    next_bytes_ += static_cast<int64_t>(consumed);
    if (consumed > 0) {
      want = kReadBytes;
    } else if (static_cast<size_t>(bytes) > kLineBytesMax) {
      skipping_ = true;
      crc32c_ = pipeline::Crc32c({buffer_.data(), static_cast<size_t>(bytes)}, crc32c_);
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
