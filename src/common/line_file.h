// Files of self-checking JSON lines: the client's event log, the producer's acknowledgement log and the server's
// journal are written with it, and the harness checks with it what it tails. docs/formats.md describes the bytes.
//
// A sealed line is one JSON object whose last member is "crc": the CRC-32C, in 8 hex digits, of every byte of the line
// before `,"crc"`. Foreign programs may leave it out (an unsealed line); a line without its newline is torn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pipeline {

enum class LineState : uint8_t {
  kSealed,    // ends in "crc", which is right
  kUnsealed,  // carries no "crc": a foreign program's; only its JSON syntax can be checked
  kBroken,    // carries a "crc" that is wrong, or does not look like an object
};

// Turns `{...}` into a sealed line, newline included. The object must not be empty and must be one line of text.
std::string SealLine(std::string_view json_object);
LineState CheckLine(std::string_view line_without_newline);

// An append-only file. Each Append is one write(2): when it has returned, the line survives the death of the process
// (it is in the page cache; there is no fsync). Not thread-safe. Errors throw std::system_error that names the path.
class LineFile {
 public:
  LineFile() = default;
  ~LineFile();
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&& other) noexcept;
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  // Opens for appending, creates when absent: for its owner alone, whatever the umask allows. The last byte of an
  // existing file must be a newline (see CutTornTail).
  static LineFile OpenForAppend(const std::string& path);
  bool is_open() const { return fd_ >= 0; }
  // Seals `json_object` and appends it.
  void Append(std::string_view json_object);
  // Appends ready-made sealed lines (one or several, each with its newline) in one write.
  void AppendSealed(std::string_view lines);
  void Close();

 private:
  int fd_ = -1;
  std::string path_;
};

// Truncates `path` after its last whole line that is not broken and returns the number of bytes cut off; 0 when the
// file is whole or absent. A broken line that is not in the tail (whole sealed lines follow it) throws
// std::runtime_error: that is damage, not a torn write.
int64_t CutTornTail(const std::string& path);

}  // namespace pipeline
