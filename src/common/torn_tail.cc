// Repairs a file of lines whose writer died: see line_file.h.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "common/line_file.h"

namespace pipeline {
namespace {

// Far above any line of ours (a record of 3 MiB, escaped twice): more without a newline is not a file of lines.
constexpr size_t kLineBytesMax = size_t{64} * 1024 * 1024;
constexpr size_t kReadBytes = size_t{256} * 1024;

class File {
 public:
  explicit File(const std::string& path) : path_(path), fd_(open(path.c_str(), O_RDWR | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return fd_ >= 0; }
  [[noreturn]] void Fail(const char* what) const {
    throw std::system_error(errno, std::generic_category(), path_ + ": " + what);
  }
  // Appends the next piece to `buffer`; false at the end.
  bool ReadInto(std::string* buffer) const {
    const size_t begin = buffer->size();
    buffer->resize(begin + kReadBytes);
    ssize_t count = 0;
    do {
      count = read(fd_, buffer->data() + begin, kReadBytes);
    } while (count < 0 && errno == EINTR);
    if (count < 0) Fail("can't read");
    buffer->resize(begin + static_cast<size_t>(count));
    return count > 0;
  }
  void Truncate(int64_t size) const {
    if (ftruncate(fd_, size) != 0) Fail("can't cut off its torn tail");
  }

 private:
  const std::string& path_;
  int fd_;
};

// What the lines so far say about where the file's whole part ends.
class Scan {
 public:
  explicit Scan(const std::string& path) : path_(path) {}

  void AddLine(std::string_view line) {
    ++line_;
    end_ += static_cast<int64_t>(line.size()) + 1;
    if (CheckLine(line) == LineState::kBroken) {
      if (broken_line_ == 0) broken_line_ = line_;
      return;
    }
    if (broken_line_ != 0) {
      throw std::runtime_error(path_ + ":" + std::to_string(broken_line_) +
                               ": this line is damaged and whole lines follow it; only a torn end can be repaired");
    }
    whole_end_ = end_;
  }
  int64_t whole_end() const { return whole_end_; }
  int64_t end() const { return end_; }

 private:
  const std::string& path_;
  int64_t line_ = 0;
  int64_t broken_line_ = 0;  // the first one
  int64_t end_ = 0;
  int64_t whole_end_ = 0;
};

}  // namespace

int64_t CutTornTail(const std::string& path) {
  const File file(path);
  if (!file.is_open()) {
    if (errno == ENOENT) return 0;
    file.Fail("can't open");
  }
  Scan scan(path);
  std::string buffer;
  size_t scanned = 0;  // bytes of `buffer` without a newline
  while (file.ReadInto(&buffer)) {
    const std::string_view read = buffer;
    size_t begin = 0;
    for (size_t newline = read.find('\n', scanned); newline != std::string::npos; newline = read.find('\n', begin)) {
      scan.AddLine(read.substr(begin, newline - begin));
      begin = newline + 1;
    }
    buffer.erase(0, begin);
    scanned = buffer.size();
    if (scanned > kLineBytesMax) throw std::runtime_error(path + ": a line above 64 MiB: not a file of JSON lines");
  }
  const int64_t cut = scan.end() + static_cast<int64_t>(buffer.size()) - scan.whole_end();
  if (cut > 0) file.Truncate(scan.whole_end());
  return cut;
}

}  // namespace pipeline
