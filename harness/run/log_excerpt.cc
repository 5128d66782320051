#include "harness/run/log_excerpt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kLinesTold = 5;
constexpr size_t kLineColumns = 200;
constexpr off_t kBytesRead = 8'192;

// Its last kBytesRead; empty where there are none.
std::string End(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  std::string text;
  struct stat status {};
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    text.resize(static_cast<size_t>(std::min(status.st_size, kBytesRead)));
    const ssize_t bytes = pread(fd, text.data(), text.size(), status.st_size - static_cast<off_t>(text.size()));
    text.resize(static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
  }
  close(fd);
  return text;
}

}  // namespace

std::string LogExcerpt(const std::string& path) {
  const std::string text = End(path);
  std::vector<std::string_view> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t newline = rest.find('\n');
    const std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back(line);
  }
  if (lines.empty()) return "\n  " + path + " is empty";
  std::string excerpt = "\n  " + path + ", its last lines:";
  for (size_t i = lines.size() - std::min(lines.size(), kLinesTold); i < lines.size(); ++i) {
    excerpt += "\n    | " + Clipped(Printable(lines[i]), kLineColumns);
  }
  return excerpt;
}

}  // namespace harness
