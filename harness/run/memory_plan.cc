#include "harness/run/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace harness {
namespace {

constexpr double kEventBytes = 64;     // held to by tests/memory
constexpr double kEventsOfRecord = 3;  // send, acknowledgement, log; and a delivery of each client
constexpr double kBytesMax = 1e18;

}  // namespace

double RecordsPlanned(const Scenario& scenario) {
  double records = 0;
  for (const PhasePlan& phase : scenario.phases) records += RecordsPlanned(phase);
  return records;
}

int64_t HistoryBytesNeeded(const Scenario& scenario) {
  double deliveries = 0;
  for (const ClientPlan& client : scenario.clients) deliveries += client.count;
  double events = kEventsOfRecord + deliveries;
  for (const ServerPlan& server : scenario.servers) {
    if (server.journal) events += 1 + deliveries;  // read once, and written to every client at most
  }
  return static_cast<int64_t>(std::min(kBytesMax, RecordsPlanned(scenario) * events * kEventBytes));
}

std::string MemoryRefusal(const Scenario& scenario, int64_t available_bytes) {
  const int64_t needed_bytes = HistoryBytesNeeded(scenario);
  if (needed_bytes <= available_bytes) return {};
  return fmt::format(
      "what is seen of {:.0f} records may need {} MiB of memory until it is judged, and this machine has {} MiB "
      "available; offer fewer records, or have fewer clients",
      RecordsPlanned(scenario), (needed_bytes >> 20) + 1, available_bytes >> 20);
}

int64_t AvailableMemoryBytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    int64_t kib = 0;
    if (word == "MemAvailable:" && file >> kib) return kib * 1024;
  }
  return INT64_MAX;
}

}  // namespace harness
