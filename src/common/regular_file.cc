#include "common/regular_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace pipeline {

std::string_view FileKind(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

RegularFile::~RegularFile() {
  if (fd >= 0) close(fd);
}

RegularFile::RegularFile(RegularFile&& other) noexcept
    : fd(std::exchange(other.fd, -1)), error(other.error), kind(other.kind) {}

RegularFile& RegularFile::operator=(RegularFile&& other) noexcept {
  std::swap(fd, other.fd);
  error = other.error;
  kind = other.kind;
  return *this;
}

int RegularFile::Release() { return std::exchange(fd, -1); }

std::string RegularFile::Reason() const {
  if (!kind.empty()) return "is " + std::string(kind) + "; allowed: a regular file";
  return std::generic_category().message(error);
}

RegularFile OpenRegularFile(const std::string& path, int flags, mode_t mode) {
  RegularFile file;
  struct stat status {};
  // Looked at before it is opened, for opening some devices does something; and after, for another may stand there now.
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    file.kind = FileKind(status.st_mode);
    return file;
  }
  file.fd = open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
  if (file.fd < 0 || fstat(file.fd, &status) != 0) {
    file.error = errno;
  } else if (!S_ISREG(status.st_mode)) {
    file.kind = FileKind(status.st_mode);
  }
  if (file.error != 0 || !file.kind.empty()) {
    if (file.fd >= 0) close(file.Release());
  }
  return file;
}

}  // namespace pipeline
