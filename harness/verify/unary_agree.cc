#include "harness/verify/unary_agree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/verify/differences.h"
#include "harness/verify/fold.h"
#include "harness/verify/intervals.h"
#include "harness/verify/recovery.h"
#include "payment/status_codes.h"

namespace harness {
namespace {

// After it became ready or recovered, a server may for so long not be reached yet: connections are made anew.
constexpr int64_t kSettleNs = 2'000'000'000;
// What was asked so shortly before a fault may still be on its way when it strikes.
constexpr int64_t kReadTimeNs = 1'000'000'000;

using pipeline::status_code::kDeadlineExceeded;
using pipeline::status_code::kNotFound;
using pipeline::status_code::kOk;
using pipeline::status_code::kResourceExhausted;
using pipeline::status_code::kUnimplemented;
// What is no answer. INTERNAL: a connection that broke.
constexpr std::array<int, 8> kUnanswered = {pipeline::status_code::kCancelled,
                                            pipeline::status_code::kUnknown,
                                            kDeadlineExceeded,
                                            kResourceExhausted,
                                            pipeline::status_code::kAborted,
                                            kUnimplemented,
                                            pipeline::status_code::kInternal,
                                            pipeline::status_code::kUnavailable};

bool IsAnswer(uint8_t code) { return std::find(kUnanswered.begin(), kUnanswered.end(), code) == kUnanswered.end(); }

// Every valid record of each payment, by the id's number, as one row.
class PlacesById {
 public:
  explicit PlacesById(const LogIndex& log) : begins_(log.id_count() + 2), places_(log.size()) {
    for (LogPlace place = 0; place < log.size(); ++place) {
      if (!log.record(place).valid) continue;
      begins_[log.id(place) + 2] += 1;
    }
    for (size_t id = 2; id < begins_.size(); ++id) begins_[id] += begins_[id - 1];
    // An id's begin stands one too high, and moves up to the next one's while its places are filled in.
    for (LogPlace place = 0; place < log.size(); ++place) {
      if (log.record(place).valid) places_[begins_[log.id(place) + 1]++] = place;
    }
  }
  std::span<const LogPlace> Of(uint32_t number) const {
    if (number == kNoPlace) return {};
    return std::span(places_).subspan(begins_[number], begins_[number + 1] - begins_[number]);
  }

 private:
  std::vector<LogPlace> begins_;  // by number; two more
  std::vector<LogPlace> places_;
};

int64_t Plus(int64_t time_ns, int64_t more_ns) { return time_ns > INT64_MAX - more_ns ? INT64_MAX : time_ns + more_ns; }

// When every client had its stream back after `fault`; the heal where none of them broke.
int64_t RecoveredNs(const History& history, const std::vector<Recovery>& recoveries, size_t fault) {
  const FaultEvent& event = history.faults[fault];
  int64_t recovered_ns = event.healed_ns == 0 ? INT64_MAX : event.healed_ns;
  for (const Recovery& recovery : recoveries) {
    if (recovery.fault == fault) recovered_ns = std::max(recovered_ns, RecoveryMomentNs(history, recovery));
  }
  return recovered_ns;
}

// When a server owes an answer: while its process is ready, and no fault at it or at what is no program of the run (a
// broker) is near.
std::vector<Interval> AnswerSpans(const Evidence& evidence, const std::string& server) {
  const History& history = evidence.history;
  std::vector<Interval> ready;
  for (const ProcessSpan& span : history.processes) {
    if (BaseName(span.name) != server || span.ready_ns == 0) continue;
    ready.push_back({Plus(span.ready_ns, kSettleNs), span.ended_ns == 0 ? INT64_MAX : span.ended_ns});
  }
  const std::vector<Recovery> recoveries = FindRecoveries(history);
  std::vector<Interval> faults;
  for (size_t i = 0; i < history.faults.size(); ++i) {
    const FaultEvent& fault = history.faults[i];
    const Role role = RoleOf(evidence, fault.target);
    const bool elsewhere =
        role == Role::kClient || role == Role::kProducer || (role == Role::kServer && BaseName(fault.target) != server);
    if (fault.struck_ns == 0 || elsewhere) continue;
    faults.push_back({fault.struck_ns - kReadTimeNs, Plus(RecoveredNs(history, recoveries, i), kSettleNs)});
  }
  return Difference(United(std::move(ready)), United(std::move(faults)));
}

bool IsWithin(const std::vector<Interval>& spans, int64_t begin_ns, int64_t end_ns) {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const Interval& span) { return span.begin_ns <= begin_ns && end_ns < span.end_ns; });
}

class UnaryAgree {
 public:
  explicit UnaryAgree(const Evidence& evidence)
      : evidence_(evidence), history_(evidence.history), log_(evidence.log), by_id_(log_) {
    for (const ProbedServer& server : history_.probed) answer_spans_.push_back(AnswerSpans(evidence, server.name));
    for (const Client& client : history_.clients) tells_time_.push_back(TellsTime(client));
    for (const PartitionLog& log : history_.partitions) lows_.push_back(log.low_watermark);
    has_get_.resize(history_.probed.size());
    has_list_.resize(history_.probed.size());
    for (const UnaryRead& read : history_.reads) {
      has_get_[read.server] = has_get_[read.server] || read.code != kUnimplemented;
    }
    for (const ListWalk& walk : history_.walks) {
      has_list_[walk.server] = has_list_[walk.server] || walk.code != kUnimplemented || !walk.payments.empty();
    }
  }

  CheckResult Check() {
    for (const UnaryRead& read : history_.reads) CheckRead(read);
    for (const ListWalk& walk : history_.walks) CheckWalk(walk);
    if (unanswered_ > 0) {
      findings_.Note(fmt::format("{} {} not answered while that is no fault of the server's", unanswered_,
                                 unanswered_ == 1 ? "call was" : "calls were"));
    }
    if (unimplemented_ > 0) findings_.Note(fmt::format("{} calls are to what a server does not have", unimplemented_));
    if (cut_ > 0) {
      findings_.Note(
          fmt::format("{} {} cut short for want of time", cut_, cut_ == 1 ? "traversal was" : "traversals were"));
    }
    if (unread_ > 0) findings_.Note(fmt::format("{} answers are about records that the audit has not read", unread_));
    return findings_.Finish();
  }

 private:
  const std::string& ServerName(uint16_t server) const { return history_.probed[server].name; }
  std::string PaymentText(uint64_t id_hash) const {
    const auto name = history_.names.Find(id_hash);
    return name ? std::string(*name) : fmt::format("{:016x}", id_hash);
  }

  // The record of payment `number` with that content that is the greatest in the fold's order; kNoPlace: there is none.
  LogPlace Greatest(uint32_t number, uint64_t content_hash) const {
    LogPlace greatest = kNoPlace;
    for (const LogPlace place : by_id_.Of(number)) {
      if (log_.record(place).content_hash != content_hash) continue;
      if (greatest == kNoPlace || FoldKey(log_, greatest) < FoldKey(log_, place)) greatest = place;
    }
    return greatest;
  }

  // Whether the topic held it to the end of the run. A server may have let go of what it did not, or have kept it.
  bool Stays(LogPlace place) const {
    return log_.record(place).offset >= lows_[static_cast<size_t>(log_.partition(place))];
  }

  // The process of a server that was not up does not answer, which is another invariant's matter.
  bool IsUp(uint16_t server, int64_t time_ns) const {
    bool known = false;
    for (const ProcessSpan& span : history_.processes) {
      if (BaseName(span.name) != ServerName(server)) continue;
      known = true;
      if (span.started_ns <= time_ns && (span.ended_ns == 0 || span.ended_ns > time_ns)) return true;
    }
    return !known;
  }

  // Whether `code`, which is no answer, is the server's fault.
  bool IsOwed(uint16_t server, uint8_t code, bool quiet, int64_t asked_ns, int64_t answered_ns) const {
    if (history_.interrupted) return false;
    if (quiet) return IsUp(server, answered_ns);
    if (code == kDeadlineExceeded || code == kResourceExhausted) return false;  // under load; not after the drain
    return IsWithin(answer_spans_[server], asked_ns, answered_ns);
  }

  void CheckRead(const UnaryRead& read) {
    if (!IsAnswer(read.code)) {
      const LogPlace at = log_.Find(read.partition, read.offset);
      if (read.code == kUnimplemented && !has_get_[read.server]) {
        ++unimplemented_;
      } else if (at == kNoPlace || !IsOwed(read.server, read.code, read.quiet, read.asked_ns, read.answered_ns)) {
        ++unanswered_;
      } else {
        findings_.Judged();
        Wrong(read, at, fmt::format("failed with code {} while the server was ready", read.code));
      }
      return;
    }
    const LogPlace seen = log_.Find(read.partition, read.offset);
    if (seen == kNoPlace || !log_.record(seen).valid || log_.record(seen).id_hash != read.id_hash) {
      ++unread_;  // what was received is for PHANTOM and AGREE to judge
      return;
    }
    findings_.Judged();
    if (read.code == kNotFound && !Stays(seen)) return;
    if (read.code != kOk) {
      Wrong(read, seen, read.code == kNotFound ? "did not find it" : fmt::format("answered with code {}", read.code));
      return;
    }
    const LogPlace answered = Greatest(log_.id(seen), read.content_hash);
    if (answered == kNoPlace) {
      Wrong(read, seen,
            "answered with a content that no record of it has" +
                DifferencesText(history_, log_.record(seen).content_hash, read.content_hash));
    } else if (FoldKey(log_, answered) < FoldKey(log_, seen) && Stays(seen)) {
      Wrong(read, seen, "answered with the older record at " + PlaceText(evidence_, answered));
    } else if (const std::string field = WrongField(log_.id(seen), read); !field.empty()) {
      Wrong(read, seen, "answered with " + field);
    }
  }

  // Of a UnaryRead or a ListedPayment whose content is right: what else of it is not; empty: nothing.
  template <typename Answer>
  std::string WrongField(uint32_t number, const Answer& answer) const {
    if (answer.amount_differs) return "an `amount` that is not the nearest double to its exact_amount";
    if (answer.processed_at_s == kNotTold) return {};
    int64_t right_s = 0;
    for (const LogPlace place : by_id_.Of(number)) {
      const LogRecord& record = log_.record(place);
      if (record.content_hash != answer.content_hash) continue;
      if (record.processed_at_s == answer.processed_at_s) return {};
      right_s = record.processed_at_s;
    }
    return fmt::format("processed_at {} where the record's timestamp is {}", answer.processed_at_s, right_s);
  }

  void Wrong(const UnaryRead& read, LogPlace seen, const std::string& what) {
    findings_.Add(evidence_.damage.log_is_whole(-1), [&] {
      Violation violation = AtPlace(evidence_, seen);
      violation.causes = Cause::kServer;
      violation.client = history_.clients[read.client].name;
      violation.time_ns = read.answered_ns;
      violation.sentence =
          fmt::format("GetPayment on {}{}, asked {} after client {} had received {}, {}", ServerName(read.server),
                      read.min_position ? " with that position" : "", MomentText(history_, read.asked_ns),
                      violation.client, PlaceText(evidence_, seen), what);
      return violation;
    });
  }

  // Whether the client's times can be what they say: what it received before it was sent shows nothing to have been
  // there by then.
  bool TellsTime(const Client& client) const {
    return std::all_of(client.deliveries.begin(), client.deliveries.end(), [&](const Delivery& delivery) {
      const Send* send = FindSend(history_, delivery.rec);
      return !delivery.time_is_replaced && (send == nullptr || delivery.time_ns >= send->sent_ns);
    });
  }

  // By partition, the greatest offset that the server had streamed to anybody before the traversal began.
  std::vector<int64_t> StreamedBefore(const ListWalk& walk) const {
    std::vector<int64_t> streamed(static_cast<size_t>(log_.partitions()), -1);
    const std::string& address = history_.probed[walk.server].address;
    for (size_t i = 0; i < history_.clients.size(); ++i) {
      const Client& client = history_.clients[i];
      if (!tells_time_[i]) continue;
      for (const Delivery& delivery : client.deliveries) {
        if (delivery.time_ns >= walk.begin_ns || delivery.offset < 0 || delivery.partition < 0) continue;
        if (delivery.connection >= client.connections.size()) continue;
        if (client.connections[delivery.connection].server != address) continue;
        if (log_.Find(delivery.partition, delivery.offset) == kNoPlace) continue;  // PHANTOM's: it shows nothing
        int64_t& greatest = streamed[static_cast<size_t>(delivery.partition)];
        greatest = std::max(greatest, delivery.offset);
      }
    }
    return streamed;
  }

  void CheckWalk(const ListWalk& walk) {
    if (walk.cut) {
      ++cut_;
    } else if (!IsAnswer(walk.code)) {
      CheckUnanswered(walk);
    }
    if (walk.payments.empty() && !walk.whole) return;
    // What the server had to know when the traversal began, by the id's number.
    const std::vector<LogPlace> least =
        FoldOfLeft(log_, lows_, walk.quiet ? AuditedLasts(history_, log_) : StreamedBefore(walk));
    std::vector<bool> listed(least.size());
    for (const ListedPayment& payment : walk.payments) {
      findings_.Judged();
      const uint32_t number = log_.NumberOf(payment.id_hash);
      if (number == kNoPlace) {
        if (history_.interrupted) ++unread_;
        if (!history_.interrupted) Wrong(walk, payment.id_hash, kNoPlace, "which the topic does not have");
        continue;
      }
      if (listed[number] && StaysWhole(number)) Wrong(walk, payment.id_hash, least[number], "twice");
      listed[number] = true;
      CheckListed(walk, payment, number, least[number]);
    }
    if (!walk.whole || walk.code != kOk) return;
    if (walk.quiet && walk.total_count >= 0) CheckTotal(walk);
    for (size_t number = 0; number < least.size(); ++number) {
      if (least[number] == kNoPlace) continue;
      findings_.Judged();
      if (!listed[number]) Wrong(walk, log_.record(least[number]).id_hash, least[number], {});
    }
  }

  // A payment whose first record leaves the topic goes to the place of its next one, where it may come again.
  bool StaysWhole(uint32_t number) const {
    const auto places = by_id_.Of(number);
    return std::all_of(places.begin(), places.end(), [this](LogPlace place) { return Stays(place); });
  }

  // When nothing changes any more, what a page says matches is what the pages have.
  void CheckTotal(const ListWalk& walk) {
    findings_.Judged();
    if (walk.total_count == static_cast<int64_t>(walk.payments.size())) return;
    findings_.Add([&] {
      Violation violation;
      violation.causes = Cause::kServer;
      violation.time_ns = walk.end_ns;
      violation.sentence =
          fmt::format("a full ListPayments of {} after the drain lists {} payments and says that there are {}",
                      ServerName(walk.server), walk.payments.size(), walk.total_count);
      return violation;
    });
  }

  void CheckUnanswered(const ListWalk& walk) {
    if (walk.code == kUnimplemented && !has_list_[walk.server]) {
      ++unimplemented_;
    } else if (!IsOwed(walk.server, walk.code, walk.quiet, walk.begin_ns, walk.end_ns)) {
      ++unanswered_;
    } else {
      findings_.Judged();
      findings_.Add([&] {
        Violation violation;
        violation.causes = Cause::kServer;
        violation.time_ns = walk.end_ns;
        violation.sentence = fmt::format("ListPayments of {}, asked {}, failed with code {} while the server was ready",
                                         ServerName(walk.server), MomentText(history_, walk.begin_ns), walk.code);
        return violation;
      });
    }
  }

  void CheckListed(const ListWalk& walk, const ListedPayment& payment, uint32_t number, LogPlace least) {
    const LogPlace answered = Greatest(number, payment.content_hash);
    if (answered == kNoPlace) {
      if (history_.interrupted) {
        ++unread_;
      } else {
        const uint64_t expected = least == kNoPlace ? 0 : log_.record(least).content_hash;
        Wrong(walk, payment.id_hash, least,
              "with a content that no record of it has" + DifferencesText(history_, expected, payment.content_hash));
      }
    } else if (least != kNoPlace && FoldKey(log_, answered) < FoldKey(log_, least)) {
      Wrong(walk, payment.id_hash, least, "as the older record at " + PlaceText(evidence_, answered));
    } else if (const std::string field = WrongField(number, payment); !field.empty()) {
      Wrong(walk, payment.id_hash, answered, "with " + field);
    }
  }

  // `what`: how the payment was listed; empty: it was not.
  void Wrong(const ListWalk& walk, uint64_t id_hash, LogPlace place, const std::string& what) {
    findings_.Add(evidence_.damage.log_is_whole(-1), [&] {
      Violation violation = place == kNoPlace ? Violation() : AtPlace(evidence_, place);
      violation.causes = Cause::kServer;
      violation.id_hash = id_hash;
      violation.time_ns = walk.end_ns;
      const std::string known = place == kNoPlace ? "" : ", known from " + PlaceText(evidence_, place);
      const std::string moment = walk.quiet ? "after the drain" : MomentText(history_, walk.begin_ns);
      violation.sentence =
          fmt::format("a full ListPayments of {} {} {} payment {}{}{}", ServerName(walk.server), moment,
                      what.empty() ? "lacks" : "lists", PaymentText(id_hash), what.empty() ? "" : " " + what, known);
      return violation;
    });
  }

  const Evidence& evidence_;
  const History& history_;
  const LogIndex& log_;
  const PlacesById by_id_;
  Findings findings_{"UNARY_AGREE"};
  std::vector<std::vector<Interval>> answer_spans_;  // by probed server
  std::vector<bool> tells_time_;                     // by client
  std::vector<int64_t> lows_;                        // by partition: what is below it was trimmed during the run
  std::vector<bool> has_get_, has_list_;             // likewise: it answered one such call
  int64_t unanswered_ = 0;
  int64_t unimplemented_ = 0;
  int64_t cut_ = 0;
  int64_t unread_ = 0;
};

}  // namespace

CheckResult CheckUnaryAgree(const Evidence& evidence) {
  const History& history = evidence.history;
  Findings findings("UNARY_AGREE");
  if (!history.audited) return findings.NotApplicable("the topic was not audited");
  if (history.reads.empty() && history.walks.empty()) {
    return findings.NotApplicable("no server was asked: no client told where a record stands");
  }
  return UnaryAgree(evidence).Check();
}

}  // namespace harness
