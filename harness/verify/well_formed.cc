#include "harness/verify/well_formed.h"

#include <fmt/format.h>

#include <string>

#include "harness/verify/sent_record.h"

namespace harness {
namespace {

class WellFormed {
 public:
  explicit WellFormed(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    for (const Claim& claim : history_.claims) CheckClaim(claim);
    for (size_t i = 0; i < history_.producers.size(); ++i) {
      if (history_.producers[i].has_acks && IsProcessProducer(history_, i)) CheckProducer(i);
    }
    for (const Client& client : history_.clients) {
      if (client.observed && !client.embedded) CheckClient(client);
    }
    for (const JournaledServer& server : history_.servers) {
      findings_.Judged(static_cast<int64_t>(server.lives.size() + server.streams.size() + server.events.size()));
    }
    return findings_.Finish();
  }

 private:
  struct Subject {
    std::string name;
    Causes causes;
  };
  Subject SubjectOf(const Claim& claim) const {
    switch (claim.subject) {
      case SubjectKind::kClient:
        return {"client " + history_.clients[claim.index].name,
                claim.kind == ClaimKind::kContent ? kDeliveryHops : Causes(Cause::kClient)};
      case SubjectKind::kProducer:
        return {"producer " + history_.producers[claim.index].name, Cause::kProducer};
      case SubjectKind::kServer:
        break;
    }
    return {"server " + history_.servers[claim.index].name, Cause::kServer};
  }

  void CheckClaim(const Claim& claim) {
    findings_.Judged(claim.count);
    findings_.Add(true, [&] {
      const Subject subject = SubjectOf(claim);
      Violation violation;
      violation.causes = subject.causes;
      if (claim.subject == SubjectKind::kClient) violation.client = history_.clients[claim.index].name;
      violation.time_ns = claim.time_ns;
      violation.sentence = fmt::format("{} wrote what can't be true: {}", subject.name, claim.what);
      if (claim.count > 1) violation.sentence += fmt::format(" ({} such lines)", claim.count);
      return violation;
    });
  }

  void CheckProducer(size_t producer) {
    const std::vector<Send>& sends = history_.producers[producer].sends;
    for (size_t i = 0; i < sends.size(); ++i) {
      const Send& send = sends[i];
      if (send.sent_ns == 0 || send.time_is_replaced) continue;
      findings_.Judged();
      if (send.acked_ns == 0 || send.acked_ns >= send.sent_ns) continue;
      findings_.Add(true, [&] {
        Violation violation;
        violation.causes = Cause::kProducer;
        violation.rec = Rec::Make(static_cast<uint16_t>(producer), i + 1);
        violation.time_ns = send.sent_ns;
        violation.sentence = fmt::format("producer {} was told the outcome of {} {} before it sent it",
                                         history_.producers[producer].name, RecText(history_, violation.rec),
                                         TimeText(send.sent_ns - send.acked_ns));
        return violation;
      });
    }
  }

  void CheckClient(const Client& client) {
    for (const Delivery& delivery : client.deliveries) {
      const Send* send = delivery.time_is_replaced ? nullptr : FindSend(history_, delivery.rec);
      findings_.Judged();
      if (send == nullptr || send->sent_ns == 0 || send->time_is_replaced) continue;
      if (delivery.time_ns >= send->sent_ns) continue;
      // What carries that name may be another record than the one that was sent under it.
      const LogPlace place = evidence_.log.Find(delivery.partition, delivery.offset);
      if (place != kNoPlace && SentProblemOf(evidence_, place)) continue;
      findings_.Add(true, [&] {
        Violation violation;
        violation.causes = IsProcessProducer(history_, delivery.rec.producer())
                               ? Causes{Cause::kProducer, Cause::kClient}
                               : Causes(Cause::kClient);
        violation.client = client.name;
        violation.partition = delivery.partition;
        violation.offset = delivery.offset;
        violation.rec = delivery.rec;
        violation.id_hash = delivery.id_hash;
        violation.time_ns = delivery.time_ns;
        violation.sentence =
            fmt::format("client {} says that it received {} {}, which is {} before it was sent", client.name,
                        PlaceText(history_, delivery.partition, delivery.offset, delivery.id_hash, delivery.rec),
                        MomentText(history_, delivery.time_ns), TimeText(send->sent_ns - delivery.time_ns));
        return violation;
      });
    }
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"WELL_FORMED"};
};

}  // namespace

CheckResult CheckWellFormed(const Evidence& evidence) { return WellFormed(evidence).Check(); }

}  // namespace harness
