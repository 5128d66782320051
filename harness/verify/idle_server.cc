#include "harness/verify/idle_server.h"

#include <fmt/format.h>

#include <algorithm>

namespace harness {
namespace {

// When records of clients that have no other server came, in order.
std::vector<int64_t> DeliveryTimes(const History& history, const std::string& server, bool only_server) {
  std::vector<int64_t> times;
  for (const Client& client : history.clients) {
    const bool its_own = only_server || client.servers == std::vector<std::string>{server};
    if (!its_own || !client.observed) continue;
    for (const Delivery& delivery : client.deliveries) times.push_back(delivery.time_ns);
  }
  std::sort(times.begin(), times.end());
  return times;
}

// Whether a record came into the topic in it, early enough to be taken.
bool HadWork(const History& history, const IdleSpan& span) {
  return std::any_of(history.partitions.begin(), history.partitions.end(), [&](const PartitionLog& log) {
    return std::any_of(log.records.begin(), log.records.end(), [&](const LogRecord& record) {
      return record.valid && record.seen_ns < span.begin_ns + kIdleMinNs &&
             record.seen_ns < span.end_ns - kIdleMinNs / 2;
    });
  });
}

}  // namespace

std::vector<IdleSpan> FindIdleServers(const Evidence& evidence) {
  const History& history = evidence.history;
  std::vector<IdleSpan> found;
  for (const ServerPlan& plan : evidence.scenario.servers) {
    if (plan.command.empty()) continue;
    const auto times = DeliveryTimes(history, plan.name, evidence.scenario.servers.size() == 1);
    for (const ProcessSpan& span : history.processes) {
      if (BaseName(span.name) != plan.name || span.ready_ns == 0) continue;
      const int64_t end_ns = span.ended_ns != 0 ? span.ended_ns : history.drain_end_ns;
      IdleSpan longest{plan.name, 0, 0};
      int64_t from_ns = std::max(span.ready_ns, history.load_begin_ns);
      const auto look = [&](int64_t until_ns) {
        const IdleSpan idle{plan.name, from_ns, std::min(until_ns, end_ns)};
        const bool longer = idle.end_ns - idle.begin_ns > longest.end_ns - longest.begin_ns;
        if (longer && HadWork(history, idle)) longest = idle;
        from_ns = std::max(from_ns, until_ns);
      };
      for (const int64_t time_ns : times) {
        if (time_ns >= from_ns && time_ns < end_ns && time_ns - from_ns > kIdleMinNs) look(time_ns);
        if (time_ns >= from_ns) from_ns = std::max(from_ns, time_ns);
      }
      if (end_ns - from_ns > kIdleMinNs) look(end_ns);
      if (longest.end_ns - longest.begin_ns > kIdleMinNs) found.push_back(longest);
    }
  }
  return found;
}

std::string IdleText(const Evidence& evidence, const IdleSpan& idle) {
  return fmt::format(
      "{} took no record from {} on until {}, though it was ready; if it reads with a consumer group: a group needs "
      "some "
      "seconds for its first assignment, and after a kill its session time-out, which is usually 45 s",
      idle.server, MomentText(evidence.history, idle.begin_ns).substr(3),
      MomentText(evidence.history, idle.end_ns).substr(3));
}

}  // namespace harness
