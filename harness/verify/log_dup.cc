#include "harness/verify/log_dup.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/verify/producer_faults.h"
#include "harness/verify/sent_record.h"

namespace harness {
namespace {

class LogDup {
 public:
  explicit LogDup(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    if (!history_.audited) return findings_.NotApplicable("the topic was not audited");
    for (size_t i = 0; i < history_.producers.size(); ++i) {
      promised_.push_back(PromisesIdempotence(evidence_, i, &findings_));
    }
    for (LogPlace place = 0; place < evidence_.log.size(); ++place) CheckRecord(place);
    if (tolerated_ > 0) {
      findings_.Note(fmt::format("{} records are there again after a fault or in doubt", tolerated_));
    }
    return findings_.Finish();
  }

 private:
  void CheckRecord(LogPlace place) {
    const Rec rec = evidence_.log.record(place).rec;
    if (!rec.has_value() || rec.producer() >= promised_.size() || !promised_[rec.producer()]) return;
    findings_.Judged();
    const auto places = evidence_.log.Places(rec);
    if (places.size() < 2 || places.front() == place) return;
    const Send* send = FindSend(history_, rec);
    if (send == nullptr) return;
    if (IsExplained(rec, *send, places)) {
      ++tolerated_;
      return;
    }
    findings_.Add(true, [&] {
      Violation violation = AtPlace(evidence_, place);
      const auto problem = SentProblemOf(evidence_, place);  // another content under the same name
      violation.causes = problem ? problem->causes : ProducerCauses(history_, rec.producer());
      violation.sentence = fmt::format(
          "the log holds {} again, after {}: its producer was told OK, and nothing that went wrong between it and the "
          "topic explains it",
          PlaceText(evidence_, place), PlaceText(evidence_, places.front()));
      return violation;
    });
  }

  bool IsExplained(Rec rec, const Send& send, std::span<const LogPlace> places) const {
    if (send.outcome != Outcome::kOk) return true;
    int64_t end_ns = send.acked_ns;
    for (const LogPlace place : places) end_ns = std::max(end_ns, evidence_.log.record(place).seen_ns);
    return FaultOfProducer(evidence_, rec.producer(), send.sent_ns, end_ns) != nullptr;
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"LOG_DUP"};
  std::vector<bool> promised_;  // by producer
  int64_t tolerated_ = 0;
};

}  // namespace

CheckResult CheckLogDup(const Evidence& evidence) { return LogDup(evidence).Check(); }

}  // namespace harness
