#include "harness/verify/two_programs.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "harness/verify/client_view.h"

namespace harness {
namespace {

// Whether `shows` is true of a client of another program than `view`'s.
template <typename Shows>
bool AnotherProgram(const Evidence& evidence, const ClientView& view, Shows&& shows) {
  const std::string& mine = view.client().program;
  if (mine.empty()) return false;
  for (size_t i = 0; i < evidence.history.clients.size(); ++i) {
    const Client& client = evidence.history.clients[i];
    if (!client.observed || client.program.empty() || client.program == mine) continue;
    if (shows(evidence.clients.view(i))) return true;
  }
  return false;
}

bool IsSamePlace(const Delivery& a, const Delivery& b) {
  if (a.offset >= 0 || b.offset >= 0) return a.offset == b.offset && a.partition == b.partition;
  return a.rec.has_value() || b.rec.has_value() ? a.rec == b.rec : a.id_hash == b.id_hash;
}

bool IsSame(const Delivery& a, const Delivery& b) {
  if (a.kind == DeliveryKind::kDropped || b.kind == DeliveryKind::kDropped || !IsSamePlace(a, b)) return false;
  const bool same_checksum = a.crc32c == b.crc32c || a.crc32c == 0 || b.crc32c == 0;
  const bool same_time =
      a.processed_at_s == b.processed_at_s || a.processed_at_s == kNotTold || b.processed_at_s == kNotTold;
  return a.content_hash == b.content_hash && a.rec == b.rec && same_checksum && same_time;
}

bool CameBeforeItsStart(const ClientView& view, size_t delivery) {
  const Delivery& seen = view.client().deliveries[delivery];
  const auto& connections = view.client().connections;
  if (seen.offset < 0 || seen.connection >= connections.size() || !connections[seen.connection].has_start) return false;
  return StartOf(connections[seen.connection], seen.partition).after >= seen.offset;
}

}  // namespace

bool AllMiss(const Evidence& evidence, LogPlace place) {
  const LogIndex& log = evidence.log;
  const LogRecord& record = log.record(place);
  const int32_t partition = log.partition(place);
  std::set<std::string_view> programs;
  for (size_t i = 0; i < evidence.history.clients.size(); ++i) {
    const Client& client = evidence.history.clients[i];
    if (!client.observed || !client.filter.Matches(record.provider, record.status)) continue;
    const ClientView& view = evidence.clients.view(i);
    if (view.received(place)) return false;
    const auto& missing = evidence.clients.missing(i);
    if (!std::binary_search(missing.begin(), missing.end(), place)) continue;
    bool passed = false;
    for (size_t d = 0; d < client.deliveries.size() && !passed; ++d) {
      const LogPlace at = view.place(d);
      passed = at != kNoPlace && at > place && log.partition(at) == partition && view.place_is_certain(d);
    }
    if (passed && !client.program.empty()) programs.insert(client.program);
  }
  return programs.size() >= 2;
}

bool SameElsewhere(const Evidence& evidence, const ClientView& view, size_t delivery) {
  const Delivery& mine = view.client().deliveries[delivery];
  return AnotherProgram(evidence, view, [&](const ClientView& other) {
    const auto& theirs = other.client().deliveries;
    return std::any_of(theirs.begin(), theirs.end(), [&](const Delivery& seen) { return IsSame(seen, mine); });
  });
}

bool UnwantedElsewhere(const Evidence& evidence, const ClientView& view, size_t delivery) {
  const Delivery& mine = view.client().deliveries[delivery];
  return AnotherProgram(evidence, view, [&](const ClientView& other) {
    const auto& theirs = other.client().deliveries;
    for (size_t i = 0; i < theirs.size(); ++i) {
      if (!IsSame(theirs[i], mine)) continue;
      if (other.place(i) == kNoPlace) return true;
      const LogRecord& record = evidence.log.record(other.place(i));
      if (!record.valid || !other.client().filter.Matches(record.provider, record.status)) return true;
    }
    return false;
  });
}

bool TwiceElsewhere(const Evidence& evidence, const ClientView& view, size_t delivery) {
  const Delivery& mine = view.client().deliveries[delivery];
  const LogPlace place = view.place(delivery);
  return AnotherProgram(evidence, view, [&](const ClientView& other) {
    const auto& theirs = other.client().deliveries;
    std::map<uint32_t, int> times;  // by connection
    for (size_t i = 0; i < theirs.size(); ++i) {
      const bool same = place == kNoPlace ? IsSamePlace(theirs[i], mine) : other.place(i) == place;
      if (same && ++times[theirs[i].connection] > 1) return true;
    }
    return false;
  });
}

bool BeforeStartElsewhere(const Evidence& evidence, const ClientView& view, size_t delivery) {
  const Delivery& mine = view.client().deliveries[delivery];
  return CameBeforeItsStart(view, delivery) && AnotherProgram(evidence, view, [&](const ClientView& other) {
           const auto& theirs = other.client().deliveries;
           for (size_t i = 0; i < theirs.size(); ++i) {
             if (IsSamePlace(theirs[i], mine) && CameBeforeItsStart(other, i)) return true;
           }
           return false;
         });
}

bool BehindElsewhere(const Evidence& evidence, const ClientView& view, LogPlace place) {
  const int32_t partition = evidence.log.partition(place);
  return AnotherProgram(evidence, view, [&](const ClientView& other) {
    bool later = false;
    for (size_t i = 0; i < other.client().deliveries.size(); ++i) {
      const LogPlace at = other.place(i);
      if (at == kNoPlace || evidence.log.partition(at) != partition) continue;
      if (at == place) return later;
      later = later || at > place;
    }
    return false;
  });
}

}  // namespace harness
