// The payments as the topic's records leave them: a fold over the records that the topic still holds. Per payment id
// the record with the greatest (status rank, created_at, partition, offset) wins, so that all replicas agree however
// partitions interleave, and however long ago each was started: what has left the topic leaves the store. Owned by
// ReplicaState; pure; not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payment/payment.h"
#include "stream/event_frame.h"
#include "stream/payment_history.h"
#include "stream/payment_index.h"
#include "stream/payments_by_offset.h"

namespace pipeline {

// The winning record of one payment id.
struct StoredPayment {
  LogRecord record;
  // Of the first record of those that count which was applied: its place in the list.
  int32_t first_partition = 0;
  int64_t first_offset = 0;
  std::unique_ptr<PaymentHistory> history;  // null: no records count but that one and the winner

  Position first() const { return {first_partition, first_offset}; }
};

// A place in the list's order (partition, first offset of the id). Built-in payments are in partition -1. A payment
// whose first record has left the topic is at its next one, which is further on (unless its records are in several
// partitions).
struct ListPlace {
  int32_t partition = 0;
  int64_t first_offset = 0;
  bool operator==(const ListPlace&) const = default;
};

struct ListPage {
  std::vector<const StoredPayment*> payments;  // valid until the store changes
  int64_t total_count = 0;                     // payments that match now
  std::optional<ListPlace> next;               // the page's last place when there is more behind it
};

// What a store keeps at most.
struct StoreLimits {
  int64_t payments_max = INT64_MAX;
  int64_t bytes_max = INT64_MAX;  // as PaymentStore::bytes() counts them
};

class PaymentStore {
 public:
  // Beyond its limits a record of a further payment is not taken (those of the log; built-in ones always are), and a
  // payment whose newer record does not fit is let go. From then on the store is incomplete: what it has is right, what
  // it has not may still exist.
  explicit PaymentStore(const StoreLimits& limits = {}) : limits_(limits) {}

  // Empties it. `partition_count`: partitions 0 to count - 1. `compacted`: of all records of a partition with one key
  // the topic may keep the last alone, so that the last is all that counts. The id of each record is its key there.
  void Start(int32_t partition_count, bool compacted = false);
  void AddPartition() { partitions_.emplace_back(); }
  int32_t partition_count() const { return static_cast<int32_t>(partitions_.size()) - 1; }
  bool compacted() const { return compacted_; }
  int64_t size() const { return size_; }
  const StoreLimits& limits() const { return limits_; }
  // Nine tenths of a limit are reached.
  bool nearly_full() const;
  // What an incomplete store had no room for, as the end of "the topic has more"; for people.
  std::string LimitText() const;
  bool complete() const { return not_taken_ == 0; }
  int64_t not_taken() const { return not_taken_; }  // records, since Start
  // What the payments take: entries, ids, indices, the frames of their records (which the log window may share), and
  // what is kept for when those have left the topic. What the allocator adds is not counted, nor the room of payments
  // that are gone, which is used again.
  int64_t bytes() const { return bytes_; }

  // A payment that is not in the log (demo data). Every record of the log wins over it. An id that is there is kept.
  void AddBuiltIn(LogRecord record);
  // Records of one partition come in ascending order of their offsets.
  void Apply(LogRecord record);
  // What the partition holds of payment `id` below `offset`, up to which all was applied, does not count any more.
  void Delete(int32_t partition, int64_t offset, std::string_view id);

  // The topic has no records of the partition below `low` any more: Trim takes them out. It never falls.
  void SetLow(int32_t partition, int64_t low);
  int64_t low(int32_t partition) const { return partitions_[partition + 1].low; }
  // Brings at most `steps_max` payments (of about a microsecond each) up to that. False: there is more to do. Until
  // then those that were not reached are as before.
  bool Trim(int64_t steps_max);
  // Payments of which the topic no longer had any record, since Start.
  int64_t expired() const { return expired_; }

  const StoredPayment* Find(std::string_view id) const;

  // A page of at most `limit` (1 or more) payments behind `after` (absent: from the start), and of at most `bytes_max`
  // serialised bytes, but one payment at least. Its cost does not depend on what comes before it, nor on what does not
  // match.
  ListPage List(const Filter& filter, const std::optional<ListPlace>& after, int32_t limit, int64_t bytes_max) const;

  // Calls visit(payment) for the payments whose winning record is in `partition` with after < offset <= until, in
  // ascending order of that offset, until it returns false.
  template <typename Visitor>
  void ForEachWinner(int32_t partition, int64_t after, int64_t until, const Visitor& visit) const {
    partitions_[partition + 1].winners.ForEach(after, until, PaymentsByOffset::kAllKinds, visit);
  }

 private:
  static constexpr int kStatusCount = 5;

  // Partition p is at [p + 1]; the built-in payments are at [0].
  struct Partition {
    PaymentsByOffset winners;  // by the winner's offset
    PaymentsByOffset places;   // in list order
    int64_t low = 0;
  };

  static int64_t Cost(const LogRecord& record);
  static int KindOf(const LogRecord& record);
  Partition& At(int32_t partition) { return partitions_[partition + 1]; }
  bool IsBelowLow(int32_t partition, int64_t offset) const { return offset < low(partition); }
  StoredPayment* Insert(LogRecord record);
  // One more record of a payment that there is.
  void Add(StoredPayment* stored, LogRecord record);
  void AddPlace(StoredPayment* stored, const LogRecord& record, bool wins);
  // What is gone (partition, offset) does not count any more. False: nothing of the payment does, and it is removed.
  template <typename Gone>
  bool Settle(StoredPayment* stored, const Gone& gone);
  // What `partition` holds of it below `offset` is gone.
  void Cut(StoredPayment* stored, int32_t partition, int64_t offset);
  // Counts the history's bytes anew, or lets it go when it says nothing.
  void CountHistory(StoredPayment* stored, int64_t bytes_before);
  void LetGo(StoredPayment* stored);
  void Remove(StoredPayment* stored);
  void SetWinner(StoredPayment* stored, LogRecord record);
  void AddWinner(StoredPayment* stored);
  void RetireWinner(const StoredPayment& stored);

  // Stable addresses. In blocks of a fixed size, of which one more is all that growth ever costs.
  std::vector<std::unique_ptr<StoredPayment[]>> payments_;
  int64_t slots_ = 0;                  // that are in use, or were
  std::deque<StoredPayment*> vacant_;  // of them, those that were
  int64_t size_ = 0;
  int64_t built_in_ = 0;
  bool compacted_ = false;
  PaymentIndex by_id_;
  std::deque<Partition> partitions_ = std::deque<Partition>(1);
  std::array<int64_t, PaymentsByOffset::kKindCount> kind_counts_{};
  const StoreLimits limits_;
  bool out_of_bytes_ = false;  // rather than payments
  int64_t bytes_ = 0;
  int64_t not_taken_ = 0;
  int64_t expired_ = 0;
};

}  // namespace pipeline
