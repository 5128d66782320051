#include "stream/payment_store.h"

#include <algorithm>
#include <utility>

namespace pipeline {
namespace {

constexpr int64_t kPaymentsInBlock = 1024;
// Of a payment in the indices: a slot of the id's table that is seven eighths full at most, its place in the list, and
// its place among the winners, both in blocks that are mostly three quarters full.
constexpr int64_t kIndexBytes = 70;

int64_t HistoryBytes(const StoredPayment& stored) { return stored.history == nullptr ? 0 : stored.history->bytes(); }

PaymentHistory& HistoryOf(StoredPayment* stored) {
  if (stored->history == nullptr) stored->history = std::make_unique<PaymentHistory>();
  return *stored->history;
}

}  // namespace

void PaymentStore::Start(int32_t partition_count, bool compacted) {
  by_id_.Clear();
  payments_.clear();
  slots_ = 0;
  vacant_.clear();
  size_ = 0;
  built_in_ = 0;
  compacted_ = compacted;
  out_of_bytes_ = false;
  partitions_ = std::deque<Partition>(static_cast<size_t>(partition_count) + 1);
  kind_counts_ = {};
  bytes_ = 0;
  not_taken_ = 0;
  expired_ = 0;
}

int64_t PaymentStore::Cost(const LogRecord& record) {
  return static_cast<int64_t>(record.id.capacity()) + record.frame.bytes.allocated_bytes();
}

int PaymentStore::KindOf(const LogRecord& record) {
  return static_cast<int>(record.provider) * kStatusCount + static_cast<int>(record.status);
}

const StoredPayment* PaymentStore::Find(std::string_view id) const { return by_id_.Find(id); }

void PaymentStore::AddBuiltIn(LogRecord record) {
  record.partition = -1;
  record.offset = built_in_;
  bool inserted = false;
  by_id_.FindOrAdd(record.id, &inserted, [&] { return Insert(std::move(record)); });
  if (inserted) ++built_in_;
}

void PaymentStore::Apply(LogRecord record) {
  if (IsBelowLow(record.partition, record.offset)) return;  // it left while it was on its way
  // Once it has let a payment go, an older record of that one must not come in its place.
  const bool full = !complete() || size() >= limits_.payments_max || bytes_ >= limits_.bytes_max;
  if (full && by_id_.Find(record.id) == nullptr) {
    if (++not_taken_ == 1) out_of_bytes_ = size() < limits_.payments_max;
    return;
  }
  bool inserted = false;
  const Position place = record.position();
  StoredPayment* stored = by_id_.FindOrAdd(record.id, &inserted, [&] { return Insert(std::move(record)); });
  if (inserted) return;
  Add(stored, std::move(record));
  if (compacted_) Cut(stored, place.partition, place.offset);
  if (bytes_ > limits_.bytes_max && stored->record.partition >= 0) LetGo(stored);
}

void PaymentStore::Delete(int32_t partition, int64_t offset, std::string_view id) {
  if (StoredPayment* stored = by_id_.Find(id)) Cut(stored, partition, offset);
}

StoredPayment* PaymentStore::Insert(LogRecord record) {
  StoredPayment* stored = nullptr;
  if (!vacant_.empty()) {
    stored = vacant_.back();
    vacant_.pop_back();
  } else {
    if (slots_ % kPaymentsInBlock == 0) payments_.push_back(std::make_unique<StoredPayment[]>(kPaymentsInBlock));
    stored = &payments_.back()[slots_++ % kPaymentsInBlock];
  }
  ++size_;
  bytes_ += static_cast<int64_t>(sizeof(StoredPayment)) + kIndexBytes;
  stored->record = std::move(record);
  stored->first_partition = stored->record.partition;
  stored->first_offset = stored->record.offset;
  At(stored->first_partition).places.Insert(stored->first_offset, stored, KindOf(stored->record));
  AddWinner(stored);
  return stored;
}

void PaymentStore::Add(StoredPayment* stored, LogRecord record) {
  const bool wins = Wins(record, stored->record);
  const int64_t history_bytes = HistoryBytes(*stored);
  AddPlace(stored, record, wins);
  if (stored->history != nullptr) stored->history->Outlive(record);
  if (!wins) {
    HistoryOf(stored).AddCandidate(std::move(record));
  } else {
    if (record.partition != stored->record.partition) HistoryOf(stored).Demote(stored->record);
    SetWinner(stored, std::move(record));
  }
  CountHistory(stored, history_bytes);
}

// The places need not be written down while there are only two: the first one and the winner's.
void PaymentStore::AddPlace(StoredPayment* stored, const LogRecord& record, bool wins) {
  if (stored->history == nullptr || !stored->history->has_places()) {
    const bool winner_is_first = stored->record.position() == stored->first();
    if (winner_is_first && wins) return;
    if (!winner_is_first) HistoryOf(stored).AddPlace(stored->record.position());
  }
  HistoryOf(stored).AddPlace(record.position());
}

template <typename Gone>
bool PaymentStore::Settle(StoredPayment* stored, const Gone& gone) {
  const Position winner = stored->record.position();
  const Position first = stored->first();
  const bool winner_is_gone = gone(winner.partition, winner.offset);
  std::optional<Position> next = first;
  const int64_t history_bytes = HistoryBytes(*stored);
  if (gone(first.partition, first.offset)) {
    if (stored->history != nullptr && stored->history->has_places()) {
      next = stored->history->TakeFirstPlace(gone);
    } else {
      next = winner_is_gone ? std::nullopt : std::optional(winner);
    }
  }
  bytes_ += HistoryBytes(*stored) - history_bytes;
  if (!next) {
    Remove(stored);
    return false;
  }
  const int64_t bytes_left = HistoryBytes(*stored);
  if (*next != first) {
    At(first.partition).places.Erase(first.offset);
    stored->first_partition = next->partition;
    stored->first_offset = next->offset;
    At(next->partition).places.Insert(next->offset, stored, KindOf(stored->record));
  }
  // Something that counts is left, so there is one of it that wins.
  if (winner_is_gone) SetWinner(stored, *stored->history->TakeBest(gone));
  CountHistory(stored, bytes_left);
  return true;
}

void PaymentStore::Cut(StoredPayment* stored, int32_t partition, int64_t offset) {
  const auto gone = [&](int32_t of_partition, int64_t of_offset) {
    return of_partition == partition ? of_offset < offset : IsBelowLow(of_partition, of_offset);
  };
  if (stored->history != nullptr) {
    const int64_t history_bytes = HistoryBytes(*stored);
    stored->history->Forget(gone);
    CountHistory(stored, history_bytes);
  }
  Settle(stored, gone);
}

void PaymentStore::SetLow(int32_t partition, int64_t low) { At(partition).low = std::max(At(partition).low, low); }

bool PaymentStore::Trim(int64_t steps_max) {
  const auto gone = [this](int32_t partition, int64_t offset) { return IsBelowLow(partition, offset); };
  for (int32_t p = 0; p < partition_count(); ++p) {
    const int64_t low = At(p).low;
    for (const PaymentsByOffset* const order : {&At(p).places, &At(p).winners}) {
      for (auto first = order->First(); first && first->offset < low; first = order->First()) {
        if (steps_max-- <= 0) return false;
        if (!Settle(first->payment, gone)) ++expired_;
      }
    }
  }
  return true;
}

void PaymentStore::CountHistory(StoredPayment* stored, int64_t bytes_before) {
  PaymentHistory* const history = stored->history.get();
  if (history != nullptr) {
    // Then the first one and the winner's are all that there are.
    if (history->only_place_is(stored->record.position())) history->ForgetPlaces();
    if (history->empty()) stored->history.reset();
  }
  bytes_ += HistoryBytes(*stored) - bytes_before;
}

void PaymentStore::LetGo(StoredPayment* stored) {
  if (++not_taken_ == 1) out_of_bytes_ = true;
  Remove(stored);
}

void PaymentStore::Remove(StoredPayment* stored) {
  bytes_ -= HistoryBytes(*stored) + static_cast<int64_t>(sizeof(StoredPayment)) + kIndexBytes;
  At(stored->first_partition).places.Erase(stored->first_offset);
  RetireWinner(*stored);
  by_id_.Erase(stored->record.id);
  stored->record = LogRecord();
  stored->history.reset();
  vacant_.push_back(stored);
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

void PaymentStore::SetWinner(StoredPayment* stored, LogRecord record) {
  const int kind_before = KindOf(stored->record);
  RetireWinner(*stored);
  if (record.id.empty()) record.id = std::move(stored->record.id);  // one of its history
  stored->record = std::move(record);
  AddWinner(stored);
  const int kind = KindOf(stored->record);
  if (kind != kind_before) At(stored->first_partition).places.SetKind(stored->first_offset, kind);
}

void PaymentStore::AddWinner(StoredPayment* stored) {
  bytes_ += Cost(stored->record);
  const int kind = KindOf(stored->record);
  ++kind_counts_[kind];
  At(stored->record.partition).winners.Insert(stored->record.offset, stored, kind);
}

// Called while `stored` still is the winner.
void PaymentStore::RetireWinner(const StoredPayment& stored) {
  bytes_ -= Cost(stored.record);
  --kind_counts_[KindOf(stored.record)];
  At(stored.record.partition).winners.Erase(stored.record.offset);
}

ListPage PaymentStore::List(const Filter& filter, const std::optional<ListPlace>& after, int32_t limit,
                            int64_t bytes_max) const {
  uint32_t kinds = 0;
  ListPage page;
  for (int kind = 0; kind < PaymentsByOffset::kKindCount; ++kind) {
    const auto provider = static_cast<Provider>(kind / kStatusCount);
    const auto status = static_cast<PaymentStatus>(kind % kStatusCount);
    if (!filter.Matches(provider, status) || kind_counts_[kind] == 0) continue;
    kinds |= uint32_t{1} << kind;
    page.total_count += kind_counts_[kind];
  }
  int64_t bytes = 0;
  const int32_t first = after ? after->partition : -1;
  for (int32_t p = first; p < partition_count() && !page.next; ++p) {
    const int64_t behind = after && p == first ? after->first_offset : -1;
    partitions_[p + 1].places.ForEach(behind, INT64_MAX, kinds, [&](const StoredPayment& payment) {
      bytes += static_cast<int64_t>(payment.record.frame.payment().size());
      const bool full = static_cast<int32_t>(page.payments.size()) == limit || bytes > bytes_max;
      if (full && !page.payments.empty()) {
        page.next = {page.payments.back()->first_partition, page.payments.back()->first_offset};
        return false;
      }
      page.payments.push_back(&payment);
      return true;
    });
  }
  return page;
}

}  // namespace pipeline
