#include "harness/observe/history_builder.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace harness {
namespace {

// `values[index] = value`, where index is one that is there or the next one.
template <typename T>
bool SetAt(std::vector<T>* values, size_t index, T value, size_t count_max) {
  if (index > values->size() || index >= count_max) return false;
  if (index == values->size()) {
    values->push_back(std::move(value));
  } else {
    (*values)[index] = std::move(value);
  }
  return true;
}

size_t At(const std::vector<size_t>& counts, size_t index) { return index < counts.size() ? counts[index] : 0; }

}  // namespace

HistoryBuilder::HistoryBuilder(std::string run_id, EntryCounts expected, int64_t events_max)
    : expected_(std::move(expected)), events_max_(events_max) {
  history_.run_id = CutText(std::move(run_id));
  history_.names.Reserve(std::min(expected_.names, kNamesMax));
  history_.audited = false;  // until the audit says what it reads
}

bool HistoryBuilder::SetProducer(size_t producer, std::string name, bool has_acks) {
  if (producer > history_.producers.size() || producer >= kProducersMax) return false;
  if (producer == history_.producers.size()) {
    history_.producers.emplace_back().sends.reserve(At(expected_.sends, producer));
    producers_.emplace_back();
  }
  history_.producers[producer].name = CutText(std::move(name));
  history_.producers[producer].has_acks = has_acks;
  return true;
}

bool HistoryBuilder::SetClient(size_t client, const Client& description) {
  if (client > history_.clients.size() || client >= kClientsMax) return false;
  if (client == history_.clients.size()) {
    history_.clients.emplace_back().deliveries.reserve(At(expected_.deliveries, client));
    clients_.emplace_back();
    counts_.clients.emplace_back();
  }
  Client& into = history_.clients[client];
  into.name = CutText(description.name);
  into.filter = description.filter;
  into.resume = description.resume;
  into.observed = description.observed;
  into.marks_connections = description.marks_connections;
  into.embedded = description.embedded;
  into.reconnect_delay_min_ns = description.reconnect_delay_min_ns;
  into.reconnect_delay_max_ns = description.reconnect_delay_max_ns;
  into.servers = description.servers;
  into.program = description.program;
  counts_.clients[client].name = into.name;
  return true;
}

bool HistoryBuilder::SetPhase(size_t phase, const Phase& value) {
  return SetAt(&history_.phases, phase, value, kPhasesMax);
}

bool HistoryBuilder::SetFault(size_t fault, const FaultEvent& value) {
  FaultEvent cut = value;
  cut.evidence = CutText(std::move(cut.evidence));
  return SetAt(&history_.faults, fault, std::move(cut), kConnectionsMax);
}

bool HistoryBuilder::SetProcess(size_t process, const ProcessSpan& value) {
  ProcessSpan cut = value;
  cut.how = CutText(std::move(cut.how));
  return SetAt(&history_.processes, process, std::move(cut), kConnectionsMax);
}

bool HistoryBuilder::SetProbedServer(size_t server, const ProbedServer& value) {
  return SetAt(&history_.probed, server, {CutText(value.name), CutText(value.address)}, kProbedServersMax);
}

bool HistoryBuilder::OnUnaryRead(const UnaryRead& read) {
  if (read.server >= history_.probed.size() || read.client >= history_.clients.size()) return false;
  if (history_.reads.size() < kUnaryReadsMax) {
    history_.reads.push_back(read);
  } else {
    Complain("reads", "the harness keeps no more unary reads than " + std::to_string(kUnaryReadsMax));
  }
  return true;
}

bool HistoryBuilder::OnListWalk(ListWalk walk) {
  if (walk.server >= history_.probed.size()) return false;
  if (walk.payments.size() <= kListedMax - listed_) {
    listed_ += walk.payments.size();
    history_.walks.push_back(std::move(walk));
  } else {
    Complain("walks", "the harness keeps no more listed payments than " + std::to_string(kListedMax));
  }
  return true;
}

bool HistoryBuilder::OnDeadLetters(std::span<const DeadLetterSeen> letters, bool whole) {
  if (letters.size() <= kDeadLettersMax - history_.dead_letters.size()) {
    history_.dead_letters.insert(history_.dead_letters.end(), letters.begin(), letters.end());
  } else {
    Complain("dead letters", "the harness keeps no more dead letters than " + std::to_string(kDeadLettersMax));
  }
  history_.dead_letters_read = whole;
  return true;
}

bool HistoryBuilder::SetPartitions(std::span<const int64_t> start_offsets, bool audited) {
  if (start_offsets.size() > kPartitionsMax) return false;
  history_.audited = audited;
  history_.partitions.assign(start_offsets.size(), PartitionLog{});
  for (size_t p = 0; p < start_offsets.size(); ++p) {
    PartitionLog& log = history_.partitions[p];
    log.start_offset = log.end_offset = log.low_watermark = start_offsets[p];
    log.records.reserve(At(expected_.logged, p));
  }
  return true;
}

Send* HistoryBuilder::Slot(size_t producer, uint64_t sequence) {
  std::vector<Send>& sends = history_.producers[producer].sends;
  if (sequence >= 1 && sequence <= sends.size()) return &sends[sequence - 1];
  const int64_t room = kSequencesMissingMax - producers_[producer].missing;
  if (sequence == 0 || sequence - sends.size() > static_cast<uint64_t>(room)) {
    ClaimOf(producer, "sequence number " + std::to_string(sequence) + " comes after " + std::to_string(sends.size()) +
                          "; allowed: from 1 on, with at most " + std::to_string(kSequencesMissingMax) +
                          " missing; it was not recorded");
    return nullptr;
  }
  producers_[producer].missing += static_cast<int64_t>(sequence - sends.size());
  sends.resize(sequence);
  return &sends.back();
}

void HistoryBuilder::Count(const Send& send, int64_t sign) {
  if (send.sent_ns == 0 || send.sentinel) return;
  counts_.sent += sign;
  if (send.outcome == Outcome::kOk) counts_.acked += sign;
  if (send.outcome == Outcome::kFail) counts_.failed += sign;
  if (send.outcome == Outcome::kUnknown) counts_.unknown += sign;
}

bool HistoryBuilder::HasRoomFor(size_t count) {
  if (static_cast<int64_t>(count) > events_max_ - events_) {
    Complain("events", "the harness keeps no more than " + std::to_string(events_max_) +
                           " events of a run; the rest was not recorded");
    return false;
  }
  events_ += static_cast<int64_t>(count);
  return true;
}

bool HistoryBuilder::OnServer(size_t server, const ServerSeen& seen) {
  const auto* line = std::get_if<ServerRecords>(&seen);
  const bool has_room = line == nullptr || HasRoomFor(line->records.size());
  return servers_.On(server, has_room ? seen : ServerSeen(ServerBroken{1}), &history_.servers);
}

bool HistoryBuilder::OnSends(size_t producer, std::span<const SendSeen> sends) {
  if (producer >= history_.producers.size()) return false;
  if (!HasRoomFor(sends.size())) return true;
  for (const SendSeen& seen : sends) {
    Send* slot = Slot(producer, seen.sequence);
    if (slot == nullptr) continue;
    if (slot->sent_ns != 0) {
      ClaimOf(producer, "sequence number " + std::to_string(seen.sequence) + " is sent twice; the first one counts");
      continue;
    }
    // A delivery report may have been told before its send: what it said stays.
    const Send told = *slot;
    *slot = seen.send;
    slot->sent_ns = std::max<int64_t>(seen.send.sent_ns, 1);
    slot->id_hash = seen.id_hash;
    slot->acked_ns = told.acked_ns;
    slot->offset = told.offset;
    slot->outcome = told.outcome;
    slot->time_is_replaced |= told.time_is_replaced;
    if (told.partition >= 0) slot->partition = told.partition;
    producers_[producer].missing -= 1;
    producers_[producer].find_phase |= seen.find_phase;
    Count(*slot, 1);
  }
  return true;
}

bool HistoryBuilder::OnOutcomes(size_t producer, std::span<const OutcomeSeen> outcomes) {
  if (producer >= history_.producers.size()) return false;
  if (!HasRoomFor(outcomes.size())) return true;
  for (const OutcomeSeen& seen : outcomes) {
    Send* slot = seen.outcome == Outcome::kPending ? nullptr : Slot(producer, seen.sequence);
    if (slot == nullptr) continue;
    // What the death of the producer left unknown may become known by a report that was read late.
    const bool open = slot->outcome == Outcome::kPending || (slot->outcome == Outcome::kUnknown && slot->acked_ns == 0);
    if (!open) {
      ClaimOf(producer, "sequence number " + std::to_string(seen.sequence) + " has two outcomes; the first one counts");
      continue;
    }
    Count(*slot, -1);
    slot->acked_ns = std::max<int64_t>(seen.acked_ns, 1);
    slot->time_is_replaced |= seen.time_is_replaced;
    slot->outcome = seen.outcome;
    slot->offset = seen.offset;
    if (seen.partition >= 0) slot->partition = seen.partition;
    Count(*slot, 1);
  }
  return true;
}

bool HistoryBuilder::OnProducerEnded(size_t producer) {
  if (producer >= history_.producers.size()) return false;
  for (Send& send : history_.producers[producer].sends) {
    if (send.sent_ns == 0 || send.outcome != Outcome::kPending) continue;
    Count(send, -1);
    send.outcome = Outcome::kUnknown;
    Count(send, 1);
  }
  return true;
}

bool HistoryBuilder::OnLog(std::span<const LogSeen> records) {
  if (!HasRoomFor(records.size())) return true;
  for (const LogSeen& seen : records) {
    if (seen.partition < 0 || static_cast<size_t>(seen.partition) >= history_.partitions.size()) {
      Complain("partition", "the audit read a record of partition " + std::to_string(seen.partition) +
                                "; it was to read " + std::to_string(history_.partitions.size()) + " partitions");
      continue;
    }
    PartitionLog& log = history_.partitions[static_cast<size_t>(seen.partition)];
    if (seen.record.offset < 0 || (!log.records.empty() && seen.record.offset <= log.records.back().offset)) {
      Complain("log " + std::to_string(seen.partition), "the audit read offset " + std::to_string(seen.record.offset) +
                                                            " of partition " + std::to_string(seen.partition) +
                                                            " after a later one; it was not recorded");
      continue;
    }
    log.records.push_back(seen.record);
    log.end_offset = std::max(log.end_offset, seen.record.offset + 1);
    if (seen.record.sentinel) continue;
    counts_.logged += 1;
    if (!seen.record.valid) {
      counts_.rejected += 1;
      continue;
    }
    ++logged_kinds_[static_cast<size_t>(seen.record.provider) % kKinds]
                   [static_cast<size_t>(seen.record.status) % kKinds];
  }
  return true;
}

bool HistoryBuilder::OnWatermarks(int32_t partition, int64_t low, int64_t high) {
  if (partition < 0 || static_cast<size_t>(partition) >= history_.partitions.size()) return false;
  PartitionLog& log = history_.partitions[static_cast<size_t>(partition)];
  log.low_watermark = std::max(log.low_watermark, low);
  log.end_offset = std::max(log.end_offset, high);
  return true;
}

bool HistoryBuilder::OnName(uint64_t id_hash, std::string_view id) {
  if (history_.names.size() < kNamesMax) return history_.names.Add(id_hash, id.substr(0, kNameBytesMax));
  if (!history_.names.Find(id_hash)) names_skipped_ += 1;
  return false;
}

void HistoryBuilder::HarnessError(std::string sentence) {
  if (history_.harness_errors.size() >= kHarnessErrorsMax) {
    harness_errors_skipped_ += 1;
    return;
  }
  history_.harness_errors.push_back(CutText(std::move(sentence)));
}

bool HistoryBuilder::OnClaim(const Claim& claim) {
  const size_t subjects = claim.subject == SubjectKind::kClient     ? history_.clients.size()
                          : claim.subject == SubjectKind::kProducer ? history_.producers.size()
                                                                    : history_.servers.size();
  if (claim.index >= subjects) return false;
  const auto [at, is_new] = claims_.try_emplace({claim.subject, claim.index, claim.kind}, history_.claims.size());
  if (is_new) {
    if (history_.claims.size() >= kClaimsMax) {
      claims_.erase(at);
      return true;
    }
    history_.claims.push_back(claim);
    history_.claims.back().what = CutText(claim.what);
    history_.claims.back().count = 0;
  }
  history_.claims[at->second].count += 1;
  return true;
}

bool HistoryBuilder::OnContent(const KeptContent& content) {
  if (history_.contents.size() >= kContentsMax) return false;
  history_.contents.push_back(content);
  return true;
}

void HistoryBuilder::ClaimOf(size_t producer, const std::string& what) {
  OnClaim({.subject = SubjectKind::kProducer,
           .kind = ClaimKind::kItself,
           .index = static_cast<uint32_t>(producer),
           .what = what});
}

void HistoryBuilder::Complain(const std::string& key, const std::string& sentence) {
  Complaint& complaint = complaints_[key];
  if (complaint.count++ == 0) complaint.first = sentence;
}

void HistoryBuilder::PlaceInPhases() {
  const std::vector<Phase>& phases = history_.phases;
  for (size_t p = 0; p < producers_.size(); ++p) {
    if (!producers_[p].find_phase) continue;
    for (Send& send : history_.producers[p].sends) {
      if (send.sent_ns == 0 || send.sentinel) continue;
      send.measured = false;
      for (size_t i = 0; i < phases.size() && phases[i].begin_ns != 0; ++i) {
        if (send.planned_ns < phases[i].begin_ns) break;
        send.phase = static_cast<uint8_t>(i);
        send.measured = phases[i].measured && !send.time_is_replaced &&
                        (phases[i].end_ns == 0 || send.planned_ns < phases[i].end_ns);
      }
    }
  }
}

void HistoryBuilder::ReportComplaints() {
  for (const auto& [key, complaint] : complaints_) {
    const std::string times = complaint.count > 1 ? " (" + std::to_string(complaint.count) + " times)" : "";
    HarnessError(complaint.first + times);
  }
  complaints_.clear();
  if (harness_errors_skipped_ > 0) {
    history_.harness_errors.push_back("the harness had " + std::to_string(harness_errors_skipped_) + " more errors");
  }
}

int64_t HistoryBuilder::LoggedFor(const pipeline::Filter& filter) const {
  int64_t logged = 0;
  for (size_t provider = 0; provider < kKinds; ++provider) {
    for (size_t status = 0; status < kKinds; ++status) {
      if (filter.Matches(static_cast<pipeline::Provider>(provider), static_cast<pipeline::PaymentStatus>(status))) {
        logged += logged_kinds_[provider][status];
      }
    }
  }
  return logged;
}

LiveCounts HistoryBuilder::Counts() const {
  LiveCounts counts = counts_;
  bool first = true;
  for (size_t c = 0; c < counts.clients.size(); ++c) {
    if (!history_.clients[c].observed || !history_.clients[c].is_there()) continue;
    const int64_t delivered = counts.clients[c].delivered;
    counts.clients[c].lag = std::max<int64_t>(0, LoggedFor(history_.clients[c].filter) - delivered);
    counts.lag_max = std::max(counts.lag_max, counts.clients[c].lag);
    counts.delivered_min = first ? delivered : std::min(counts.delivered_min, delivered);
    first = false;
  }
  return counts;
}

}  // namespace harness
