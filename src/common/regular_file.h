// Opens files that the user names without being held up by what may stand there instead: a FIFO waits for its other
// end, a device may do anything. Called by whoever opens such a path, from any thread.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string>
#include <string_view>

namespace pipeline {

// "a FIFO", "a folder", "a device", "a socket", "a regular file", of st_mode.
std::string_view FileKind(mode_t mode);

// An open file, or why it is none. Owns `fd`.
struct RegularFile {
  RegularFile() = default;
  ~RegularFile();
  RegularFile(RegularFile&& other) noexcept;
  RegularFile& operator=(RegularFile&& other) noexcept;

  bool is_open() const { return fd >= 0; }
  int Release();
  // "No such file or directory", "is a FIFO; allowed: a regular file"
  std::string Reason() const;

  int fd = -1;
  int error = 0;          // errno; 0 also when `kind` is the reason
  std::string_view kind;  // what stands there in place of a regular file; empty: a regular file, or not known
};

// open(2) of a regular file, or a symlink to one, that never waits; `flags` as there, O_CLOEXEC added. Anything else at
// `path` is not opened.
RegularFile OpenRegularFile(const std::string& path, int flags = O_RDONLY, mode_t mode = 0644);

}  // namespace pipeline
