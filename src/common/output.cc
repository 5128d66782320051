#include "common/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <system_error>

#include "common/clock.h"

namespace pipeline {
namespace {

bool IsRegularFile(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

Output::Output(int fd, bool flush_each)
    : fd_(fd),
      flush_each_(flush_each),
      regular_(IsRegularFile(fd)),
      terminal_(isatty(fd) == 1),
      interrupt_fd_(eventfd(0, EFD_CLOEXEC)) {
  if (interrupt_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Output::~Output() {
  Flush();
  close(interrupt_fd_);
}

void Output::Write(std::string_view text) {
  if (error_ != 0) return;
  buffer_ += text;
  if (flush_each_ || buffer_.size() >= kBufferBytesMax) Flush();
}

void Output::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && error_ == 0 && WaitWritable()) {
    // A pipe that poll() calls writable takes PIPE_BUF bytes without blocking.
    const ssize_t written = write(fd_, rest.data(), regular_ ? rest.size() : std::min<size_t>(rest.size(), PIPE_BUF));
    if (written >= 0) {
      rest.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      error_ = errno;
    }
  }
  buffer_.clear();
}

bool Output::WaitWritable() {
  if (regular_) return true;
  for (;;) {
    const bool interrupted = interrupted_.load();
    int timeout_ms = -1;
    if (interrupted) {
      if (give_up_ns_ == 0) give_up_ns_ = MonotonicNs() + kGraceNs;
      timeout_ms = static_cast<int>(std::max<int64_t>(0, give_up_ns_ - MonotonicNs()) / 1'000'000);
    }
    pollfd fds[2] = {{fd_, POLLOUT, 0}, {interrupt_fd_, POLLIN, 0}};
    const int ready = poll(fds, interrupted ? 1 : 2, timeout_ms);
    if (ready < 0 && errno != EINTR) {
      error_ = errno;
      return false;
    }
    // An error or hang-up too: write() then says which.
    if (ready > 0 && fds[0].revents != 0) return true;
    if (ready == 0) {
      error_ = ETIMEDOUT;
      return false;
    }
  }
}

bool Output::lost_something() const {
  return error_ != 0 && error_ != EPIPE && error_ != ETIMEDOUT && !(error_ == EIO && terminal_);
}

void Output::Interrupt() {
  interrupted_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(interrupt_fd_, &one, sizeof(one));
}

int OutputStream::Buffer::overflow(int c) {
  if (c == traits_type::eof()) return 0;
  const char text = traits_type::to_char_type(c);
  output.Write({&text, 1});
  return c;
}

std::streamsize OutputStream::Buffer::xsputn(const char* text, std::streamsize size) {
  output.Write({text, static_cast<size_t>(size)});
  return size;
}

int OutputStream::Buffer::sync() {
  output.Flush();
  return 0;
}

int OutputStream::ExitCode(const std::string& program, int exit_code, int exit_lost) {
  Output& output = buffer_.output;
  output.Flush();
  if (!output.lost_something()) return exit_code;
  Output errors(STDERR_FILENO, true);
  errors.Interrupt();  // its reader may be as slow
  errors.Write(program + ": can't write to standard output: " + std::strerror(output.error()) + "\n");
  return exit_code == 0 ? exit_lost : exit_code;
}

void PrepareStandardStreams() {
  std::signal(SIGPIPE, SIG_IGN);
  for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;
    close(fd);
    return;
  }
}

}  // namespace pipeline
