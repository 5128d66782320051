// Takes messages into the replica: makes records of them, counts and journals them, and applies a batch at a time.
// Owned and called by KafkaReader's thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "payment/payment.h"
#include "server/kafka/dead_letters.h"
#include "server/kafka/record_maker.h"
#include "server/kafka/reject_log.h"
#include "server/kafka/tombstones.h"
#include "server/ops/server_counters.h"
#include "server/ops/server_journal.h"
#include "server/ops/server_status.h"
#include "server/replica.h"

namespace pipeline {

class RecordIntake {
 public:
  // `journal`, `dead_letters`: null: none.
  RecordIntake(Replica* replica, ServerStatus* status, RejectLog* rejects, ServerJournal* journal,
               DeadLetters* dead_letters, ServerCounters* counters, Tombstones tombstones)
      : replica_(replica),
        status_(status),
        rejects_(rejects),
        journal_(journal),
        dead_letters_(dead_letters),
        counters_(counters),
        tombstones_(tombstones) {}

  // The replica was begun anew, with a topic that is compacted or not.
  void Restart(bool compacted);
  // A record, or a partition's end: all of the partition below `next_offset` has been seen with it.
  void Take(const rd_kafka_message_t& message, uint32_t record_crc32c, int64_t next_offset);
  // What was taken since the last time: in the journal first, then in the replica.
  void Apply();
  // Forgets it instead.
  void Drop();

 private:
  // What a record of the batch does to the replica.
  struct Change {
    LogRecord record;      // deletes: of it partition, offset, and as its id the key
    bool deletes = false;  // what its partition held under the key; the record itself is not applied
  };
  void TakeRecord(const rd_kafka_message_t& message, uint32_t record_crc32c);
  void TakeDeletion(const rd_kafka_message_t& message);
  void CountProgress(const rd_kafka_message_t& message);
  // After records were applied: says so once when the store is nearly full, and when it could not take a payment.
  struct StoreNews {
    int64_t not_kept = 0;  // records
    bool nearly_full = false;
    std::string full_text;
    std::string nearly_full_text;
  };
  StoreNews NewsOf(const PaymentStore& store) const;
  void Tell(const StoreNews& news);

  Replica* const replica_;
  ServerStatus* const status_;
  RejectLog* const rejects_;
  ServerJournal* const journal_;
  DeadLetters* const dead_letters_;
  ServerCounters* const counters_;
  const Tombstones tombstones_;
  RecordMaker maker_;
  // Of the batch at hand; reused.
  std::vector<Change> changes_;
  int64_t accepted_ = 0;  // of them
  std::vector<std::pair<int32_t, int64_t>> advances_;
  std::vector<JournaledRecord> journaled_;
  int64_t not_kept_ = 0;      // records since the replica was begun, as the store says
  bool nearly_full_ = false;  // told
};

}  // namespace pipeline
