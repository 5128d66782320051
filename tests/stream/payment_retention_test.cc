// The store holds what the topic holds: whatever was applied, trimmed, deleted and compacted away in whatever order, it
// is the store of one that has read only what is left.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stream/payment_store.h"
#include "stream/stream_cursor.h"
#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

constexpr int64_t kBytesMax = 1'000'000;
constexpr int64_t kAllSteps = 1'000'000;

using Place = std::pair<int32_t, int64_t>;

Place PlaceOf(const StoredPayment& payment) { return {payment.record.partition, payment.record.offset}; }

// All pages: of each payment its id, its winner's place, and its own.
struct Listed {
  std::string id;
  Place winner;
  Place first;
  bool operator==(const Listed&) const = default;
};

std::vector<Listed> List(const PaymentStore& store, const Filter& filter, int32_t limit) {
  std::vector<Listed> all;
  std::optional<ListPlace> after;
  do {
    const ListPage page = store.List(filter, after, limit, kBytesMax);
    for (const StoredPayment* payment : page.payments) {
      all.push_back({payment->record.id, PlaceOf(*payment), {payment->first_partition, payment->first_offset}});
    }
    after = page.next;
  } while (after);
  RC_ASSERT(store.List(filter, std::nullopt, 1, kBytesMax).total_count == static_cast<int64_t>(all.size()));
  return all;
}

std::vector<Place> Winners(const PaymentStore& store, int32_t partition, int64_t after, int64_t until) {
  std::vector<Place> winners;
  store.ForEachWinner(partition, after, until, [&](const StoredPayment& payment) {
    winners.push_back(PlaceOf(payment));
    return true;
  });
  return winners;
}

// In every answer that they give.
void ExpectSame(const PaymentStore& store, const PaymentStore& fresh) {
  RC_ASSERT(store.size() == fresh.size());
  for (int provider = 0; provider < 4; ++provider) {
    for (int status = 0; status < 5; ++status) {
      const Filter filter = {static_cast<Provider>(provider), static_cast<PaymentStatus>(status)};
      RC_ASSERT(List(store, filter, 3) == List(fresh, filter, 100));
    }
  }
  for (const Listed& listed : List(fresh, {}, 100)) {
    const StoredPayment* const found = store.Find(listed.id);
    RC_ASSERT(found != nullptr);
    RC_ASSERT(PlaceOf(*found) == listed.winner);
    RC_ASSERT(found->record.id == listed.id);
    RC_ASSERT(found->record.frame.payment() == listed.id);
  }
  for (int32_t p = 0; p < fresh.partition_count(); ++p) {
    RC_ASSERT(Winners(store, p, -1, 1000) == Winners(fresh, p, -1, 1000));
    const auto after = *rc::gen::inRange<int64_t>(-1, 20);
    const auto until = *rc::gen::inRange<int64_t>(-1, 40);
    RC_ASSERT(Winners(store, p, after, until) == Winners(fresh, p, after, until));
  }
}

// A store, and in the order in which they were applied the records that count.
class Replica {
 public:
  Replica(int32_t partitions, bool compacted) : compacted_(compacted), low_(static_cast<size_t>(partitions)) {
    store_.Start(partitions, compacted);
  }

  void Apply(const LogRecord& record) {
    if (compacted_) Forget(record.partition, record.offset, record.id);
    if (record.offset >= low_[static_cast<size_t>(record.partition)]) left_.push_back(record);
    store_.Apply(record);
  }
  void Delete(int32_t partition, int64_t offset, const std::string& id) {
    Forget(partition, offset, id);
    store_.Delete(partition, offset, id);
  }
  void SetLow(int32_t partition, int64_t low) {
    int64_t& at = low_[static_cast<size_t>(partition)];
    at = std::max(at, low);
    std::erase_if(left_, [&](const LogRecord& r) { return r.partition == partition && r.offset < at; });
    store_.SetLow(partition, low);
  }
  PaymentStore& store() { return store_; }

  // As one that has read what is left, and nothing else.
  void ExpectFresh() {
    RC_ASSERT(store_.Trim(kAllSteps));
    PaymentStore fresh;
    fresh.Start(store_.partition_count(), compacted_);
    for (const LogRecord& record : left_) fresh.Apply(record);
    ExpectSame(store_, fresh);
    RC_ASSERT((store_.bytes() == 0) == left_.empty());
  }

 private:
  void Forget(int32_t partition, int64_t offset, const std::string& id) {
    std::erase_if(left_,
                  [&](const LogRecord& r) { return r.partition == partition && r.id == id && r.offset < offset; });
  }

  const bool compacted_;
  PaymentStore store_;
  std::vector<int64_t> low_;
  std::vector<LogRecord> left_;
};

// What is next of a log whose partitions come in any interleaving; nullptr: all was taken.
class Interleaved {
 public:
  explicit Interleaved(const TestLog& log) : log_(log), next_(log.size()) {}
  const Logged* Take() {
    std::vector<size_t> left;
    for (size_t p = 0; p < log_.size(); ++p) {
      if (next_[p] < log_[p].size()) left.push_back(p);
    }
    if (left.empty()) return nullptr;
    const size_t p = left[*rc::gen::inRange<size_t>(0, left.size())];
    return &log_[p][next_[p]++];
  }

 private:
  const TestLog& log_;
  std::vector<size_t> next_;
};

RC_GTEST_PROP(PaymentRetentionTest, IsTheFoldOfWhatTheTopicHolds, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  const TestLog log = DrawLog(partitions);
  Interleaved records(log);
  Replica replica(partitions, false);
  int64_t ahead = *rc::gen::inRange(0, 2) == 0 ? 5 : 0;  // a low watermark may be beyond what was applied
  std::vector<int64_t> applied(static_cast<size_t>(partitions));
  for (const Logged* next = records.Take(); next != nullptr; next = records.Take()) {
    const LogRecord& record = next->record;
    applied[static_cast<size_t>(record.partition)] = record.offset + 1;
    if (next->rejected) {
      // Of a payment that there is, or of none.
      if (*rc::gen::inRange(0, 2) == 0) replica.Delete(record.partition, record.offset, record.id);
    } else {
      replica.Apply(record);
    }
    const int what = *rc::gen::inRange(0, 12);
    if (what == 0) {
      const int32_t p = *rc::gen::inRange(0, partitions);
      replica.SetLow(p, *rc::gen::inRange<int64_t>(0, applied[static_cast<size_t>(p)] + ahead + 1));
    }
    if (what <= 4) replica.store().Trim(*rc::gen::inRange(1, 4));  // more may be applied before it is done
    if (what == 5) replica.ExpectFresh();
  }
  replica.ExpectFresh();
  for (int32_t p = 0; p < partitions; ++p) replica.SetLow(p, 1000);
  replica.ExpectFresh();
  RC_ASSERT(replica.store().size() == 0);
}

// Of each key some records may be left, the last one always, unless it is a tombstone and all before it have gone.
RC_GTEST_PROP(PaymentRetentionTest, ACompactedLogMakesTheSameStoreAsTheWholeOne, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  const TestLog log = DrawLog(partitions);
  std::map<std::pair<int32_t, std::string>, int64_t> last;
  for (const std::vector<Logged>& partition : log) {
    for (const Logged& logged : partition) last[{logged.record.partition, logged.record.id}] = logged.record.offset;
  }
  Interleaved records(log);
  Replica whole(partitions, true);
  PaymentStore compacted;
  compacted.Start(partitions, true);
  std::vector<const Logged*> kept;
  std::set<std::pair<int32_t, std::string>> kept_keys;
  for (const Logged* next = records.Take(); next != nullptr; next = records.Take()) {
    const LogRecord& record = next->record;
    const std::pair<int32_t, std::string> key(record.partition, record.id);
    const bool is_last = last.at(key) == record.offset;
    const bool may_go = !is_last || (next->rejected && kept_keys.count(key) == 0);
    if (!may_go || *rc::gen::inRange(0, 2) == 0) {
      kept.push_back(next);
      kept_keys.insert(key);
    }
    if (next->rejected) {
      whole.Delete(record.partition, record.offset, record.id);
    } else {
      whole.Apply(record);
    }
  }
  for (const Logged* next : kept) {
    const LogRecord& record = next->record;
    if (next->rejected) {
      compacted.Delete(record.partition, record.offset, record.id);
    } else {
      compacted.Apply(record);
    }
  }
  ExpectSame(whole.store(), compacted);
  whole.ExpectFresh();
  const int32_t p = *rc::gen::inRange(0, partitions);
  const auto low = *rc::gen::inRange<int64_t>(0, 40);
  whole.SetLow(p, low);
  compacted.SetLow(p, low);
  whole.ExpectFresh();
  RC_ASSERT(compacted.Trim(kAllSteps));
  ExpectSame(whole.store(), compacted);
}

// Of a payment that stays a subscriber has some record, and one that the store's does not come before: whatever left
// while its snapshot was under way, and nothing comes twice.
RC_GTEST_PROP(PaymentRetentionTest, ASnapshotUnderWayMissesNoPaymentThatStays, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  TestLog log = DrawLog(partitions);
  std::map<std::string, int32_t> homes;  // an id's records share a partition, as with its key
  for (std::vector<Logged>& partition : log) {
    for (Logged& logged : partition) {
      const int32_t home = homes.emplace(logged.record.id, logged.record.partition).first->second;
      logged.rejected = logged.rejected || home != logged.record.partition;
    }
  }
  ReplicaState state(1'000'000);
  state.Start("log", std::vector<Watermarks>(static_cast<size_t>(partitions)));
  const auto apply = [&](int count) {
    for (; count > 0; --count) {
      const int32_t p = *rc::gen::inRange(0, partitions);
      if (state.next_offset(p) < static_cast<int64_t>(log[p].size())) ApplyNext(log, p, &state);
    }
  };
  apply(*rc::gen::inRange(0, 60));
  StreamCursor cursor({}, StreamCursor::SnapshotStarts(state), state);
  const PullLimits limits = {*rc::gen::inRange(1, 4), kBytesMax, *rc::gen::inRange(1, 6)};
  std::map<std::string, std::vector<LogRecord>> received;
  std::set<Place> places;
  for (;;) {
    std::vector<StreamEvent> events;
    const StreamCursor::Outcome outcome = cursor.Pull(state, limits, &events);
    RC_ASSERT(outcome == StreamCursor::Outcome::kEvents || outcome == StreamCursor::Outcome::kMore ||
              outcome == StreamCursor::Outcome::kIdle);
    for (const StreamEvent& event : events) {
      const LogRecord& record = log[event.partition][event.offset].record;
      RC_ASSERT(places.emplace(event.partition, event.offset).second);
      received[record.id].push_back(record);
    }
    if (outcome == StreamCursor::Outcome::kIdle) break;
    if (*rc::gen::inRange(0, 3) == 0) {
      const int32_t p = *rc::gen::inRange(0, partitions);
      state.SetLow(p, *rc::gen::inRange<int64_t>(0, state.next_offset(p) + 1));
    }
    state.Trim(*rc::gen::inRange(0, 4));
    if (*rc::gen::inRange(0, 3) == 0) apply(2);
  }
  RC_ASSERT(state.Trim(kAllSteps));
  for (const Listed& listed : List(state.store(), {}, 100)) {
    const LogRecord& stored = state.store().Find(listed.id)->record;
    const std::vector<LogRecord>& got = received[listed.id];
    RC_ASSERT(std::any_of(got.begin(), got.end(), [&](const LogRecord& record) { return !Wins(stored, record); }));
  }
}

// While payments leave, a traversal shows each that stays and matches; one whose place has moved maybe again.
RC_GTEST_PROP(PaymentRetentionTest, PagesMissNoPaymentWhileOthersLeave, ()) {
  TestLog log = DrawLog(1);
  PaymentStore store;
  store.Start(1);
  size_t next = 0;
  const auto apply = [&](int count) {
    for (; count > 0 && next < log[0].size(); --count) store.Apply(log[0][next++].record);
  };
  apply(*rc::gen::inRange(0, 60));
  std::set<std::string> throughout;
  for (const Listed& listed : List(store, {}, 100)) throughout.insert(listed.id);
  std::set<std::string> seen;
  std::optional<ListPlace> after;
  do {
    const ListPage page = store.List({}, after, *rc::gen::inRange(1, 4), kBytesMax);
    for (const StoredPayment* payment : page.payments) seen.insert(payment->record.id);
    after = page.next;
    store.SetLow(0, *rc::gen::inRange<int64_t>(0, static_cast<int64_t>(next) + 1));
    store.Trim(*rc::gen::inRange(0, 8));
    apply(*rc::gen::inRange(0, 3));
    std::erase_if(throughout, [&](const std::string& id) { return store.Find(id) == nullptr; });
  } while (after);
  for (const std::string& id : throughout) RC_ASSERT(seen.count(id) == 1);
}

TEST(PaymentRetentionTest, WhatLeavesMakesRoom) {
  PaymentStore store({.bytes_max = 100'000});
  store.Start(1);
  for (int64_t offset = 0; offset < 10'000; ++offset) {
    store.Apply(MakeRecord(0, offset, "pay_0123456789abcdef_" + std::to_string(offset)));
    if (offset >= 100) store.SetLow(0, offset - 100);
    store.Trim(2);
  }
  EXPECT_TRUE(store.complete());
  EXPECT_EQ(store.size(), 101);
  EXPECT_EQ(store.expired(), 9'899);
}

// What begins at `low` of partition 0 is all that is left.
void TrimTo(int64_t low, PaymentStore* store) {
  store->SetLow(0, low);
  ASSERT_TRUE(store->Trim(kAllSteps));
}

// Each record comes to count once those before it have left.
TEST(PaymentRetentionTest, TheFirstRecordThatLeavesTakesNoneOfTheOthersWithIt) {
  PaymentStore store;
  store.Start(1);
  store.Apply(MakeRecord(0, 0, "a", PaymentStatus::kPending));
  store.Apply(MakeRecord(0, 1, "b", PaymentStatus::kCompleted));
  store.Apply(MakeRecord(0, 2, "a", PaymentStatus::kRefunded));
  store.Apply(MakeRecord(0, 3, "a", PaymentStatus::kCompleted));
  store.Apply(MakeRecord(0, 4, "a", PaymentStatus::kPending));
  TrimTo(1, &store);
  EXPECT_EQ(store.Find("a")->record.offset, 2);
  EXPECT_EQ(store.List({}, std::nullopt, 10, kBytesMax).payments.at(0)->record.id, "b");
  TrimTo(3, &store);
  EXPECT_EQ(store.Find("b"), nullptr);
  EXPECT_EQ(store.Find("a")->record.status, PaymentStatus::kCompleted) << "what is left of it";
  TrimTo(4, &store);
  EXPECT_EQ(store.Find("a")->record.status, PaymentStatus::kPending);
  TrimTo(5, &store);
  EXPECT_EQ(store.Find("a"), nullptr);
  EXPECT_EQ(store.expired(), 2);
  EXPECT_EQ(store.bytes(), 0);
}

TEST(PaymentRetentionTest, ABuiltInPaymentIsBackWhenTheLogHasNoneOfItAnyMore) {
  PaymentStore store;
  store.Start(1);
  store.AddBuiltIn(MakeRecord(0, 0, "pay_001", PaymentStatus::kRefunded));
  store.Apply(MakeRecord(0, 7, "pay_001", PaymentStatus::kPending));
  TrimTo(8, &store);
  ASSERT_NE(store.Find("pay_001"), nullptr);
  EXPECT_EQ(store.Find("pay_001")->record.status, PaymentStatus::kRefunded);
  EXPECT_EQ(store.expired(), 0);
}

TEST(PaymentRetentionTest, ATombstoneDeletesAndWhatFollowsBeginsAnew) {
  PaymentStore store;
  store.Start(2);
  store.Apply(MakeRecord(0, 0, "a", PaymentStatus::kRefunded));
  store.Apply(MakeRecord(1, 0, "b", PaymentStatus::kPending));
  store.Apply(MakeRecord(0, 1, "b", PaymentStatus::kCompleted));
  store.Delete(0, 2, "a");
  store.Delete(0, 3, "b");
  store.Delete(0, 4, "none");
  EXPECT_EQ(store.Find("a"), nullptr);
  EXPECT_EQ(store.Find("b")->record.status, PaymentStatus::kPending) << "the other partition's";
  store.Apply(MakeRecord(0, 5, "a", PaymentStatus::kPending));
  EXPECT_EQ(store.Find("a")->record.status, PaymentStatus::kPending) << "however little it ranks";
  EXPECT_EQ(store.expired(), 0);
}

}  // namespace
}  // namespace pipeline
