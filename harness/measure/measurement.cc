#include "harness/measure/measurement.h"

#include <algorithm>
#include <cmath>

#include "harness/verify/checker.h"

namespace harness {
namespace {

// A record that its reader rejects has lost its name, and is found by its place.
bool IsAtItsPlace(const LogIndex& log, const Send& send) {
  return send.outcome == Outcome::kOk && (send.offset < 0 || log.Find(send.partition, send.offset) != kNoPlace);
}

std::vector<Rec> FindNotInTopic(const History& history, const LogIndex& log) {
  std::vector<Rec> recs;
  if (!history.audited || history.interrupted) return recs;
  for (size_t p = 0; p < history.producers.size(); ++p) {
    const std::vector<Send>& sends = history.producers[p].sends;
    for (size_t i = 0; i < sends.size(); ++i) {
      if (sends[i].sent_ns == 0 || sends[i].sentinel) continue;
      const Rec rec = Rec::Make(static_cast<uint16_t>(p), i + 1);
      if (log.Places(rec).empty() && !IsAtItsPlace(log, sends[i])) recs.push_back(rec);
    }
  }
  return recs;
}

std::vector<int64_t> CountNotHandedOver(const History& history) {
  std::vector<int64_t> left;
  left.reserve(history.phases.size());
  for (const Phase& phase : history.phases) left.push_back(phase.planned);
  for (size_t p = 0; p < history.producers.size(); ++p) {
    if (IsProcessProducer(history, p)) continue;
    for (const Send& send : history.producers[p].sends) {
      if (send.sent_ns != 0 && !send.sentinel && send.phase < left.size()) --left[send.phase];
    }
  }
  for (int64_t& count : left) count = std::max<int64_t>(0, count);
  return left;
}

// Whether `a` is harder on the threshold than `b`.
bool IsHarder(const Threshold& threshold, double a, double b) {
  switch (threshold.comparison) {
    case Comparison::kLess:
    case Comparison::kLessEqual:
      return a > b;
    case Comparison::kGreater:
    case Comparison::kGreaterEqual:
      return a < b;
    case Comparison::kEqual:
      return std::abs(a - threshold.limit) > std::abs(b - threshold.limit);
  }
  return false;
}

}  // namespace

Measurement::Measurement(const History& of, const LogIndex& its_log, const ClientViews& its_clients,
                         const ServerEvidence& its_servers, const HostFacts& its_host)
    : history(of),
      log(its_log),
      clients(its_clients),
      host(its_host),
      server_times(of, its_log, its_servers),
      not_in_topic(FindNotInTopic(of, its_log)),
      not_handed_over(CountNotHandedOver(of)) {}

bool Holds(const Threshold& threshold, double value) {
  switch (threshold.comparison) {
    case Comparison::kLess:
      return value < threshold.limit;
    case Comparison::kLessEqual:
      return value <= threshold.limit;
    case Comparison::kGreater:
      return value > threshold.limit;
    case Comparison::kGreaterEqual:
      return value >= threshold.limit;
    case Comparison::kEqual:
      return value == threshold.limit;
  }
  return false;
}

Measured Deciding(const Threshold& threshold, const std::vector<Measured>& all) {
  const Measured* hardest = nullptr;  // with samples enough
  const Measured* fewest = nullptr;   // with too few
  for (const Measured& one : all) {
    if (!one.value) continue;
    if (one.samples < one.samples_wanted) {
      if (fewest == nullptr || one.samples < fewest->samples) fewest = &one;
    } else if (hardest == nullptr || IsHarder(threshold, *one.value, *hardest->value)) {
      hardest = &one;
    }
  }
  if (hardest != nullptr && (fewest == nullptr || !Holds(threshold, *hardest->value))) return *hardest;
  if (fewest != nullptr) return *fewest;
  Measured none;
  none.samples_wanted = SamplesWanted(threshold);
  if (!all.empty()) none.note = all.front().note;
  return none;
}

std::optional<std::string> Selected(const Threshold& threshold, const std::string& selector) {
  const auto found = threshold.selectors.find(selector);
  return found == threshold.selectors.end() ? std::nullopt : std::optional(found->second);
}

bool IsSelected(const Threshold& threshold, const Client& client) {
  const auto name = Selected(threshold, "client");
  return client.observed && (!name || *name == client.name);
}

int64_t SamplesWanted(const Threshold& threshold) {
  if (!threshold.quantile) return 1;
  return static_cast<int64_t>(std::ceil(10 / (1 - *threshold.quantile) - 1e-6));
}

}  // namespace harness
