#include "harness/verify/silence.h"

#include <algorithm>
#include <string>

namespace harness {
namespace {

int64_t EndOrForever(int64_t ended_ns) { return ended_ns == 0 ? INT64_MAX : ended_ns; }

bool IsServerOf(const Evidence& evidence, const Client& client, std::string_view name) {
  if (!client.servers.empty()) {
    return std::find(client.servers.begin(), client.servers.end(), BaseName(name)) != client.servers.end();
  }
  return RoleOf(evidence, name) == Role::kServer;
}

// Who sends once in this time offers load all the while.
constexpr int64_t kOfferedForNs = 2'000'000'000;

void Offer(int64_t time_ns, std::vector<Interval>* spans) {
  if (!spans->empty() && spans->back().begin_ns <= time_ns && time_ns <= spans->back().end_ns) {
    spans->back().end_ns = std::max(spans->back().end_ns, time_ns + kOfferedForNs);
  } else {
    spans->push_back({time_ns, time_ns + kOfferedForNs});
  }
}

// A server is ready from its readiness to its end; a paused one is not, whatever its process looks like.
std::vector<Interval> ReadySpans(const Evidence& evidence, const Client& client) {
  const History& history = evidence.history;
  std::vector<Interval> ready;
  for (const ProcessSpan& span : history.processes) {
    if (span.ready_ns == 0 || !IsServerOf(evidence, client, span.name)) continue;
    std::vector<Interval> paused;
    for (const FaultEvent& fault : history.faults) {
      if (fault.struck_ns == 0 || fault.target != BaseName(span.name)) continue;
      paused.push_back({fault.struck_ns, EndOrForever(fault.healed_ns)});
    }
    // A restarted server's new process is ready within its fault's span; only a pause is over with the heal alone.
    std::erase_if(paused, [&](const Interval& fault) { return span.started_ns >= fault.begin_ns; });
    const auto up = Difference({{span.ready_ns, EndOrForever(span.ended_ns)}}, United(std::move(paused)));
    ready.insert(ready.end(), up.begin(), up.end());
  }
  return United(std::move(ready));
}

// Embedded clients have no process, and run from when they join until they leave.
std::vector<Interval> RunningSpans(const History& history, const Client& client) {
  std::vector<Interval> running;
  for (const ProcessSpan& span : history.processes) {
    if (BaseName(span.name) == client.name) running.push_back({span.started_ns, EndOrForever(span.ended_ns)});
  }
  if (running.empty() && client.embedded) running.push_back({client.joined_ns, EndOrForever(client.left_ns)});
  if (running.empty()) running.push_back({INT64_MIN, INT64_MAX});
  return United(std::move(running));
}

// What faults forbid to count: those at the client itself, and those whose target is no process of the run (a broker, a
// network), which may touch anybody. Producers and other clients don't touch it; servers are looked at by readiness.
std::vector<Interval> TouchedSpans(const Evidence& evidence, const Client& client) {
  std::vector<Interval> touched;
  for (const FaultEvent& fault : evidence.history.faults) {
    if (fault.struck_ns == 0) continue;
    const Role role = RoleOf(evidence, fault.target);
    if (role == Role::kServer || role == Role::kProducer) continue;
    if (role == Role::kClient && fault.target != client.name) continue;
    touched.push_back({fault.struck_ns, EndOrForever(fault.healed_ns)});
  }
  return United(std::move(touched));
}

// Cuts `spans` where a fault at a server of the client's list strikes or heals: what was connected there begins anew.
std::vector<Interval> CutAtServerFaults(const Evidence& evidence, const Client& client,
                                        const std::vector<Interval>& spans) {
  std::vector<int64_t> cuts;
  for (const FaultEvent& fault : evidence.history.faults) {
    if (fault.struck_ns == 0 || !IsServerOf(evidence, client, fault.target)) continue;
    cuts.push_back(fault.struck_ns);
    if (fault.healed_ns != 0) cuts.push_back(fault.healed_ns);
  }
  std::sort(cuts.begin(), cuts.end());
  std::vector<Interval> cut;
  for (Interval span : spans) {
    for (auto at = std::upper_bound(cuts.begin(), cuts.end(), span.begin_ns); at != cuts.end() && *at < span.end_ns;
         ++at) {
      cut.push_back({span.begin_ns, *at});
      span.begin_ns = *at;
    }
    cut.push_back(span);
  }
  return cut;
}

// The first record after `time_ns` that matches the client's filter and that it had not got by then (the audit may see
// a record later than the client); kNoPlace when there is none.
LogPlace FirstUnheardAfter(const Evidence& evidence, const ClientView& view, int64_t time_ns) {
  const Client& client = view.client();
  const auto waits = [&](const LogRecord& record, LogPlace place) {
    if (!record.valid || !client.filter.Matches(record.provider, record.status)) return false;
    return !view.received(place) || client.deliveries[view.first_delivery(place)].time_ns > time_ns;
  };
  LogPlace first = kNoPlace;
  for (int32_t p = 0; p < evidence.log.partitions(); ++p) {
    const auto& records = evidence.history.partitions[static_cast<size_t>(p)].records;
    const auto after = std::partition_point(records.begin(), records.end(),
                                            [&](const LogRecord& candidate) { return candidate.seen_ns <= time_ns; });
    LogPlace place = evidence.log.begin(p) + static_cast<LogPlace>(after - records.begin());
    while (place < evidence.log.end(p) && !waits(evidence.log.record(place), place)) ++place;
    if (place == evidence.log.end(p)) continue;
    if (first == kNoPlace || evidence.log.record(place).seen_ns < evidence.log.record(first).seen_ns) first = place;
  }
  return first;
}

}  // namespace

std::vector<Interval> OfferedSpans(const History& history) {
  std::vector<Interval> spans;
  for (const Phase& phase : history.phases) {
    if (!phase.offers_load || phase.begin_ns == 0) continue;
    spans.push_back({phase.begin_ns, phase.end_ns == 0 ? history.load_end_ns : phase.end_ns});
  }
  // Process producers follow no phase: they offer load while they send, and those that tell of no sends while records
  // of theirs come into the topic.
  for (size_t i = 0; i < history.producers.size(); ++i) {
    if (!IsProcessProducer(history, i)) continue;
    for (const Send& send : history.producers[i].sends) {
      if (send.sent_ns != 0 && !send.sentinel) Offer(send.sent_ns, &spans);
    }
  }
  for (const PartitionLog& log : history.partitions) {
    for (const LogRecord& record : log.records) {
      if (!record.sentinel && FindSend(history, record.rec) == nullptr) Offer(record.seen_ns, &spans);
    }
  }
  return United(std::move(spans));
}

std::vector<Interval> ExpectantSpans(const Evidence& evidence, const Client& client) {
  auto spans = Intersection(OfferedSpans(evidence.history), ReadySpans(evidence, client));
  spans = Intersection(spans, RunningSpans(evidence.history, client));
  spans = CutAtServerFaults(evidence, client, Difference(spans, TouchedSpans(evidence, client)));
  const int64_t settle_ns = SettleTimeNs(client);
  for (Interval& span : spans) span.begin_ns += settle_ns;
  std::erase_if(spans, [](const Interval& span) { return span.begin_ns >= span.end_ns; });
  return spans;
}

std::vector<Silence> FindSilences(const Evidence& evidence, const ClientView& view) {
  const auto& deliveries = view.client().deliveries;
  const int64_t silence_max_ns = evidence.options.silence_max_ns;
  std::vector<Silence> silences;
  const auto look = [&](int64_t heard_ns, int64_t next_ns, const Interval& span) {
    const int64_t end_ns = std::min(next_ns, span.end_ns);
    if (end_ns - std::max(heard_ns, span.begin_ns) <= silence_max_ns) return;
    const LogPlace unheard = FirstUnheardAfter(evidence, view, heard_ns);
    if (unheard == kNoPlace) return;
    const int64_t begin_ns = std::max({heard_ns, span.begin_ns, evidence.log.record(unheard).seen_ns});
    if (end_ns - begin_ns > silence_max_ns) silences.push_back({unheard, begin_ns, end_ns});
  };
  size_t i = 0;
  for (const Interval& span : ExpectantSpans(evidence, view.client())) {
    while (i < deliveries.size() && deliveries[i].time_ns <= span.begin_ns) ++i;
    int64_t heard_ns = i == 0 ? INT64_MIN : deliveries[i - 1].time_ns;
    for (; i < deliveries.size() && deliveries[i].time_ns < span.end_ns; ++i) {
      look(heard_ns, deliveries[i].time_ns, span);
      heard_ns = deliveries[i].time_ns;
    }
    look(heard_ns, i < deliveries.size() ? deliveries[i].time_ns : INT64_MAX, span);
  }
  return silences;
}

}  // namespace harness
