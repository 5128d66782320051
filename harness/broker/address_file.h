// The file that tells other programs where the stand-alone broker is: one line, its bootstrap address. Written whole or
// not at all, locked (flock) for as long as its owner lives, so that a file whose owner was killed is known to be stale
// whatever took over its pid. Called by `harness broker`; not thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace harness {

class AddressFile {
 public:
  // Puts `address` into `path` (mode 0644), with the folders above it. A stale file is replaced. Throws
  // std::runtime_error, in one line for people: a running broker owns it, it holds something that is no address, it
  // can't be written.
  AddressFile(std::string path, const std::string& address);
  // Removes the file, unless it is not this one's any more.
  ~AddressFile();
  AddressFile(const AddressFile&) = delete;
  AddressFile& operator=(const AddressFile&) = delete;

 private:
  std::string path_;
  int fd_ = -1;
};

// Whether a file's text can be what an AddressFile once wrote ("127.0.0.1:40001,127.0.0.1:40002\n"), or is empty. Pure.
bool LooksLikeAddressFile(std::string_view text);

}  // namespace harness
