#include "harness/verify/phantom.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "harness/verify/hop.h"
#include "harness/verify/sent_record.h"

namespace harness {
namespace {

class Phantom {
 public:
  explicit Phantom(const Evidence& evidence)
      : evidence_(evidence),
        history_(evidence.history),
        all_tell_(std::all_of(history_.producers.begin(), history_.producers.end(),
                              [](const Producer& producer) { return producer.has_acks; })),
        trimmed_unread_(
            std::any_of(history_.partitions.begin(), history_.partitions.end(), [](const PartitionLog& log) {
              return log.low_watermark > log.start_offset &&
                     (log.records.empty() || log.records.front().offset > log.start_offset);
            })) {}

  CheckResult Check() {
    if (!history_.audited) return findings_.NotApplicable("the topic was not audited");
    for (const Producer& producer : history_.producers) {
      if (!producer.has_acks) findings_.Note("what " + producer.name + " sent is not known: n/a");
    }
    for (LogPlace place = 0; place < evidence_.log.size(); ++place) CheckRecord(place);
    CheckNameless();
    CheckRejected();
    for (size_t i = 0; i < history_.clients.size(); ++i) {
      if (history_.clients[i].observed) CheckClient(i);
    }
    if (pending_ > 0) findings_.Note(fmt::format("{} pending", pending_));
    return findings_.Finish();
  }

 private:
  void CheckRecord(LogPlace place) {
    const LogRecord& record = evidence_.log.record(place);
    if (record.key_differs) {
      const bool known = record.rec.has_value() && record.rec.producer() < history_.producers.size();
      Report(place, known ? Causes(WriterCause(history_, record.rec.producer())) : SendersCauses(history_),
             "under a key that is not the payment's id");
    }
    if (!record.rec.has_value()) {
      (record.valid ? nameless_ : rejected_).push_back(place);
      return;
    }
    const size_t producer = record.rec.producer();
    const bool is_told = producer < history_.producers.size() && history_.producers[producer].has_acks;
    if (is_told) findings_.Judged();
    if (const auto problem = SentProblemOf(evidence_, place)) {
      Report(place, problem->causes, std::string(problem->what));
    } else if (is_told && FindSend(history_, record.rec) == nullptr) {
      ++pending_;  // its acknowledgement log may not have been read to the end
    }
  }

  // Records without rec: whose are they? By the position that a producer was told, or by the content that it sent.
  void CheckNameless() {
    if (nameless_.empty() || !all_tell_) return;
    std::unordered_map<LogPlace, bool> owned;
    std::unordered_map<uint64_t, std::vector<LogPlace>> by_content;
    for (const LogPlace place : nameless_) {
      owned[place] = false;
      by_content[evidence_.log.record(place).content_hash].push_back(place);
    }
    for (const Producer& producer : history_.producers) {
      for (const Send& send : producer.sends) {
        if (send.sent_ns == 0 || send.outcome == Outcome::kFail) continue;
        const auto same = by_content.find(send.content_hash);
        if (same == by_content.end() || same->second.empty()) continue;
        LogPlace place = send.offset < 0 ? kNoPlace : evidence_.log.Find(send.partition, send.offset);
        if (place == kNoPlace) {
          place = same->second.back();
          same->second.pop_back();
        }
        if (const auto found = owned.find(place); found != owned.end()) found->second = true;
      }
    }
    for (const LogPlace place : nameless_) {
      findings_.Judged();
      if (owned[place]) continue;
      if (history_.interrupted) {
        ++pending_;
      } else {
        Report(place, SendersCauses(history_), "which no producer of this run sent");
      }
    }
  }

  // Rejected records without rec: each has to be one that was sent so, by the position that its producer was told or,
  // for want of one, by number.
  void CheckRejected() {
    if (rejected_.empty() || !all_tell_) return;
    std::unordered_map<LogPlace, std::pair<Rec, const Send*>> owners;
    int64_t unplaced = 0;
    for (size_t i = 0; i < history_.producers.size(); ++i) {
      const std::vector<Send>& sends = history_.producers[i].sends;
      for (size_t j = 0; j < sends.size(); ++j) {
        const Send& send = sends[j];
        if (send.sent_ns == 0 || send.outcome == Outcome::kFail) continue;
        if (send.offset < 0) {
          unplaced += send.content_hash == 0 ? 1 : 0;
        } else if (const LogPlace place = evidence_.log.Find(send.partition, send.offset); place != kNoPlace) {
          if (!evidence_.log.record(place).valid) {
            owners[place] = {Rec::Make(static_cast<uint16_t>(i), j + 1), &send};
          }
        }
      }
    }
    // The same bytes again are a retry of the broker's, as of a record with a name: LOG_DUP's matter.
    std::unordered_set<uint32_t> sent;
    for (const auto& [place, owner] : owners) sent.insert(evidence_.log.record(place).crc32c);
    for (const LogPlace place : rejected_) {
      findings_.Judged();
      const auto owner = owners.find(place);
      if (owner != owners.end()) {
        const auto& [rec, send] = owner->second;
        if (send->content_hash == 0) continue;
        Report(place, ProducerCauses(history_, rec.producer()),
               "where " + RecText(history_, rec) + ", a valid payment, was sent");
      } else if (sent.contains(evidence_.log.record(place).crc32c)) {
        continue;
      } else if (unplaced > 0) {
        --unplaced;
        sent.insert(evidence_.log.record(place).crc32c);
      } else if (history_.interrupted) {
        ++pending_;
      } else {
        Report(place, SendersCauses(history_), "which no producer of this run sent");
      }
    }
  }

  void CheckClient(size_t client) {
    const ClientView& view = evidence_.clients.view(client);
    const auto& deliveries = view.client().deliveries;
    for (size_t i = 0; i < deliveries.size(); ++i) {
      const Delivery& delivery = deliveries[i];
      if (delivery.kind == DeliveryKind::kDropped) continue;
      if (view.place(i) != kNoPlace) {
        findings_.Judged();
        const LogRecord& record = evidence_.log.record(view.place(i));
        if (!record.valid) {
          Report(view, i, "where the log holds " + PlaceText(evidence_, view.place(i)));
        } else if (!view.client().filter.Matches(record.provider, record.status)) {
          Report(view, i, "which does not match its filter");
        }
      } else if (MayBeUnread(delivery)) {
        ++pending_;
      } else {
        findings_.Judged();
        const bool nameless = delivery.offset < 0 && !delivery.rec.has_value();
        Report(view, i, nameless ? "which no record of the topic is" : "which the log does not hold");
      }
    }
  }

  // The log may hold it although the audit has not read it.
  bool MayBeUnread(const Delivery& delivery) const {
    if (delivery.offset < 0) return history_.interrupted || trimmed_unread_;
    if (delivery.partition < 0 || delivery.partition >= evidence_.log.partitions()) return false;
    return TrimmedUnread(history_.partitions[static_cast<size_t>(delivery.partition)], delivery.offset) ||
           (history_.interrupted && delivery.offset >= AuditedEnd(history_, delivery.partition));
  }

  void Report(LogPlace place, Causes causes, const std::string& what) {
    findings_.Add(evidence_.damage.log_is_whole(-1), [&] {
      Violation violation = AtPlace(evidence_, place);
      violation.causes = causes;
      violation.sentence = "the log holds " + PlaceText(evidence_, place) + ", " + what;
      return violation;
    });
  }

  void Report(const ClientView& view, size_t delivery, const std::string& what) {
    const bool placed = view.place(delivery) != kNoPlace;
    findings_.Add(placed || evidence_.damage.log_is_whole(view.client().deliveries[delivery].partition), [&] {
      Violation violation = AtDelivery(evidence_, view, delivery);
      violation.sentence =
          fmt::format("client {} received {} {}, {}", view.client().name,
                      PlaceText(history_, violation.partition, violation.offset, violation.id_hash, violation.rec),
                      MomentText(history_, violation.time_ns), what);
      Accuse(BlameUnwanted(evidence_, view, delivery), &violation);
      return violation;
    });
  }

  const Evidence& evidence_;
  const History& history_;
  const bool all_tell_;
  Findings findings_{"PHANTOM"};
  // Somewhere retention was faster than the audit: then not everything that was there is known.
  const bool trimmed_unread_;
  std::vector<LogPlace> nameless_;  // valid records without rec
  std::vector<LogPlace> rejected_;  // likewise
  int64_t pending_ = 0;
};

}  // namespace

CheckResult CheckPhantom(const Evidence& evidence) { return Phantom(evidence).Check(); }

}  // namespace harness
