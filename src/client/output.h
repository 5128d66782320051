// Standard output, or another descriptor, as payment-client writes it: buffered, without ever hanging in a write that
// nobody reads once the program is to stop. Used by one thread; Interrupt() may be called from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace pipeline {

class Output {
 public:
  // `flush_each`: every Write goes out at once (a terminal); otherwise when kBufferBytesMax are held or at Flush().
  Output(int fd, bool flush_each);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Write(std::string_view text);
  void Flush();
  // 0, or the errno of the first write that failed; then everything else is thrown away. EPIPE: nobody reads any more.
  // ETIMEDOUT: interrupted, and nobody read for kGraceNs.
  int error() const { return error_; }
  // From now on a write waits kGraceNs at most for its reader.
  void Interrupt();

  static constexpr size_t kBufferBytesMax = size_t{64} * 1024;
  static constexpr int64_t kGraceNs = 1'000'000'000;

 private:
  // False: it can't be written to any more.
  bool WaitWritable();

  const int fd_;
  const bool flush_each_;
  const bool regular_;
  int interrupt_fd_ = -1;
  std::atomic<bool> interrupted_ = false;
  int64_t give_up_ns_ = 0;
  int error_ = 0;
  std::string buffer_;
};

}  // namespace pipeline
