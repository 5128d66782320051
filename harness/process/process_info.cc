#include "harness/process/process_info.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "harness/process/supervisor.h"

namespace harness {
namespace {

std::optional<ProcessStat> ReadStat(const std::string& folder) {
  const int fd = open((folder + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  char line[1024];
  const ssize_t size = read(fd, line, sizeof(line));
  close(fd);
  if (size <= 0) return std::nullopt;
  return ParseProcessStat(std::string_view(line, static_cast<size_t>(size)));
}

// The entries of a folder whose names are numbers.
std::vector<int64_t> Numbers(const std::string& folder) {
  std::vector<int64_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(folder.c_str()), &closedir);
  if (!entries) return numbers;
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view line) {
  const size_t name_end = line.rfind(") ");
  if (name_end == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(name_end + 2);
  if (rest.size() < 3 || rest[1] != ' ') return std::nullopt;
  ProcessStat stat{rest[0], 0};
  const auto [end, error] = std::from_chars(rest.data() + 2, rest.data() + rest.size(), stat.parent);
  if (error != std::errc()) return std::nullopt;
  return stat;
}

std::vector<int64_t> ChildrenOf(int64_t pid) {
  std::vector<int64_t> children;
  for (const int64_t candidate : Numbers("/proc")) {
    const auto stat = ReadStat("/proc/" + std::to_string(candidate));
    if (stat && stat->parent == pid) children.push_back(candidate);
  }
  return children;
}

bool AllThreadsStopped(int64_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/task";
  bool some = false;
  for (const int64_t thread : Numbers(folder)) {
    const auto stat = ReadStat(folder + "/" + std::to_string(thread));
    if (!stat) continue;  // a thread that ended meanwhile
    if (stat->state != 'T') return false;
    some = true;
  }
  return some;
}

int64_t ResidentBytes(int64_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");  // proc(5): size, resident, ..., in pages
  int64_t size_pages = 0, resident_pages = 0;
  if (!(statm >> size_pages >> resident_pages)) return 0;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

std::optional<char> ProcessState(int64_t pid) {
  const auto stat = ReadStat("/proc/" + std::to_string(pid));
  if (!stat) return std::nullopt;
  return stat->state;
}

std::string DescribeExit(const ProcessExit& exit) {
  if (WIFEXITED(exit.status)) return "exit " + std::to_string(WEXITSTATUS(exit.status));
  if (!WIFSIGNALED(exit.status)) return "status " + std::to_string(exit.status);
  const int number = WTERMSIG(exit.status);
  const char* name = sigdescr_np(number);
  return "signal " + std::to_string(number) + (name != nullptr ? std::string(" (") + name + ")" : "");
}

}  // namespace harness
