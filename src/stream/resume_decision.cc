#include "stream/resume_decision.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <utility>

namespace pipeline {
namespace {

constexpr size_t kLogIdQuotedBytesMax = 300;  // above the length of a topic's name and a cluster's id

std::string Hex(uint32_t checksum) {
  char text[9];
  std::snprintf(text, sizeof(text), "%08x", checksum);
  return text;
}

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

// Compares the checksums that are known here, and clears them; names those that only Kafka knows. One of a record yet
// to be applied stays when the stream will pass that record in the window (`held`, and no snapshot to send before).
std::optional<Refusal> Compare(const ReplicaState& state, const std::vector<Watermarks>& marks, bool held,
                               ResumeDecision* decision) {
  const bool snapshot = std::any_of(decision->starts.begin(), decision->starts.end(),
                                    [](const PartitionStart& start) { return start.snapshot_until.has_value(); });
  for (int32_t p = 0; p < state.partition_count(); ++p) {
    PartitionStart& start = decision->starts[p];
    if (!start.record_crc32c || (held && !snapshot && start.after >= state.position(p))) continue;
    const std::optional<uint32_t> known = state.ChecksumAt(p, start.after);
    if (known && *known != *start.record_crc32c) return OtherRecord(p, start.after, *start.record_crc32c, *known);
    if (known || start.after < marks[p].low) {
      start.record_crc32c.reset();  // the same, or no record at `after` any more
    } else {
      decision->unread.push_back(p);
    }
  }
  return std::nullopt;
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
                            const std::vector<Watermarks>* fresh) {
  if (std::string wrong = Malformed(token); !wrong.empty()) return Refuse(RefusalCode::kInvalidArgument, wrong);
  if (token.log_id() != state.log_id()) {
    // The client's text goes into trailing metadata, which hold only so much.
    const bool whole = token.log_id().size() <= kLogIdQuotedBytesMax;
    return Refuse(RefusalCode::kFailedPrecondition, "the resume token is of log " +
                                                        (whole ? token.log_id() : "of another form") +
                                                        ", this server reads " + state.log_id());
  }
  for (const ::payment::PartitionResume& at : token.partitions()) {
    if (at.partition() < state.partition_count()) continue;
    if (fresh == nullptr) {  // it may have been added, and another replica have seen it before this one
      ResumeDecision ask;
      ask.action = ResumeDecision::Action::kVerify;
      return ask;
    }
    return Refuse(RefusalCode::kInvalidArgument, "resume token with unknown partition " +
                                                     std::to_string(at.partition()) + "; the topic has " +
                                                     std::to_string(state.partition_count()));
  }
  ResumeDecision decision;
  decision.starts = Starts(token, state.partition_count());
  std::vector<Watermarks> marks;
  std::vector<int64_t> records_after;
  for (int32_t p = 0; p < state.partition_count(); ++p) {
    marks.push_back({state.log_start(p), state.high_watermark(p)});
    if (fresh != nullptr) marks.back() = {(*fresh)[p].low, std::max((*fresh)[p].high, state.position(p))};
    records_after.push_back(decision.starts[p].records_after());
  }
  const bool held = state.window().HoldsAfter(records_after);
  std::vector<PartitionGap> trimmed;
  std::vector<PartitionGap> ahead;
  for (int32_t p = 0; p < state.partition_count(); ++p) {
    const PartitionGap gap = {p, Following(records_after[p]), marks[p].low};
    if (records_after[p] >= marks[p].high) ahead.push_back(gap);
    if (gap.wanted < marks[p].low && !held) trimmed.push_back(gap);
  }
  if (std::optional<Refusal> other = Compare(state, marks, held, &decision)) {
    decision.refusal = *std::move(other);
    return decision;
  }
  if (fresh == nullptr && (!held || !ahead.empty() || !decision.unread.empty())) {
    decision.action = ResumeDecision::Action::kVerify;
    return decision;
  }
  if (!trimmed.empty()) {
    decision.refusal = Trimmed(std::move(trimmed));
    return decision;
  }
  if (!ahead.empty()) {
    return Refuse(RefusalCode::kOutOfRange,
                  GapText("the resume token is ahead of the log: ", ahead[0], ahead.size()) + " and ends at " +
                      std::to_string(marks[ahead[0].partition].high),
                  ahead);
  }
  decision.action = ResumeDecision::Action::kServe;
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
