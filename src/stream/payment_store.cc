#include "stream/payment_store.h"

#include <absl/hash/hash.h>

#include <tuple>
#include <utility>

namespace pipeline {
namespace {

// Below this many superseded winners a compaction is not worth its walk.
constexpr int64_t kCompactionMin = 64;

}  // namespace

PaymentStore::IdProbe::IdProbe(std::string_view wanted) : hash(absl::Hash<std::string_view>()(wanted)), id(wanted) {}

void PaymentStore::Start(int32_t partition_count) {
  by_id_.clear();
  payments_.clear();
  partitions_ = std::vector<Partition>(static_cast<size_t>(partition_count) + 1);
  class_counts_ = {};
  bytes_ = 0;
  not_taken_ = 0;
}

int64_t PaymentStore::Cost(const StoredPayment& stored) {
  return static_cast<int64_t>(sizeof(StoredPayment) + stored.record.id.capacity()) +
         stored.record.frame.bytes.allocated_bytes();
}

int PaymentStore::ClassOf(const LogRecord& record) {
  return static_cast<int>(record.provider) * kStatusCount + static_cast<int>(record.status);
}

bool PaymentStore::Wins(const LogRecord& challenger, const LogRecord& holder) {
  if (holder.partition < 0 || challenger.partition < 0) return challenger.partition >= 0;
  const auto order = [](const LogRecord& record) {
    return std::make_tuple(StatusRank(record.status), record.created_at_s, record.partition, record.offset);
  };
  return order(challenger) > order(holder);
}

const StoredPayment* PaymentStore::Find(std::string_view id) const {
  const auto found = by_id_.find(IdProbe(id));
  return found == by_id_.end() ? nullptr : found->payment;
}

void PaymentStore::AddBuiltIn(LogRecord record) {
  record.partition = -1;
  record.offset = static_cast<int64_t>(At(-1).places.size());
  const IdProbe probe(record.id);
  by_id_.lazy_emplace(probe, [&](const auto& construct) { construct(IdSlot{probe.hash, Insert(std::move(record))}); });
}

void PaymentStore::Apply(LogRecord record) {
  const IdProbe probe(record.id);
  if (size() >= payments_max_ && by_id_.find(probe) == by_id_.end()) {
    ++not_taken_;
    return;
  }
  bool inserted = false;
  const auto slot = by_id_.lazy_emplace(probe, [&](const auto& construct) {
    inserted = true;
    construct(IdSlot{probe.hash, Insert(std::move(record))});
  });
  if (!inserted && Wins(record, slot->payment->record)) Replace(slot->payment, std::move(record));
}

StoredPayment* PaymentStore::Insert(LogRecord record) {
  Partition& partition = At(record.partition);
  StoredPayment& stored = payments_.emplace_back();
  stored.record = std::move(record);
  stored.first_partition = stored.record.partition;
  stored.first_offset = stored.record.offset;
  stored.list_index = partition.places.size();
  partition.places.push_back(&stored);
  AddWinner(&stored);
  return &stored;
}

void PaymentStore::Replace(StoredPayment* stored, LogRecord record) {
  RetireWinner(*stored);
  stored->record = std::move(record);
  AddWinner(stored);
}

void PaymentStore::AddWinner(StoredPayment* stored) {
  bytes_ += Cost(*stored);
  const int kind = ClassOf(stored->record);
  At(stored->first_partition).classes[kind].Insert(stored->list_index);
  ++class_counts_[kind];
  At(stored->record.partition).winners.push_back({stored->record.offset, stored});
}

// Called while `stored` still is the winner; what is left behind in `winners` no longer fits it once it is replaced.
void PaymentStore::RetireWinner(const StoredPayment& stored) {
  bytes_ -= Cost(stored);
  const int kind = ClassOf(stored.record);
  At(stored.first_partition).classes[kind].Erase(stored.list_index);
  --class_counts_[kind];
  Partition& partition = At(stored.record.partition);
  ++partition.superseded;
  if (partition.superseded < kCompactionMin ||
      partition.superseded * 2 < static_cast<int64_t>(partition.winners.size())) {
    return;
  }
  const int32_t number = stored.record.partition;
  std::erase_if(partition.winners,
                [&](const Winner& winner) { return winner.payment == &stored || !IsWinner(winner, number); });
  partition.superseded = 0;
}

uint64_t PaymentStore::FirstPlaceBehind(const Partition& partition, int64_t first_offset) {
  const auto found =
      std::upper_bound(partition.places.begin(), partition.places.end(), first_offset,
                       [](int64_t offset, const StoredPayment* payment) { return offset < payment->first_offset; });
  return static_cast<uint64_t>(found - partition.places.begin());
}

ListPage PaymentStore::List(const Filter& filter, const std::optional<ListPlace>& after, int32_t limit,
                            int64_t bytes_max) const {
  std::vector<int> kinds;
  ListPage page;
  for (int kind = 0; kind < kClassCount; ++kind) {
    const auto provider = static_cast<Provider>(kind / kStatusCount);
    const auto status = static_cast<PaymentStatus>(kind % kStatusCount);
    if (!filter.Matches(provider, status) || class_counts_[kind] == 0) continue;
    kinds.push_back(kind);
    page.total_count += class_counts_[kind];
  }
  int64_t bytes = 0;
  const int32_t first = after ? after->partition : -1;
  for (int32_t p = first; p < partition_count(); ++p) {
    const Partition& partition = partitions_[p + 1];
    uint64_t index = after && p == first ? FirstPlaceBehind(partition, after->first_offset) : 0;
    for (;; ++index) {
      std::optional<uint64_t> next;
      for (int kind : kinds) {
        const std::optional<uint64_t> candidate = partition.classes[kind].Next(index);
        if (candidate && (!next || *candidate < *next)) next = candidate;
      }
      if (!next) break;
      index = *next;
      const StoredPayment* payment = partition.places[index];
      bytes += static_cast<int64_t>(payment->record.frame.payment().size());
      const bool full = static_cast<int32_t>(page.payments.size()) == limit || bytes > bytes_max;
      if (full && !page.payments.empty()) {
        page.next = {page.payments.back()->first_partition, page.payments.back()->first_offset};
        return page;
      }
      page.payments.push_back(payment);
    }
  }
  return page;
}

}  // namespace pipeline
