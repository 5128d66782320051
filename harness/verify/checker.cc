#include "harness/verify/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace harness {
namespace {

constexpr int64_t kNotesTold = 8;

}  // namespace

void Findings::Note(const std::string& clause) {
  if (notes_++ < kNotesTold) result_.reason += (result_.reason.empty() ? "" : "; ") + clause;
}

void Findings::TellNotes() {
  if (notes_ > kNotesTold) result_.reason += fmt::format("; and {} more like these", notes_ - kNotesTold);
}

void Findings::Keep(Violation violation) {
  // What programs under test said may stand in it.
  if (violation.sentence.size() > kSentenceBytesMax) {
    size_t end = kSentenceBytesMax;
    while (end > 0 && (static_cast<unsigned char>(violation.sentence[end]) & 0xC0) == 0x80) --end;
    violation.sentence.resize(end);
    violation.sentence += "…";
  }
  result_.violations.push_back(std::move(violation));
}

CheckResult Findings::Finish(CheckState broken) {
  TellNotes();
  const auto time_ns = [](const Violation& violation) {
    return violation.time_ns == 0 ? std::numeric_limits<int64_t>::max() : violation.time_ns;
  };
  std::stable_sort(result_.violations.begin(), result_.violations.end(),
                   [&](const Violation& a, const Violation& b) { return time_ns(a) < time_ns(b); });
  if (result_.violation_count == 0 && result_.judged == 0) {
    return NotApplicable("nothing to judge" + (result_.reason.empty() ? "" : "; " + result_.reason));
  }
  result_.state = result_.violation_count > 0 ? broken : CheckState::kPass;
  return std::move(result_);
}

CheckResult Findings::NotApplicable(const std::string& reason) {
  result_.state = CheckState::kNotApplicable;
  result_.reason = reason;
  return std::move(result_);
}

bool ForEachMarkedClient(const History& history, Findings* findings, const std::function<void(size_t)>& visit) {
  bool any = false;
  for (size_t i = 0; i < history.clients.size(); ++i) {
    const Client& client = history.clients[i];
    if (!client.observed || !client.marks_connections) {
      findings->Note(client.name + (client.observed ? " marks no connections: n/a" : " is not observed: n/a"));
      continue;
    }
    any = true;
    visit(i);
  }
  return any;
}

bool IsRelaxed(const Evidence& evidence, std::string_view invariant) {
  const auto& relaxed = evidence.scenario.expect.relaxed;
  return std::any_of(relaxed.begin(), relaxed.end(),
                     [&](const RelaxedInvariant& relax) { return relax.invariant == invariant; });
}

std::string_view BaseName(std::string_view name) { return name.substr(0, name.find('#')); }

Role RoleOf(const Evidence& evidence, std::string_view name) {
  const std::string_view base = BaseName(name);
  const auto named = [&](const auto& plans) {
    return std::any_of(plans.begin(), plans.end(), [&](const auto& plan) { return plan.name == base; });
  };
  if (named(evidence.scenario.servers)) return Role::kServer;
  if (named(evidence.scenario.clients) || named(evidence.history.clients)) return Role::kClient;
  if (named(evidence.scenario.producers) || named(evidence.history.producers)) return Role::kProducer;
  return base.starts_with("broker") ? Role::kBroker : Role::kOther;
}

Cause CauseOf(Role role) {
  switch (role) {
    case Role::kServer:
      return Cause::kServer;
    case Role::kClient:
      return Cause::kClient;
    case Role::kProducer:
      return Cause::kProducer;
    case Role::kBroker:
      return Cause::kBroker;
    case Role::kOther:
      return Cause::kHarness;
  }
  return Cause::kHarness;
}

bool IsProcessProducer(const History& history, size_t producer) {
  const std::string_view base = BaseName(history.producers[producer].name);
  return std::any_of(history.processes.begin(), history.processes.end(),
                     [&](const ProcessSpan& span) { return BaseName(span.name) == base; });
}

Causes ProducerCauses(const History& history, size_t producer) {
  return IsProcessProducer(history, producer) ? Causes{Cause::kProducer, Cause::kBroker} : Causes(Cause::kBroker);
}

Cause WriterCause(const History& history, size_t producer) {
  return IsProcessProducer(history, producer) ? Cause::kProducer : Cause::kBroker;
}

Causes SendersCauses(const History& history) {
  for (size_t i = 0; i < history.producers.size(); ++i) {
    if (IsProcessProducer(history, i)) return {Cause::kProducer, Cause::kBroker};
  }
  return Cause::kBroker;
}

std::string PlaceText(const History& history, int32_t partition, int64_t offset, uint64_t id_hash, Rec rec) {
  std::string text = offset < 0 ? "a record" : fmt::format("partition {} offset {}", partition, offset);
  std::string who;
  if (const auto name = history.names.Find(id_hash); id_hash != 0 && name) who = *name;
  if (rec.has_value()) who += (who.empty() ? "" : ", ") + RecText(history, rec);
  return who.empty() ? text : text + " (" + who + ")";
}

std::string PlaceText(const Evidence& evidence, LogPlace place) {
  const LogRecord& record = evidence.log.record(place);
  const std::string text =
      PlaceText(evidence.history, evidence.log.partition(place), record.offset, record.id_hash, record.rec);
  return record.valid ? text : fmt::format("{}, rejected: {}", text, pipeline::RejectReasonName(record.reason));
}

Violation AtPlace(const Evidence& evidence, LogPlace place) {
  const LogRecord& record = evidence.log.record(place);
  Violation violation;
  violation.partition = evidence.log.partition(place);
  violation.offset = record.offset;
  violation.rec = record.rec;
  violation.id_hash = record.id_hash;
  violation.time_ns = record.seen_ns;
  return violation;
}

Violation AtDelivery(const Evidence& evidence, const ClientView& view, size_t delivery) {
  const Delivery& seen = view.client().deliveries[delivery];
  Violation violation;
  // A dropped delivery has no content, and a server may give no position: then the log knows.
  if (view.place(delivery) != kNoPlace) violation = AtPlace(evidence, view.place(delivery));
  violation.client = view.client().name;
  violation.time_ns = seen.time_ns;
  if (seen.offset >= 0) {
    violation.partition = seen.partition;
    violation.offset = seen.offset;
  }
  if (seen.rec.has_value()) violation.rec = seen.rec;
  if (seen.id_hash != 0) violation.id_hash = seen.id_hash;
  return violation;
}

int64_t AuditedEnd(const History& history, int32_t partition) {
  const PartitionLog& log = history.partitions[static_cast<size_t>(partition)];
  const int64_t read = log.records.empty() ? log.start_offset : log.records.back().offset + 1;
  // At the end of a whole run the audit has read up to the high watermark; a gap may end the log (markers).
  return history.interrupted ? read : std::max(read, log.end_offset);
}

std::vector<int64_t> AuditedLasts(const History& history, const LogIndex& log) {
  std::vector<int64_t> lasts(static_cast<size_t>(log.partitions()));
  for (int32_t p = 0; p < log.partitions(); ++p) lasts[static_cast<size_t>(p)] = AuditedEnd(history, p) - 1;
  return lasts;
}

bool TrimmedUnread(const PartitionLog& log, int64_t offset) {
  return offset < log.start_offset || (offset < log.low_watermark && log.Find(offset) == nullptr);
}

std::string TimeText(int64_t duration_ns) {
  const double ns = static_cast<double>(duration_ns);
  if (duration_ns >= 1'000'000'000) return fmt::format("{:.3g} s", ns / 1e9);
  if (duration_ns >= 1'000'000) return fmt::format("{:.3g} ms", ns / 1e6);
  if (duration_ns >= 1'000) return fmt::format("{:.3g} us", ns / 1e3);
  return fmt::format("{} ns", duration_ns);
}

std::string MomentText(const History& history, int64_t time_ns) {
  return fmt::format("at {:.3f} s", (static_cast<double>(time_ns) - static_cast<double>(history.load_begin_ns)) / 1e9);
}

}  // namespace harness
