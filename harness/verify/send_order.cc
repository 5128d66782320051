#include "harness/verify/send_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/verify/producer_faults.h"

namespace harness {
namespace {

class SendOrder {
 public:
  explicit SendOrder(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    if (!history_.audited) return findings_.NotApplicable("the topic was not audited");
    for (size_t i = 0; i < history_.producers.size(); ++i) {
      if (PromisesIdempotence(evidence_, i, &findings_)) CheckProducer(i);
    }
    if (tolerated_ > 0) findings_.Note(fmt::format("{} records were overtaken in a fault", tolerated_));
    return findings_.Finish();
  }

 private:
  struct Sent {
    const Send* send = nullptr;
    LogPlace place = kNoPlace;
  };

  void CheckProducer(size_t producer) {
    std::vector<Sent> last(static_cast<size_t>(evidence_.log.partitions()));
    const auto& sends = history_.producers[producer].sends;
    for (size_t i = 0; i < sends.size(); ++i) {
      const Send& send = sends[i];
      if (send.sent_ns == 0 || send.outcome != Outcome::kOk) continue;
      const Sent sent{&send, PlaceOf(Rec::Make(static_cast<uint16_t>(producer), i + 1), send)};
      if (sent.place == kNoPlace) continue;
      Sent& before = last[static_cast<size_t>(evidence_.log.partition(sent.place))];
      if (before.send != nullptr) {
        findings_.Judged();
        if (sent.place < before.place) OutOfOrder(producer, before, sent);
      }
      before = sent;
    }
  }

  LogPlace PlaceOf(Rec rec, const Send& send) const {
    const auto places = evidence_.log.Places(rec);
    for (const LogPlace place : places) {
      if (evidence_.log.partition(place) == send.partition) return place;
    }
    if (!places.empty()) return places.front();
    const LogPlace told = send.offset < 0 ? kNoPlace : evidence_.log.Find(send.partition, send.offset);
    if (told == kNoPlace) return kNoPlace;
    const LogRecord& record = evidence_.log.record(told);
    return !record.rec.has_value() && record.content_hash == send.content_hash ? told : kNoPlace;
  }

  void OutOfOrder(size_t producer, const Sent& before, const Sent& sent) {
    const int64_t end_ns = std::max(before.send->acked_ns, sent.send->acked_ns);
    if (FaultOfProducer(evidence_, producer, before.send->sent_ns, end_ns) != nullptr) {
      ++tolerated_;
      return;
    }
    findings_.Add(true, [&] {
      Violation violation = AtPlace(evidence_, sent.place);
      violation.causes = ProducerCauses(history_, producer);
      violation.sentence =
          fmt::format("producer {} sent {} after {}, and the log has it before", history_.producers[producer].name,
                      PlaceText(evidence_, sent.place), PlaceText(evidence_, before.place));
      return violation;
    });
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"SEND_ORDER"};
  int64_t tolerated_ = 0;
};

}  // namespace

CheckResult CheckSendOrder(const Evidence& evidence) { return SendOrder(evidence).Check(); }

}  // namespace harness
