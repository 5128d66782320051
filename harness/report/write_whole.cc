#include "harness/report/write_whole.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

namespace harness {
namespace {

// Opens `path` with `flags`, writes all of `text` and closes it. 0, or what kept it from that.
int WriteAll(const std::string& path, int flags, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
  if (fd < 0) return errno;
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      close(fd);
      return error;
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  return close(fd) == 0 ? 0 : errno;
}

[[noreturn]] void Fail(const std::string& path, int error) {
  throw std::system_error(error, std::generic_category(), "can't write " + path);
}

}  // namespace

void WriteWhole(const std::string& path, std::string_view text) {
  const std::string partial = path + ".partial";
  int error = WriteAll(partial, O_TRUNC, text);
  if (error == 0 && rename(partial.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return;
  unlink(partial.c_str());
  Fail(path, error);
}

void AppendToFile(const std::string& path, std::string_view text) {
  if (const int error = WriteAll(path, O_APPEND, text); error != 0) Fail(path, error);
}

}  // namespace harness
