#include "server/kafka/record_intake.h"

#include <spdlog/spdlog.h>

#include <atomic>

#include "common/clock.h"

namespace pipeline {

void RecordIntake::Restart(bool compacted) {
  Drop();
  maker_ = RecordMaker(compacted);
  not_kept_ = 0;
  nearly_full_ = false;
  status_->SetComplete(true);
  for (PartitionProgress& progress : counters_->partitions) {
    progress.applied_ms = 0;
    progress.level_at_ms = 0;
  }
}

void RecordIntake::Take(const rd_kafka_message_t& message, uint32_t record_crc32c, int64_t next_offset) {
  CountProgress(message);
  advances_.emplace_back(message.partition, next_offset);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) TakeRecord(message, record_crc32c);
}

void RecordIntake::TakeRecord(const rd_kafka_message_t& message, uint32_t record_crc32c) {
  LogRecord record;
  const RejectReason reason = maker_.Make(message, record_crc32c, &record);
  if (journal_ != nullptr) journaled_.push_back({MonotonicNs(), message.offset, message.partition, reason});
  if (reason == RejectReason::kNone) {
    changes_.push_back({std::move(record), false});
    ++accepted_;
    return;
  }
  const bool has_key = message.key != nullptr;
  const bool tombstone = message.payload == nullptr && has_key;
  const bool deletes = tombstone && (maker_.compacted() || tombstones_ == Tombstones::kDelete);
  // On a compacted topic what is last under a key is all there is of it, whatever it is.
  if (deletes || (maker_.compacted() && has_key)) TakeDeletion(message);
  if (deletes) return counters_->tombstones.Add();
  rejects_->Count(reason, message.partition, message.offset, static_cast<int64_t>(message.key_len + message.len));
  if (dead_letters_ != nullptr) dead_letters_->Offer(message, reason);
}

void RecordIntake::TakeDeletion(const rd_kafka_message_t& message) {
  Change& change = changes_.emplace_back();
  change.deletes = true;
  change.record.partition = message.partition;
  change.record.offset = message.offset;
  change.record.id = MessageKey(message);
}

// What the lag in time is reckoned from. At a partition's end there is none.
void RecordIntake::CountProgress(const rd_kafka_message_t& message) {
  PartitionProgress& progress = counters_->partitions[static_cast<size_t>(message.partition)];
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    progress.level_at_ms.store(WallNs() / 1'000'000, std::memory_order_relaxed);
    return;
  }
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) progress.applied_ms.store(timestamp_ms, std::memory_order_relaxed);
}

void RecordIntake::Apply() {
  if (advances_.empty()) return;
  if (!journaled_.empty()) journal_->Read(journaled_);  // before anybody can be sent any of it
  StoreNews news;                                       // told without the mutex
  replica_->Update([&](ReplicaState& state) {
    for (Change& change : changes_) {
      if (change.deletes) {
        state.Delete(change.record.partition, change.record.offset, change.record.id);
      } else {
        state.Apply(std::move(change.record));
      }
    }
    for (const auto& [partition, next_offset] : advances_) state.Advance(partition, next_offset);
    news = NewsOf(state.store());
  });
  counters_->records_accepted.Add(accepted_);
  Tell(news);
  Drop();
}

void RecordIntake::Drop() {
  changes_.clear();
  accepted_ = 0;
  advances_.clear();
  journaled_.clear();
}

RecordIntake::StoreNews RecordIntake::NewsOf(const PaymentStore& store) const {
  StoreNews news{store.not_taken(), store.nearly_full(), "", ""};
  if (news.not_kept != not_kept_) news.full_text = store.LimitText();
  if (news.nearly_full && !nearly_full_) {
    news.nearly_full_text = std::to_string(store.size()) + " payments (--max-payments " +
                            std::to_string(store.limits().payments_max) + "), " + std::to_string(store.bytes()) +
                            " bytes of them (--max-store-bytes " + std::to_string(store.limits().bytes_max) + ")";
  }
  return news;
}

void RecordIntake::Tell(const StoreNews& news) {
  if (const int64_t before = std::exchange(not_kept_, news.not_kept); before != news.not_kept) {
    counters_->records_not_kept.Add(news.not_kept - before);
    status_->SetComplete(false, news.full_text);
  }
  if (news.nearly_full && !std::exchange(nearly_full_, true)) {
    spdlog::warn("[SERVER] nine tenths of what may be kept are reached: {}", news.nearly_full_text);
  }
}

}  // namespace pipeline
