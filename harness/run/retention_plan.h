// What the mock cluster can hold, held against what a scenario plans: librdkafka's mock keeps at most 5 MiB a partition
// and drops the oldest in silence, so a run whose unread data may grow above that would lose records in the broker.
// Called by the runner before anything starts. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "harness/plan/scenario.h"

namespace harness {

// Unread stored bytes in one partition at the worst moment of the plan.
struct RetentionNeed {
  double bytes = 0;
  std::string because;  // "phase burst-1: 100000 records as fast as they go"
};
// As stored_bytes.h measures them.
using StoredBytes = std::function<double(int records_per_batch)>;
// Every whole burst counts, and everything planned while a server is stopped, or not started yet, and
// kServerStartMarginNs longer; in the partition that the producers' keys fill most.
RetentionNeed PredictUnread(const Scenario& scenario, const StoredBytes& stored_bytes);

inline constexpr double kMockUnreadBytesMax = 4.0 * 1024 * 1024;
inline constexpr int64_t kServerStartMarginNs = 3'000'000'000;

// Empty when it fits; otherwise what does not, and what would.
std::string RetentionRefusal(const Scenario& scenario);

}  // namespace harness
