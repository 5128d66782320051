#include "server/ops/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

namespace pipeline {
namespace {

// Of /proc/self/stat (proc(5)), counted from 1; the second, the name, may hold spaces and is skipped with the first.
constexpr int kUserTicks = 14;
constexpr int kSystemTicks = 15;
constexpr int kStartTicks = 22;
constexpr int kVirtualBytes = 23;
constexpr int kResidentPages = 24;

struct Stat {
  double cpu_s = 0;
  double started_s = 0;  // since the epoch
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

// Of /proc/stat's line "btime SECONDS".
double BootedSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

bool ReadStat(Stat* stat) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line) || line.rfind(')') == std::string::npos) return false;
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  const auto tick_s = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::string word;
  for (int field = 3; field <= kResidentPages && rest >> word; ++field) {
    const double value = field == 3 ? 0 : std::stod(word);  // the third is a letter
    if (field == kUserTicks || field == kSystemTicks) stat->cpu_s += value * tick_s;
    if (field == kStartTicks) stat->started_s = BootedSeconds() + value * tick_s;
    if (field == kVirtualBytes) stat->virtual_bytes = value;
    if (field == kResidentPages) stat->resident_bytes = value * static_cast<double>(sysconf(_SC_PAGESIZE));
  }
  return true;
}

}  // namespace

void AddProcessMetrics(MetricFamilies* families) {
  Stat stat;
  if (ReadStat(&stat)) {
    families->Counter("process_cpu_seconds_total", "CPU time that the process has used, user and system, in seconds.",
                      stat.cpu_s);
    families->Gauge("process_start_time_seconds", "When the process started, in seconds since the epoch.",
                    stat.started_s);
    families->Gauge("process_resident_memory_bytes", "Memory of the process that is in RAM, in bytes.",
                    stat.resident_bytes);
    families->Gauge("process_virtual_memory_bytes", "Address space of the process, in bytes.", stat.virtual_bytes);
  }
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (!error) {
    families->Gauge("process_open_fds", "Open file descriptors, connections among them.",
                    static_cast<double>(std::distance(begin(descriptors), end(descriptors))));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families->Gauge("process_max_fds", "File descriptors that the process may have open.",
                    static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace pipeline
