#include "harness/verify/unary_agree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "harness/verify/fold.h"

namespace harness {
namespace {

constexpr uint8_t kOk = 0;
constexpr uint8_t kNotFound = 5;
// gRPC's numbers of what is no answer: CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED,
// UNIMPLEMENTED, INTERNAL (a connection that broke), UNAVAILABLE.
constexpr std::array<uint8_t, 8> kUnanswered = {1, 2, 4, 8, 10, 12, 13, 14};

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

class UnaryAgree {
 public:
  explicit UnaryAgree(const Evidence& evidence)
      : evidence_(evidence), history_(evidence.history), log_(evidence.log), by_id_(log_) {}

  CheckResult Check() {
    for (const UnaryRead& read : history_.reads) CheckRead(read);
    for (const ListWalk& walk : history_.walks) CheckWalk(walk);
    if (unanswered_ > 0) findings_.Note(fmt::format("{} calls were not answered", unanswered_));
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

  void CheckRead(const UnaryRead& read) {
    if (!IsAnswer(read.code)) {
      ++unanswered_;
      return;
    }
    const LogPlace seen = log_.Find(read.partition, read.offset);
    if (seen == kNoPlace || !log_.record(seen).valid || log_.record(seen).id_hash != read.id_hash) {
      ++unread_;  // what was received is for PHANTOM and AGREE to judge
      return;
    }
    findings_.Judged();
    if (read.code != kOk) {
      Wrong(read, seen, read.code == kNotFound ? "did not find it" : fmt::format("answered with code {}", read.code));
      return;
    }
    const LogPlace answered = Greatest(log_.id(seen), read.content_hash);
    if (answered == kNoPlace) {
      Wrong(read, seen, "answered with a content that no record of it has");
    } else if (FoldKey(log_, answered) < FoldKey(log_, seen)) {
      Wrong(read, seen, "answered with the older record at " + PlaceText(evidence_, answered));
    }
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

  // By partition, the greatest offset that the server had streamed to anybody before the traversal began.
  std::vector<int64_t> StreamedBefore(const ListWalk& walk) const {
    std::vector<int64_t> streamed(static_cast<size_t>(log_.partitions()), -1);
    const std::string& address = history_.probed[walk.server].address;
    for (const Client& client : history_.clients) {
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
    if (!IsAnswer(walk.code)) ++unanswered_;
    if (walk.payments.empty() && !walk.whole) return;
    // What the server had to know when the traversal began, by the id's number.
    const std::vector<LogPlace> least = Fold(log_, walk.quiet ? AuditedLasts(history_, log_) : StreamedBefore(walk));
    std::vector<bool> listed(least.size());
    for (const ListedPayment& payment : walk.payments) {
      findings_.Judged();
      const uint32_t number = log_.NumberOf(payment.id_hash);
      if (number == kNoPlace) {
        if (history_.interrupted) ++unread_;
        if (!history_.interrupted) Wrong(walk, payment.id_hash, kNoPlace, "which the topic does not have");
        continue;
      }
      if (listed[number]) Wrong(walk, payment.id_hash, least[number], "twice");
      listed[number] = true;
      CheckListed(walk, payment, number, least[number]);
    }
    if (!walk.whole || walk.code != kOk) return;
    for (size_t number = 0; number < least.size(); ++number) {
      if (least[number] == kNoPlace) continue;
      findings_.Judged();
      if (!listed[number]) Wrong(walk, log_.record(least[number]).id_hash, least[number], {});
    }
  }

  void CheckListed(const ListWalk& walk, const ListedPayment& payment, uint32_t number, LogPlace least) {
    const LogPlace answered = Greatest(number, payment.content_hash);
    if (answered == kNoPlace) {
      if (history_.interrupted) {
        ++unread_;
      } else {
        Wrong(walk, payment.id_hash, least, "with a content that no record of it has");
      }
    } else if (least != kNoPlace && FoldKey(log_, answered) < FoldKey(log_, least)) {
      Wrong(walk, payment.id_hash, least, "as the older record at " + PlaceText(evidence_, answered));
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
  int64_t unanswered_ = 0;
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
