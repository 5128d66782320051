#include "harness/verify/ack_durable.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <unordered_map>
#include <vector>

#include "harness/verify/sent_record.h"

namespace harness {
namespace {

class AckDurable {
 public:
  explicit AckDurable(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    if (!history_.audited) return findings_.NotApplicable("the topic was not audited");
    bool any = false;
    for (size_t i = 0; i < history_.producers.size(); ++i) {
      const Producer& producer = history_.producers[i];
      if (!producer.has_acks) {
        findings_.Note(producer.name + " tells no acknowledgements: n/a");
        continue;
      }
      any = true;
      causes_ = ProducerCauses(history_, i);
      for (size_t j = 0; j < producer.sends.size(); ++j) {
        const Send& send = producer.sends[j];
        if (send.sent_ns == 0 || send.outcome != Outcome::kOk) continue;
        findings_.Judged();
        CheckSend(Rec::Make(static_cast<uint16_t>(i), j + 1), send);
      }
    }
    if (!any && !history_.producers.empty()) return findings_.NotApplicable("no producer tells its acknowledgements");
    CheckByContent();
    if (pending_ > 0) findings_.Note(fmt::format("{} pending", pending_));
    if (unjudged_ > 0) {
      findings_.Note(fmt::format("{} acknowledged without a position, not valid payments: n/a", unjudged_));
    }
    return findings_.Finish();
  }

 private:
  struct Unplaced {
    Rec rec;
    const Send* send;
  };

  void CheckSend(Rec rec, const Send& send) {
    if (send.partition < 0 || send.offset < 0) {
      const auto places = evidence_.log.Places(rec);
      if (places.empty()) {
        unplaced_.push_back({rec, &send});
      } else if (send.content_hash != 0 && !AnyValid(places)) {
        Report(rec, send, causes_, "a valid payment; it is in the topic at " + PlaceText(evidence_, places[0]));
      }
      return;
    }
    const LogPlace place = evidence_.log.Find(send.partition, send.offset);
    if (place != kNoPlace) {
      const LogRecord& record = evidence_.log.record(place);
      // A rejected record may hide its rec, a foreign producer may pass none on; what was a payment has to be one.
      const bool same = record.rec.has_value() ? record.rec == rec
                        : record.valid         ? record.content_hash == send.content_hash
                                               : true;
      if (!same) {
        // Whoever wrote something else there than he says has told of this place too.
        const auto problem = SentProblemOf(evidence_, place);
        Report(rec, send, problem ? problem->causes : causes_, "where the log holds " + PlaceText(evidence_, place));
      } else if (!record.valid && send.content_hash != 0) {
        Report(rec, send, causes_, "a valid payment; it is in the topic at " + PlaceText(evidence_, place));
      }
      return;
    }
    if (send.partition >= evidence_.log.partitions()) {
      Report(rec, send, causes_, fmt::format("and the topic has {} partitions", evidence_.log.partitions()));
      return;
    }
    const PartitionLog& log = history_.partitions[static_cast<size_t>(send.partition)];
    if (TrimmedUnread(log, send.offset)) {
      Report(rec, send, Cause::kRetention,
             fmt::format("and the topic was trimmed up to offset {} before the audit read it", log.low_watermark));
    } else if (history_.interrupted && send.offset >= AuditedEnd(history_, send.partition)) {
      ++pending_;
    } else if (const auto places = evidence_.log.Places(rec); !places.empty()) {
      Report(rec, send, causes_, "but the log holds it at " + PlaceText(evidence_, places[0]));
    } else {
      Report(
          rec, send, causes_,
          fmt::format("but the log, read up to offset {}, does not hold it", AuditedEnd(history_, send.partition) - 1));
    }
  }

  bool AnyValid(std::span<const LogPlace> places) const {
    return std::any_of(places.begin(), places.end(), [&](LogPlace place) { return evidence_.log.record(place).valid; });
  }

  // Acknowledged without a position, and no record carries the rec: the record may be one that carries none.
  void CheckByContent() {
    if (unplaced_.empty()) return;
    std::unordered_map<uint64_t, int64_t> nameless;  // content of the records without rec
    for (const PartitionLog& log : history_.partitions) {
      for (const LogRecord& record : log.records) {
        if (record.valid && !record.rec.has_value()) ++nameless[record.content_hash];
      }
    }
    for (const Unplaced& unplaced : unplaced_) {
      const auto found = nameless.find(unplaced.send->content_hash);
      if (found != nameless.end() && found->second > 0) {
        --found->second;
      } else if (history_.interrupted) {
        ++pending_;
      } else if (unplaced.send->content_hash == 0) {
        ++unjudged_;  // a rejected record has no rec in the log
      } else {
        causes_ = ProducerCauses(history_, unplaced.rec.producer());
        Report(unplaced.rec, *unplaced.send, causes_, "but the log does not hold it");
      }
    }
  }

  void Report(Rec rec, const Send& send, Causes causes, const std::string& what) {
    findings_.Add(evidence_.damage.log_is_whole(send.partition), [&] {
      Violation violation;
      violation.causes = causes;
      violation.partition = send.partition;
      violation.offset = send.offset;
      violation.rec = rec;
      violation.time_ns = send.acked_ns;
      const std::string where =
          send.offset < 0 ? "" : fmt::format(" at partition {} offset {}", send.partition, send.offset);
      violation.sentence = fmt::format("producer {} was told that {} was persisted{}, {}",
                                       history_.producers[rec.producer()].name, RecText(history_, rec), where, what);
      return violation;
    });
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"ACK_DURABLE"};
  Causes causes_ = Cause::kBroker;
  std::vector<Unplaced> unplaced_;
  int64_t pending_ = 0;
  int64_t unjudged_ = 0;
};

}  // namespace

CheckResult CheckAckDurable(const Evidence& evidence) { return AckDurable(evidence).Check(); }

}  // namespace harness
