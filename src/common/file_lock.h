// Takes a file that is written line by line for one process alone: two writers would each go on from what the other
// wrote. Used by the client's event log, the producer's acknowledgement log and the server's journal.
#pragma once

#include <string>

namespace pipeline {

class FileLock {
 public:
  FileLock() = default;
  // Creates the file when it is absent, for its owner alone: these files hold e-mail addresses. `name`: what messages
  // call it. `device_too`: a character device is taken as it is, unlocked. Throws std::system_error when it can't be
  // opened, std::runtime_error when it is no regular file or in use by another process.
  FileLock(const std::string& path, const std::string& name, bool device_too = false);
  ~FileLock();  // the lock also goes with the process
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

  bool is_regular() const { return regular_; }

 private:
  int fd_ = -1;
  bool regular_ = false;
};

}  // namespace pipeline
