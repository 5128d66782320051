// Proves that what a catch-up reader has read is of the log that its stream began in. The reader's consumer has
// connections of its own, so contact may be lost there alone, and a topic may have been made again before the replica's
// reader looks. What was read is proved afterwards: when Kafka still holds the replica's newest records, all that was
// read before is of the same log. Made by PaymentServer, asked by catch-up threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/kafka/evidence_reader.h"
#include "server/replica.h"

namespace pipeline {

class LogProof {
 public:
  enum class Answer : uint8_t {
    kSame,
    kAnother,  // the replica's reader has been told
    kUnknown,  // Kafka did not answer in time, or nobody waits any more
  };

  // `on_another` gets the reason; called from the thread that asks.
  LogProof(Replica* replica, EvidenceReader* evidence, std::function<void(const std::string&)> on_another)
      : replica_(replica), evidence_(evidence), on_another_(std::move(on_another)) {}

  // Thread-safe. Waits for Kafka's answer, or until `abandoned`, which is asked some twenty times a second.
  Answer Ask(const std::function<bool()>& abandoned) const;

 private:
  Replica* const replica_;
  EvidenceReader* const evidence_;
  const std::function<void(const std::string&)> on_another_;
};

}  // namespace pipeline
