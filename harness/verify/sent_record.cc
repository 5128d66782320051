#include "harness/verify/sent_record.h"

namespace harness {

std::optional<SentProblem> SentProblemOf(const Evidence& evidence, LogPlace place) {
  const History& history = evidence.history;
  const LogRecord& record = evidence.log.record(place);
  if (!record.rec.has_value()) return std::nullopt;
  const size_t producer = record.rec.producer();
  if (producer >= history.producers.size()) {
    return SentProblem{Cause::kBroker, "and no producer of this run has that name"};
  }
  if (!history.producers[producer].has_acks) return std::nullopt;
  const Send* send = FindSend(history, record.rec);
  if (send == nullptr) {
    if (history.interrupted) return std::nullopt;
    return SentProblem{WriterCause(history, producer), "which its producer never sent"};
  }
  if (send->outcome == Outcome::kFail) {
    return SentProblem{ProducerCauses(history, producer), "of which its producer was told that it was not persisted"};
  }
  if (!record.valid && send->content_hash != 0) {
    return SentProblem{ProducerCauses(history, producer), "where a valid payment was sent"};
  }
  if (record.content_hash != send->content_hash) {
    return SentProblem{WriterCause(history, producer), "with another content than was sent"};
  }
  return std::nullopt;
}

}  // namespace harness
