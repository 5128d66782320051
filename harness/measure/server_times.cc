#include "harness/measure/server_times.h"

#include <algorithm>
#include <optional>

namespace harness {
namespace {

int64_t Before(int64_t known, int64_t found) { return found == 0 ? known : std::min(known, found); }

}  // namespace

ServerTimes::ServerTimes(const History& history, const LogIndex& log, const ServerEvidence& servers)
    : servers_(servers) {
  for (size_t s = 0; s < history.servers.size(); ++s) {
    for (const ServerEvent& event : history.servers[s].events) {
      const LogPlace place = log.Find(event.partition, event.offset);
      if (place == kNoPlace) continue;
      auto& times = event.kind == ServerEventKind::kRead ? reads_ : writes_;
      times[{s, event.owner}].emplace_back(place, event.time_ns);
    }
  }
  for (auto* all : {&reads_, &writes_}) {
    for (auto& [key, times] : *all) {
      std::sort(times.begin(), times.end());
      const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
      times.erase(std::unique(times.begin(), times.end(), same), times.end());
    }
  }
}

int64_t ServerTimes::TimeOf(const std::map<Key, Times>& all, Key key, LogPlace place) {
  const auto times = all.find(key);
  if (times == all.end()) return 0;
  const auto at = std::lower_bound(times->second.begin(), times->second.end(), std::pair(place, INT64_MIN));
  return at != times->second.end() && at->first == place ? at->second : 0;
}

ServerTimes::Hops ServerTimes::On(const Connection& connection, LogPlace place) const {
  const auto at = empty() ? std::nullopt : servers_.Behind(connection);
  if (!at) return {};
  return {TimeOf(reads_, {at->server, servers_.StreamOf(*at).life}, place),
          TimeOf(writes_, {at->server, at->stream}, place)};
}

ServerTimes::Hops ServerTimes::Furthest(const Client& client, LogPlace place) const {
  Hops first{kNeverNs, kNeverNs};
  for (const Connection& connection : client.connections) {
    const auto at = empty() ? std::nullopt : servers_.Behind(connection);
    if (!at || servers_.IsCut(*at)) return {};
    const Hops here = On(connection, place);
    first.read_ns = Before(first.read_ns, here.read_ns);
    first.written_ns = Before(first.written_ns, here.written_ns);
  }
  return client.connections.empty() ? Hops{} : first;
}

}  // namespace harness
