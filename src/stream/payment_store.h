// The payments as the topic's records leave them: a fold. Per payment id the record with the greatest (status rank,
// created_at, partition, offset) wins, so that all replicas agree however partitions interleave. Owned by ReplicaState;
// pure; not thread-safe.
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
#include "stream/ordered_bitmap.h"
#include "stream/payment_index.h"
#include "stream/winner_list.h"

namespace pipeline {

// The winning record of one payment id.
struct StoredPayment {
  LogRecord record;
  int32_t first_partition = 0;  // of the id's first record that was applied: its place in the list, for ever
  int64_t first_offset = 0;
  uint64_t list_index = 0;  // of the place, within first_partition
};

// A place in the list's order (partition, first offset of the id). Built-in payments are in partition -1.
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

  // Empties it. `partition_count`: partitions 0 to count - 1.
  void Start(int32_t partition_count);
  void AddPartition() { partitions_.emplace_back(); }
  int32_t partition_count() const { return static_cast<int32_t>(partitions_.size()) - 1; }
  int64_t size() const { return size_; }
  const StoreLimits& limits() const { return limits_; }
  // Nine tenths of a limit are reached.
  bool nearly_full() const;
  // What an incomplete store had no room for, as the end of "the topic has more"; for people.
  std::string LimitText() const;
  bool complete() const { return not_taken_ == 0; }
  int64_t not_taken() const { return not_taken_; }  // records, since Start
  // What the payments take: entries, ids, indices, and the frames of their records (which the log window may share).
  // What the allocator adds is not counted.
  int64_t bytes() const { return bytes_; }

  // A payment that is not in the log (demo data). Every record of the log wins over it. An id that is there is kept.
  void AddBuiltIn(LogRecord record);
  // Records of one partition come in ascending order of their offsets.
  void Apply(LogRecord record);

  const StoredPayment* Find(std::string_view id) const;

  // A page of at most `limit` (1 or more) payments behind `after` (absent: from the start), and of at most `bytes_max`
  // serialised bytes, but one payment at least. Its cost does not depend on what comes before it, nor on what does not
  // match.
  ListPage List(const Filter& filter, const std::optional<ListPlace>& after, int32_t limit, int64_t bytes_max) const;

  // Calls visit(payment) for the payments whose winning record is in `partition` with after < offset <= until, in
  // ascending order of that offset, until it returns false.
  template <typename Visitor>
  void ForEachWinner(int32_t partition, int64_t after, int64_t until, const Visitor& visit) const {
    partitions_[partition + 1].winners.ForEach(after, until, visit);
  }

 private:
  static constexpr int kProviderCount = 4;
  static constexpr int kStatusCount = 5;
  static constexpr int kClassCount = kProviderCount * kStatusCount;

  // Partition p is at [p + 1]; the built-in payments are at [0].
  struct Partition {
    WinnerList winners;
    std::deque<StoredPayment*> places;               // in list order
    std::array<OrderedBitmap, kClassCount> classes;  // indices into places, by provider and status of the winner
  };

  static int64_t Cost(const StoredPayment& stored);
  static int ClassOf(const LogRecord& record);
  static bool Wins(const LogRecord& challenger, const LogRecord& holder);
  Partition& At(int32_t partition) { return partitions_[partition + 1]; }
  StoredPayment* Insert(LogRecord record);
  void Replace(StoredPayment* stored, LogRecord record);
  // Its place in the list stays empty.
  void Remove(StoredPayment* stored);
  void AddWinner(StoredPayment* stored);
  void RetireWinner(const StoredPayment& stored);
  static uint64_t FirstPlaceBehind(const Partition& partition, int64_t first_offset);

  // Stable addresses. In blocks of a fixed size, of which one more is all that growth ever costs.
  std::vector<std::unique_ptr<StoredPayment[]>> payments_;
  int64_t slots_ = 0;  // that are in use, or were
  int64_t size_ = 0;
  PaymentIndex by_id_;
  std::vector<Partition> partitions_ = std::vector<Partition>(1);
  std::array<int64_t, kClassCount> class_counts_{};
  const StoreLimits limits_;
  bool out_of_bytes_ = false;  // rather than payments
  int64_t bytes_ = 0;
  int64_t not_taken_ = 0;
};

}  // namespace pipeline
