#include "stream/payment_store.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace pipeline {
namespace {

constexpr int64_t kPaymentsInBlock = 1024;
// Of a payment in the indices: a slot of the id's table that is seven eighths full at most, its place in the list, and
// its places among the winners.
constexpr int64_t kIndexBytes = 64;

}  // namespace

void PaymentStore::Start(int32_t partition_count) {
  by_id_.Clear();
  payments_.clear();
  slots_ = 0;
  size_ = 0;
  out_of_bytes_ = false;
  partitions_ = std::vector<Partition>(static_cast<size_t>(partition_count) + 1);
  class_counts_ = {};
  bytes_ = 0;
  not_taken_ = 0;
}

int64_t PaymentStore::Cost(const StoredPayment& stored) {
  return static_cast<int64_t>(stored.record.id.capacity()) + stored.record.frame.bytes.allocated_bytes();
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

const StoredPayment* PaymentStore::Find(std::string_view id) const { return by_id_.Find(id); }

void PaymentStore::AddBuiltIn(LogRecord record) {
  record.partition = -1;
  record.offset = static_cast<int64_t>(At(-1).places.size());
  bool inserted = false;
  by_id_.FindOrAdd(record.id, &inserted, [&] { return Insert(std::move(record)); });
}

void PaymentStore::Apply(LogRecord record) {
  // Once it has let a payment go, an older record of that one must not come in its place.
  const bool full = !complete() || size() >= limits_.payments_max || bytes_ >= limits_.bytes_max;
  if (full && by_id_.Find(record.id) == nullptr) {
    if (++not_taken_ == 1) out_of_bytes_ = size() < limits_.payments_max;
    return;
  }
  bool inserted = false;
  StoredPayment* stored = by_id_.FindOrAdd(record.id, &inserted, [&] { return Insert(std::move(record)); });
  if (!inserted && Wins(record, stored->record)) Replace(stored, std::move(record));
}

StoredPayment* PaymentStore::Insert(LogRecord record) {
  Partition& partition = At(record.partition);
  if (slots_ % kPaymentsInBlock == 0) payments_.push_back(std::make_unique<StoredPayment[]>(kPaymentsInBlock));
  StoredPayment& stored = payments_.back()[slots_++ % kPaymentsInBlock];
  ++size_;
  bytes_ += static_cast<int64_t>(sizeof(StoredPayment)) + kIndexBytes;
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
  if (bytes_ <= limits_.bytes_max || stored->record.partition < 0) return;
  if (++not_taken_ == 1) out_of_bytes_ = true;
  Remove(stored);
}

void PaymentStore::Remove(StoredPayment* stored) {
  RetireWinner(*stored);
  by_id_.Erase(stored->record.id);
  stored->record = LogRecord();
  --size_;
}

bool PaymentStore::nearly_full() const {
  return size() >= limits_.payments_max / 10 * 9 || bytes_ >= limits_.bytes_max / 10 * 9;
}

std::string PaymentStore::LimitText() const {
  if (!out_of_bytes_) {
    return "payments than the " + std::to_string(limits_.payments_max) + " that this server keeps (--max-payments)";
  }
  return "payments than fit the " + std::to_string(limits_.bytes_max) +
         " bytes that this server keeps (--max-store-bytes)";
}

void PaymentStore::AddWinner(StoredPayment* stored) {
  bytes_ += Cost(*stored);
  const int kind = ClassOf(stored->record);
  At(stored->first_partition).classes[kind].Insert(stored->list_index);
  ++class_counts_[kind];
  At(stored->record.partition).winners.Append(stored->record.offset, stored);
}

// Called while `stored` still is the winner.
void PaymentStore::RetireWinner(const StoredPayment& stored) {
  bytes_ -= Cost(stored);
  const int kind = ClassOf(stored.record);
  At(stored.first_partition).classes[kind].Erase(stored.list_index);
  --class_counts_[kind];
  At(stored.record.partition).winners.Supersede(stored.record.offset);
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
