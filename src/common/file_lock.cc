#include "common/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/regular_file.h"

namespace pipeline {

FileLock::FileLock(const std::string& path, const std::string& name, bool device_too) {
  FileLock lock;
  lock.fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct stat status {};
  if (lock.fd_ < 0 || fstat(lock.fd_, &status) != 0) throw std::system_error(errno, std::generic_category(), name);
  lock.regular_ = S_ISREG(status.st_mode);
  if (!lock.regular_ && !(device_too && S_ISCHR(status.st_mode))) {
    throw std::runtime_error(name + ": is " + std::string(FileKind(status.st_mode)) + "; allowed: a regular file");
  }
  if (lock.regular_ && flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) throw std::runtime_error(name + ": in use by another process");
    throw std::system_error(errno, std::generic_category(), name);
  }
  *this = std::move(lock);
}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)), regular_(other.regular_) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(regular_, other.regular_);
  return *this;
}

}  // namespace pipeline
