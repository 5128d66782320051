#include "harness/cli/read_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/regular_file.h"
#include "harness/verify/exit_codes.h"

namespace harness {

std::variant<std::string, CommandProblem> ReadFile(const std::string& path, size_t bytes_max) {
  const pipeline::RegularFile file = pipeline::OpenRegularFile(path);
  if (!file.is_open()) return CommandProblem{kExitEnvironment, path + " can't be read: " + file.Reason()};
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = read(file.fd, buffer, sizeof(buffer));
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CommandProblem{kExitEnvironment, path + " can't be read: " + std::strerror(errno)};
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > bytes_max) {
      return CommandProblem{kExitEnvironment, path + " is greater than " + std::to_string(bytes_max >> 20) + " MiB"};
    }
  }
}

}  // namespace harness
