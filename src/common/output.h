// Standard output, or another descriptor, as every program writes it: buffered, without ever hanging in a write that
// nobody reads once the program is to stop, and with its first error kept. Used by one thread at a time; Interrupt()
// may be called from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <ostream>
#include <streambuf>
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
  // Forgets the error: what is written from now on is tried anew. By who writes.
  void Retry() { error_ = 0; }
  // A reader that has gone (a closed pipe, a terminal that hung up, one that did not read when it was time to stop) has
  // had all that it wanted. Any other error has lost something.
  bool lost_something() const;
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
  const bool terminal_;
  int interrupt_fd_ = -1;
  std::atomic<bool> interrupted_ = false;
  int64_t give_up_ns_ = 0;
  int error_ = 0;
  std::string buffer_;
};

// An Output as a stream: what is written waits until it is flushed or much.
class OutputStream : public std::ostream {
 public:
  explicit OutputStream(int fd) : std::ostream(nullptr), buffer_(fd) { rdbuf(&buffer_); }

  void Interrupt() { buffer_.output.Interrupt(); }
  // Flushes. `exit_code`, or where that is 0 and something could not be written, `exit_lost`, with a sentence of
  // `program` on standard error.
  int ExitCode(const std::string& program, int exit_code, int exit_lost);

 private:
  // Never fails: whoever writes goes on, and the end tells.
  class Buffer : public std::streambuf {
   public:
    explicit Buffer(int fd) : output(fd, false) {}
    Output output;

   private:
    int overflow(int c) override;
    std::streamsize xsputn(const char* text, std::streamsize size) override;
    int sync() override;
  };
  Buffer buffer_;
};

// What every main() does first: descriptors 0, 1 and 2 that are closed become /dev/null, or they would be given to a
// socket or a file, and then written to; a closed pipe is an error of write(), not the end of the program.
void PrepareStandardStreams();

}  // namespace pipeline
