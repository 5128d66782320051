#include "server/calls/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>

namespace pipeline {
namespace {

int64_t Reserved(int64_t descriptors) { return std::clamp(descriptors / 4, kReservedMin, kReservedMax); }

std::string Refusal(const std::string& what, int64_t wanted, int64_t descriptors) {
  const int64_t reserved = Reserved(descriptors);
  return fmt::format(
      "found a limit of {} open files (ulimit -Hn), {} of them for Kafka, metrics and files; {} needs {} for "
      "connections. Raise the limit (LimitNOFILE= of systemd, --ulimit nofile= of docker, /etc/security/limits.conf) "
      "or ask for less",
      descriptors, reserved, what, wanted);
}

}  // namespace

int64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<int64_t>(std::min<rlim_t>(limit.rlim_cur, INT32_MAX));
}

DescriptorPlan PlanDescriptors(const DescriptorNeeds& needs, int64_t descriptors) {
  DescriptorPlan plan{needs, "", ""};
  DescriptorNeeds& limits = plan.limits;
  const int64_t room = descriptors - Reserved(descriptors);
  const auto refuse = [&](const std::string& what, int64_t wanted) {
    plan.error = Refusal(what, wanted, descriptors);
    return plan;
  };
  if (room < kConnectionsMin) return refuse("a server", kConnectionsMin);
  if (limits.connections_max > room) {
    return refuse(fmt::format("--max-connections {}", limits.connections_max), limits.connections_max);
  }
  if (limits.connections_max == 0) {
    if (limits.calls_max > room && limits.calls_max_given) {
      return refuse(fmt::format("--max-calls {}", limits.calls_max), limits.calls_max);
    }
    limits.connections_max = std::min(room, limits.calls_max + kIdleConnections);
    if (limits.calls_max > room) {
      plan.lowered =
          fmt::format("a limit of {} open files: --max-calls is {} instead of {}", descriptors, room, limits.calls_max);
      limits.calls_max = room;
      // As by default, no host may take all that there are.
      if (!limits.calls_per_peer_max_given) {
        limits.calls_per_peer_max = std::min(limits.calls_per_peer_max, room / 2);
      }
    }
  }
  if (limits.connections_per_peer_max == 0) {
    limits.connections_per_peer_max =
        std::min(limits.connections_max, limits.calls_per_peer_max + kIdleConnectionsPerPeer);
  }
  return plan;
}

}  // namespace pipeline
