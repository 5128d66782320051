#include "stream/resume_decision.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace pipeline {
namespace {

constexpr size_t kLogIdQuotedBytesMax = 300;  // above the length of a topic's name and a cluster's id

std::string Hex(uint32_t checksum) { return absl::StrCat(absl::Hex(checksum, absl::kZeroPad8)); }

ResumeDecision Refuse(RefusalCode code, std::string message, std::vector<PartitionGap> gaps = {}) {
  ResumeDecision decision;
  decision.refusal = {code, std::move(message), std::move(gaps)};
  return decision;
}

std::string InPartition(int32_t partition) { return " in partition " + std::to_string(partition); }

// What is wrong with the token whatever the log; empty: nothing.
std::string Malformed(const ::payment::ResumeToken& token) {
  if (token.log_id().empty()) return "resume token without a log id";
  std::vector<int32_t> seen;
  for (const ::payment::PartitionResume& at : token.partitions()) {
    if (at.partition() < 0) return "resume token with partition " + std::to_string(at.partition());
    if (at.after() < -1) return "resume token with after " + std::to_string(at.after()) + InPartition(at.partition());
    if (at.has_snapshot_until() && at.snapshot_until() < -1) {
      return "resume token with snapshot_until " + std::to_string(at.snapshot_until()) + InPartition(at.partition());
    }
    seen.push_back(at.partition());
  }
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice != seen.end()) return "resume token names partition " + std::to_string(*twice) + " twice";
  return {};
}

std::vector<PartitionStart> Starts(const ::payment::ResumeToken& token, int32_t partition_count) {
  std::vector<PartitionStart> starts(static_cast<size_t>(partition_count));
  for (const ::payment::PartitionResume& at : token.partitions()) {
    PartitionStart& start = starts[at.partition()];
    start.after = at.after();
    if (at.has_snapshot_until() && at.snapshot_until() > at.after()) start.snapshot_until = at.snapshot_until();
    if (at.has_record_crc32c() && at.after() >= 0) start.record_crc32c = at.record_crc32c();
  }
  return starts;
}

int64_t Following(int64_t offset) { return offset == std::numeric_limits<int64_t>::max() ? offset : offset + 1; }

// The checksum of the record at a token's position as the replica or the evidence has it.
struct FoundRecord {
  bool known = false;
  std::optional<uint32_t> crc32c;  // known, and absent: there is no record any more
};

// `read`: Kafka's word on a record of that partition; null: it was not asked.
FoundRecord Find(const ReplicaState& state, const Position& position, int64_t low, const KafkaEvidence::Record* read) {
  if (const std::optional<uint32_t> held = state.ChecksumAt(position.partition, position.offset)) return {true, held};
  if (read != nullptr && read->position == position) return {true, read->crc32c};
  return {position.offset < low, std::nullopt};
}

// By partition.
std::vector<const KafkaEvidence::Record*> RecordsRead(const KafkaEvidence* evidence, int32_t partition_count) {
  std::vector<const KafkaEvidence::Record*> read(static_cast<size_t>(partition_count), nullptr);
  if (evidence == nullptr) return read;
  for (const KafkaEvidence::Record& record : evidence->records) {
    if (record.position.partition < partition_count) read[static_cast<size_t>(record.position.partition)] = &record;
  }
  return read;
}

// Compares the checksums that are known, and clears them. True in `must_read`: one that is not is needed to decide.
// That of a record yet to be applied is not: it stays when the stream will pass that record in the window (`held`, and
// no snapshot to send before). Names all records of the token's in `asked`, also those that are known: when Kafka has
// answered, the replica may have moved on and forgotten them.
std::optional<Refusal> Compare(const ReplicaState& state, const std::vector<Watermarks>& marks, bool held,
                               const KafkaEvidence* evidence, ResumeDecision* decision, bool* must_read) {
  const bool snapshot = std::any_of(decision->starts.begin(), decision->starts.end(),
                                    [](const PartitionStart& start) { return start.snapshot_until.has_value(); });
  const std::vector<const KafkaEvidence::Record*> read = RecordsRead(evidence, state.partition_count());
  for (int32_t p = 0; p < state.partition_count(); ++p) {
    PartitionStart& start = decision->starts[p];
    if (!start.record_crc32c) continue;
    const Position position = {p, start.after};
    decision->asked.push_back(position);
    const FoundRecord found = Find(state, position, marks[p].low, read[p]);
    if (found.known) {
      if (found.crc32c && *found.crc32c != *start.record_crc32c) {
        return OtherRecord(p, start.after, *start.record_crc32c, *found.crc32c);
      }
      start.record_crc32c.reset();
      continue;
    }
    const bool passes = held && !snapshot && start.after >= state.next_offset(p);
    if (!passes) *must_read = true;
  }
  return std::nullopt;
}

// Partitions from which the stream wants what can't be had: records that the log no longer holds (`held`: the window
// does), and what is left of a snapshot when the store does not have all of it: it begins behind the position that the
// client has come to.
std::vector<PartitionGap> Gaps(const ReplicaState& state, const std::vector<PartitionStart>& starts,
                               const std::vector<Watermarks>& marks, bool held) {
  std::vector<PartitionGap> gaps;
  for (int32_t p = 0; p < state.partition_count(); ++p) {
    const PartitionStart& start = starts[p];
    const int64_t wanted = Following(start.records_after());
    const int64_t kept_from = state.store().low(p);
    if (start.snapshot_until && start.after >= 0 && start.after + 1 < kept_from) {
      gaps.push_back({p, start.after + 1, kept_from});
    } else if (wanted < marks[p].low && !held) {
      gaps.push_back({p, wanted, marks[p].low});
    }
  }
  return gaps;
}

std::string OtherLog(const ::payment::ResumeToken& token, const ReplicaState& state) {
  // The client's text goes into trailing metadata, which hold only so much.
  const bool whole = token.log_id().size() <= kLogIdQuotedBytesMax;
  return "the resume token is of log " + (whole ? token.log_id() : "of another form") + ", this server reads " +
         state.log_id();
}

std::string GapText(const char* what, const PartitionGap& gap, size_t count) {
  std::string text = what;
  text += "offset " + std::to_string(gap.wanted) + InPartition(gap.partition) + " is wanted, the log begins at " +
          std::to_string(gap.earliest);
  if (count > 1) text += " (and " + std::to_string(count - 1) + " more partitions)";
  return text;
}

}  // namespace

Refusal OtherRecord(int32_t partition, int64_t offset, uint32_t wanted, uint32_t found) {
  return {RefusalCode::kFailedPrecondition,
          "the record at offset " + std::to_string(offset) + InPartition(partition) + " has checksum " + Hex(found) +
              ", the resume token's has " + Hex(wanted) + ": this is another log",
          {}};
}

Refusal Trimmed(std::vector<PartitionGap> gaps) {
  std::string text = GapText("the log no longer reaches back: ", gaps[0], gaps.size());
  return {RefusalCode::kOutOfRange, std::move(text), std::move(gaps)};
}

ResumeDecision DecideResume(const ::payment::ResumeToken& token, const ReplicaState& state,
                            const KafkaEvidence* evidence) {
  const int32_t count = state.partition_count();
  if (evidence != nullptr &&
      (evidence->generation != state.generation() || static_cast<int32_t>(evidence->marks.size()) != count)) {
    evidence = nullptr;
  }
  if (std::string wrong = Malformed(token); !wrong.empty()) return Refuse(RefusalCode::kInvalidArgument, wrong);
  if (token.log_id() != state.log_id()) return Refuse(RefusalCode::kFailedPrecondition, OtherLog(token, state));
  ResumeDecision decision;
  for (const ::payment::PartitionResume& at : token.partitions()) {
    if (at.partition() < count) continue;
    if (evidence == nullptr) {  // it may have been added, and another replica have seen it before this one
      decision.action = ResumeDecision::Action::kAskKafka;
      return decision;
    }
    return Refuse(RefusalCode::kInvalidArgument, "resume token with unknown partition " +
                                                     std::to_string(at.partition()) + "; the topic has " +
                                                     std::to_string(count));
  }
  decision.starts = Starts(token, count);
  std::vector<Watermarks> marks;
  std::vector<int64_t> records_after;
  std::vector<PartitionGap> ahead;
  for (int32_t p = 0; p < count; ++p) {
    marks.push_back({state.log_start(p), state.high_watermark(p)});
    if (evidence != nullptr)
      marks.back() = {evidence->marks[p].low, std::max(evidence->marks[p].high, state.next_offset(p))};
    records_after.push_back(decision.starts[p].records_after());
    if (records_after[p] >= marks[p].high) ahead.push_back({p, Following(records_after[p]), marks[p].low});
  }
  const bool held = state.window().HoldsAfter(records_after);
  bool must_read = false;
  if (std::optional<Refusal> other = Compare(state, marks, held, evidence, &decision, &must_read)) {
    decision.refusal = *std::move(other);
    return decision;
  }
  if (must_read || (evidence == nullptr && (!held || !ahead.empty()))) {
    decision.action = ResumeDecision::Action::kAskKafka;
    return decision;
  }
  if (std::vector<PartitionGap> gaps = Gaps(state, decision.starts, marks, held); !gaps.empty()) {
    decision.refusal = Trimmed(std::move(gaps));
    return decision;
  }
  if (!ahead.empty()) {
    return Refuse(RefusalCode::kOutOfRange,
                  GapText("the resume token is ahead of the log: ", ahead[0], ahead.size()) + " and ends at " +
                      std::to_string(marks[ahead[0].partition].high),
                  ahead);
  }
  decision.action = ResumeDecision::Action::kServe;
  decision.asked.clear();
  return decision;
}

::payment::ResumeToken MakeToken(const std::string& log_id, const std::vector<PartitionStart>& starts) {
  ::payment::ResumeToken token;
  token.set_log_id(log_id);
  for (size_t p = 0; p < starts.size(); ++p) {
    ::payment::PartitionResume* at = token.add_partitions();
    at->set_partition(static_cast<int32_t>(p));
    at->set_after(starts[p].after);
    if (starts[p].record_crc32c) at->set_record_crc32c(*starts[p].record_crc32c);
    if (starts[p].snapshot_until) at->set_snapshot_until(*starts[p].snapshot_until);
  }
  return token;
}

}  // namespace pipeline
