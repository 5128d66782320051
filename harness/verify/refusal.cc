#include "harness/verify/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "payment/status_codes.h"

namespace harness {
namespace {

using pipeline::status_code::kFailedPrecondition;
using pipeline::status_code::kInvalidArgument;
using pipeline::status_code::kOutOfRange;

// Whether a record of `partition` at `offset` or beyond is known to have been in the log at `time_ns`.
bool ReachedBy(const History& history, const PartitionLog& log, int64_t offset, int64_t time_ns) {
  const auto begin = std::lower_bound(log.records.begin(), log.records.end(), offset,
                                      [](const LogRecord& record, int64_t wanted) { return record.offset < wanted; });
  return std::any_of(begin, log.records.end(), [&](const LogRecord& record) {
    if (record.seen_ns <= time_ns) return true;
    const Send* send = FindSend(history, record.rec);
    return send != nullptr && send->outcome == Outcome::kOk && send->acked_ns <= time_ns;
  });
}

// Whether the client had received the record at `offset` by then, from whatever server: then it was in the log.
bool HasReceived(const Client& client, int32_t partition, int64_t offset, int64_t time_ns) {
  return std::any_of(client.deliveries.begin(), client.deliveries.end(), [&](const Delivery& delivery) {
    return delivery.partition == partition && delivery.offset >= offset && delivery.time_ns <= time_ns;
  });
}

class Judgement {
 public:
  Judgement(const History& history, const LogIndex& log, const Client& client, Refusal* refusal)
      : history_(history), log_(log), client_(client), refusal_(*refusal) {}

  void Make() {
    if (!history_.audited) return;
    if (!refusal_.has_token) {
      // Nothing that could be out of range, or of another log.
      if (refusal_.code != kInvalidArgument) Say(Truth::kFalse, "no token was sent that it could be about");
      return;
    }
    switch (refusal_.code) {
      case kOutOfRange:
        return JudgeRange();
      case kFailedPrecondition:
        return JudgeLog();
      case kInvalidArgument:
        if (refusal_.token_is_known) JudgeForm();
        return;
      default:
        return;
    }
  }

 private:
  void Say(Truth truth, std::string why) {
    refusal_.truth = truth;
    refusal_.why = std::move(why);
  }

  static std::string At(const TokenPart& at) { return fmt::format("partition {} offset {}", at.partition, Bound(at)); }
  static int64_t Bound(const TokenPart& at) { return std::max(at.after, at.snapshot_until); }

  bool IsKnown(const TokenPart& at) const { return at.partition >= 0 && at.partition < log_.partitions(); }
  const PartitionLog& LogOf(const TokenPart& at) const {
    return history_.partitions[static_cast<size_t>(at.partition)];
  }

  void JudgeRange() {
    bool all_there = !refusal_.token.empty();
    for (const TokenPart& at : refusal_.token) {
      if (!IsKnown(at)) return;
      const PartitionLog& log = LogOf(at);
      const int64_t begin = std::max(log.start_offset, log.low_watermark);
      if (Bound(at) + 1 < begin) {
        refusal_.trimmed = true;
        return Say(Truth::kTrue, fmt::format("partition {} was trimmed up to offset {}", at.partition, begin));
      }
      const int64_t end = std::max(log.end_offset, log.records.empty() ? 0 : log.records.back().offset + 1);
      if (Bound(at) >= end && !history_.interrupted) {
        return Say(Truth::kTrue, fmt::format("{} is beyond the end of the topic", At(at)));
      }
      all_there = all_there && (Bound(at) < 0 || HasReceived(client_, at.partition, Bound(at), refusal_.time_ns) ||
                                ReachedBy(history_, log, Bound(at), refusal_.time_ns));
    }
    if (all_there) Say(Truth::kFalse, fmt::format("the topic had it all, from behind {} on", Places()));
  }

  void JudgeLog() {
    std::set<std::string> logs;
    for (const Client& client : history_.clients) {
      for (const Connection& connection : client.connections) {
        if (!connection.log_id.empty()) logs.insert(connection.log_id);
      }
    }
    if (logs.size() > 1) return;
    for (const TokenPart& at : refusal_.token) {
      if (!IsKnown(at)) return;
      const LogRecord* record = LogOf(at).Find(at.after);
      if (record == nullptr) continue;  // nothing to compare with
      const auto received =
          std::find_if(client_.deliveries.begin(), client_.deliveries.end(), [&](const Delivery& seen) {
            return seen.partition == at.partition && seen.offset == at.after && seen.kind != DeliveryKind::kDropped;
          });
      if (received != client_.deliveries.end() && received->crc32c != 0 && received->crc32c != record->crc32c) return;
    }
    Say(Truth::kFalse, fmt::format("the topic is the same, and holds the records of the token ({})", Places()));
  }

  void JudgeForm() {
    std::set<int32_t> seen;
    for (const TokenPart& at : refusal_.token) {
      if (!IsKnown(at) || at.after < -1 || !seen.insert(at.partition).second) {
        return Say(Truth::kTrue, fmt::format("the token names {}", At(at)));
      }
    }
    Say(Truth::kFalse, fmt::format("the token is well formed ({})", Places()));
  }

  // "partition 0 offset 7, partition 1 offset 3"; the first few.
  std::string Places() const {
    constexpr size_t kShownMax = 4;
    std::string text;
    for (size_t i = 0; i < std::min(refusal_.token.size(), kShownMax); ++i) {
      text += (i == 0 ? "" : ", ") + At(refusal_.token[i]);
    }
    if (refusal_.token.size() > kShownMax) text += ", ...";
    return text.empty() ? "an empty token" : text;
  }

  const History& history_;
  const LogIndex& log_;
  const Client& client_;
  Refusal& refusal_;
};

}  // namespace

bool IsRefusal(int code) { return code == kInvalidArgument || code == kFailedPrecondition || code == kOutOfRange; }

std::string_view RefusalName(int code) { return pipeline::kStatusCodeNames[static_cast<size_t>(code)]; }

std::string RefusalText(const Refusal& refusal) {
  const std::string name(RefusalName(refusal.code));
  return refusal.message.empty() ? name : fmt::format("{} ({})", name, refusal.message);
}

Causes CausesOfRefusal(const Refusal& refusal) {
  switch (refusal.truth) {
    case Truth::kFalse:
      return refusal.token_is_known || refusal.on_stream || !refusal.has_token ? Causes(Cause::kServer) : kDeliveryHops;
    case Truth::kTrue:
      return refusal.trimmed ? Cause::kRetention : refusal.token_is_known ? Causes(Cause::kClient) : kDeliveryHops;
    case Truth::kUnknown:
      break;
  }
  return kDeliveryHops;
}

void JudgeRefusal(const History& history, const LogIndex& log, const Client& client, Refusal* refusal) {
  Judgement(history, log, client, refusal).Make();
}

}  // namespace harness
