#include "harness/process/process_info.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
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
  ProcessStat stat{rest[0], 0, 0};
  const char* const line_end = rest.data() + rest.size();
  const auto parent = std::from_chars(rest.data() + 2, line_end, stat.parent);
  if (parent.ec != std::errc() || parent.ptr == line_end || *parent.ptr != ' ') return std::nullopt;
  const auto group = std::from_chars(parent.ptr + 1, line_end, stat.group);
  if (group.ec != std::errc()) return std::nullopt;
  return stat;
}

std::optional<ProcessRow> ProcessOf(int64_t pid) {
  const auto stat = ReadStat("/proc/" + std::to_string(pid));
  if (!stat) return std::nullopt;
  ProcessRow row;
  static_cast<ProcessStat&>(row) = *stat;
  row.pid = pid;
  return row;
}

std::vector<ProcessRow> AllProcesses() {
  std::vector<ProcessRow> all;
  for (const int64_t pid : Numbers("/proc")) {
    if (const auto row = ProcessOf(pid)) all.push_back(*row);
  }
  return all;
}

std::vector<ProcessRow> WithDescendants(const std::vector<ProcessRow>& all, const std::set<int64_t>& roots,
                                        const std::set<int64_t>& others) {
  std::set<int64_t> found = roots;
  // Children may be listed before their parents: until nothing is added any more.
  for (size_t before = 0; before != found.size();) {
    before = found.size();
    for (const ProcessRow& row : all) {
      if (found.contains(row.parent) && !others.contains(row.pid)) found.insert(row.pid);
    }
  }
  std::vector<ProcessRow> rows;
  std::copy_if(all.begin(), all.end(), std::back_inserter(rows),
               [&](const ProcessRow& row) { return found.contains(row.pid) && !row.ended(); });
  return rows;
}

std::optional<std::string> StartVariable(int64_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
  for (std::string entry; std::getline(file, entry, '\0');) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) {
      return entry.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

bool SignalOne(const ProcessRow& process, int signal) {
  const auto pid = static_cast<pid_t>(process.pid);
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  // What has the number now: the same process, or one that was given it since. An orphan's parent is another by now.
  const auto now = ProcessOf(process.pid);
  const bool same = now && !now->ended() && (now->parent == process.parent || now->group == process.group);
  int result = -1;
  if (same) {
    result = fd >= 0 ? static_cast<int>(syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0)) : kill(pid, signal);
  }
  if (fd >= 0) close(fd);
  return result == 0;
}

bool HasPending(int64_t pid, int signal) {
  if (const auto row = ProcessOf(pid); !row || row->ended()) return false;
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  uint64_t pending = 0, blocked = 0;
  for (std::string line; std::getline(status, line);) {
    const auto mask = [&](std::string_view name) -> uint64_t {
      if (!line.starts_with(name)) return 0;
      return std::strtoull(line.c_str() + name.size(), nullptr, 16);  // strtoull skips the tab
    };
    pending |= mask("SigPnd:") | mask("ShdPnd:");
    blocked |= mask("SigBlk:");
  }
  // A fatal signal reaches the threads as SIGKILL (signal(7), complete_signal in the kernel).
  const uint64_t wanted = uint64_t{1} << (signal - 1) | uint64_t{1} << (SIGKILL - 1);
  return (pending & ~blocked & wanted) != 0;
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
