#include "harness/verify/recovery.h"

#include <algorithm>
#include <string_view>

#include "harness/verify/checker.h"

namespace harness {
namespace {

// Where nothing heals a fault, it lasts; a producer that was ended, though, breaks nothing for longer than a moment.
int64_t HealNs(const History& history, const FaultEvent& fault) {
  if (fault.healed_ns != 0) return fault.healed_ns;
  const bool producer = std::any_of(history.producers.begin(), history.producers.end(), [&](const Producer& candidate) {
    return BaseName(candidate.name) == fault.target;
  });
  return producer ? fault.struck_ns : INT64_MAX;
}

int64_t Plus(int64_t time_ns, int64_t more_ns) { return time_ns > INT64_MAX - more_ns ? INT64_MAX : time_ns + more_ns; }

}  // namespace

bool CanBreak(const History& history, const FaultEvent& fault, const Client& client) {
  if (fault.target == client.name) return true;
  const auto is_target = [&](const auto& named) { return BaseName(named.name) == fault.target; };
  if (std::any_of(history.clients.begin(), history.clients.end(), is_target)) return false;
  if (std::any_of(history.producers.begin(), history.producers.end(), is_target)) return false;
  const bool in_list = std::find(client.servers.begin(), client.servers.end(), fault.target) != client.servers.end();
  if (client.servers.empty() || in_list) return true;
  // Another client's server; or what is no process at all.
  return std::none_of(history.processes.begin(), history.processes.end(), is_target);
}

bool MustBreak(const History& history, size_t fault, const Client& client) {
  const FaultEvent& event = history.faults[fault];
  if (!CanBreak(history, event, client)) return false;
  if (client.left_ns != 0 && event.struck_ns >= client.left_ns) return false;
  if (event.struck_ns < client.joined_ns) return false;
  if (event.target == client.name) return true;
  const auto server = std::find_if(history.probed.begin(), history.probed.end(),
                                   [&](const ProbedServer& probed) { return probed.name == event.target; });
  std::vector<size_t> breaks;
  for (size_t i = client.connections.size(); i-- > 0;) {
    const Connection& connection = client.connections[i];
    const int64_t end_ns = ConnectionEndNs(history, client, i);
    if (connection.started_ns > event.struck_ns || (end_ns != 0 && end_ns < event.struck_ns)) continue;
    if (server != history.probed.end() && !connection.server.empty()) return connection.server == server->address;
    if (event.type == "process.pause" || client.servers.size() < 2) return true;
    if (breaks.empty()) breaks = FaultsOfBreaks(history, client);
    return breaks[i] == fault;
  }
  return true;  // no stream was open: it was away, and that counts
}

int64_t ConnectionEndNs(const History& history, const Client& client, size_t index) {
  const Connection& connection = client.connections[index];
  // What ends after the drain is the run's own end, and no break.
  const bool orderly = (history.drain_end_ns != 0 && connection.ended_ns >= history.drain_end_ns) ||
                       (client.left_ns != 0 && connection.ended_ns >= client.left_ns);
  if (connection.ended_ns != 0) return orderly ? 0 : connection.ended_ns;
  const bool last = index + 1 == client.connections.size();
  const int64_t next_ns = last ? INT64_MAX : client.connections[index + 1].started_ns;
  int64_t end_ns = next_ns;
  for (const ProcessSpan& span : history.processes) {
    if (BaseName(span.name) != client.name || span.ended_ns == 0 || span.ended_by_harness) continue;
    if (client.left_ns != 0 && span.ended_ns >= client.left_ns) continue;
    if (span.ended_ns >= connection.started_ns) end_ns = std::min(end_ns, span.ended_ns);
  }
  return end_ns == INT64_MAX ? 0 : end_ns;
}

std::vector<size_t> FaultsOfBreaks(const History& history, const Client& client) {
  std::vector<size_t> faults(client.connections.size(), kNoFault);
  std::vector<size_t> able;
  for (size_t i = 0; i < history.faults.size(); ++i) {
    if (HasStruck(history.faults[i]) && CanBreak(history, history.faults[i], client)) able.push_back(i);
  }
  std::sort(able.begin(), able.end(),
            [&](size_t a, size_t b) { return history.faults[a].struck_ns < history.faults[b].struck_ns; });
  for (size_t i = 0; i < faults.size(); ++i) {
    const int64_t end_ns = ConnectionEndNs(history, client, i);
    if (end_ns == 0) continue;
    for (auto fault = able.rbegin(); fault != able.rend() && faults[i] == kNoFault; ++fault) {
      const FaultEvent& event = history.faults[*fault];
      if (event.struck_ns <= end_ns && end_ns <= Plus(HealNs(history, event), kNoticeTime)) faults[i] = *fault;
    }
    const bool silent = client.connections[i].first_message_ns == 0;
    if (faults[i] == kNoFault && silent && i > 0) faults[i] = faults[i - 1];
  }
  return faults;
}

std::vector<Recovery> FindRecoveries(const History& history) {
  std::vector<Recovery> recoveries;
  for (size_t c = 0; c < history.clients.size(); ++c) {
    const Client& client = history.clients[c];
    if (!client.observed) continue;
    const std::vector<size_t> breaks = FaultsOfBreaks(history, client);
    for (size_t f = 0; f < history.faults.size(); ++f) {
      if (!HasStruck(history.faults[f])) continue;
      const int64_t struck_ns = history.faults[f].struck_ns;
      const bool there = struck_ns >= client.joined_ns && (client.left_ns == 0 || struck_ns < client.left_ns);
      if (!there || (client.starts_late && client.joined_ns == 0)) continue;
      Recovery recovery;
      recovery.fault = f;
      recovery.client = c;
      const auto broken = static_cast<size_t>(std::find(breaks.begin(), breaks.end(), f) - breaks.begin());
      if (broken < breaks.size()) {
        recovery.broke = true;
        recovery.detected_ns = ConnectionEndNs(history, client, broken);
        size_t next = broken + 1;
        while (next < breaks.size() && client.connections[next].first_message_ns == 0) ++next;
        if (next < breaks.size()) {
          recovery.reconnected_ns = client.connections[next].first_message_ns;
          recovery.reconnect_ns = recovery.reconnected_ns - recovery.detected_ns;
        }
        recovery.attempts = static_cast<int64_t>(next - broken - 1);
        const int64_t until_ns = recovery.reconnected_ns == 0 ? INT64_MAX : recovery.reconnected_ns;
        recovery.attempts += std::count_if(client.attempts.begin(), client.attempts.end(), [&](const auto& attempt) {
          return attempt.time_ns >= recovery.detected_ns && attempt.time_ns <= until_ns;
        });
      }
      recoveries.push_back(recovery);
    }
  }
  return recoveries;
}

int64_t RecoveryMomentNs(const History& history, const Recovery& recovery) {
  if (recovery.broke) return recovery.reconnected_ns;
  const int64_t heal_ns = HealNs(history, history.faults[recovery.fault]);
  return heal_ns == INT64_MAX ? 0 : heal_ns;
}

std::vector<Interval> FaultSpans(const History& history, const std::vector<Recovery>& recoveries, size_t client,
                                 size_t fault, int64_t after_ns) {
  std::vector<Interval> spans;
  for (const Recovery& recovery : recoveries) {
    if (client != kAnyClient && recovery.client != client) continue;
    if (fault != kNoFault && recovery.fault != fault) continue;
    const int64_t end_ns = recovery.recovered_ns == 0 ? INT64_MAX : recovery.recovered_ns + 1;  // its end belongs to it
    spans.push_back({history.faults[recovery.fault].struck_ns + after_ns, end_ns});
  }
  return United(std::move(spans));
}

}  // namespace harness
