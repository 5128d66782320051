// The store is a fold: whatever the interleaving of partitions, the record with the greatest (status rank, created_at,
// partition, offset) wins. Pages list what matches, each once, in an order that nothing changes.
#include "stream/payment_store.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "stream/list_cursor.h"
#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

constexpr int64_t kBytesMax = 1'000'000;

TEST(PaymentStoreTest, PastItsLimitItIsIncompleteAndWhatItHasGoesOn) {
  PaymentStore store({.payments_max = 2});
  store.Start(1);
  store.Apply(MakeRecord(0, 0, "a", PaymentStatus::kPending));
  store.Apply(MakeRecord(0, 1, "b", PaymentStatus::kPending));
  store.Apply(MakeRecord(0, 2, "a", PaymentStatus::kCompleted));
  EXPECT_TRUE(store.complete());
  store.Apply(MakeRecord(0, 3, "c", PaymentStatus::kPending));
  store.Apply(MakeRecord(0, 4, "c", PaymentStatus::kCompleted));
  store.Apply(MakeRecord(0, 5, "b", PaymentStatus::kRefunded));
  EXPECT_FALSE(store.complete());
  EXPECT_EQ(store.not_taken(), 2);
  EXPECT_EQ(store.size(), 2);
  EXPECT_EQ(store.Find("c"), nullptr);
  EXPECT_EQ(store.Find("a")->record.offset, 2);
  EXPECT_EQ(store.Find("b")->record.offset, 5);
  EXPECT_GT(store.bytes(), 0);
  store.Start(1);
  EXPECT_TRUE(store.complete());
  EXPECT_EQ(store.bytes(), 0);
}

LogRecord MakeLarge(int64_t offset, const std::string& id, PaymentStatus status, size_t bytes) {
  LogRecord record = MakeRecord(0, offset, id, status);
  record.frame = MakeEventFrame(std::string(bytes, 'x'), 0, offset, record.record_crc32c);
  return record;
}

// In bytes too: a further payment is not taken, and one that has grown out of what there is is let go. An older record
// of it does not come in its place.
TEST(PaymentStoreTest, PastItsBytesItKeepsNothingThatIsNotRight) {
  PaymentStore store({.bytes_max = 20'000});
  store.Start(1);
  store.Apply(MakeLarge(0, "a", PaymentStatus::kPending, 100));
  EXPECT_FALSE(store.nearly_full());
  store.Apply(MakeLarge(1, "b", PaymentStatus::kPending, 18'000));
  EXPECT_TRUE(store.nearly_full());
  EXPECT_TRUE(store.complete());
  store.Apply(MakeLarge(2, "a", PaymentStatus::kCompleted, 5'000));
  EXPECT_FALSE(store.complete());
  EXPECT_EQ(store.Find("a"), nullptr) << "not the state of before";
  EXPECT_EQ(store.size(), 1);
  EXPECT_EQ(store.LimitText(), "payments than fit the 20000 bytes that this server keeps (--max-store-bytes)");
  store.Apply(MakeLarge(3, "a", PaymentStatus::kPending, 100));
  EXPECT_EQ(store.Find("a"), nullptr);
  EXPECT_EQ(store.not_taken(), 2);
  EXPECT_LE(store.bytes(), 20'000);
  const ListPage page = store.List({}, std::nullopt, 10, kBytesMax);
  ASSERT_EQ(page.payments.size(), 1u);
  EXPECT_EQ(page.payments[0]->record.id, "b");
  EXPECT_EQ(page.total_count, 1);
}

// Whatever is applied, what is counted stays within the limit but for one record.
RC_GTEST_PROP(PaymentStoreTest, ItsBytesAreBounded, ()) {
  PaymentStore store({.bytes_max = 3'000});
  store.Start(1);
  const int count = *rc::gen::inRange(0, 200);
  for (int64_t offset = 0; offset < count; ++offset) {
    store.Apply(MakeLarge(offset, "pay_" + std::to_string(*rc::gen::inRange(0, 30)),
                          static_cast<PaymentStatus>(*rc::gen::inRange(0, 4)), *rc::gen::inRange<size_t>(0, 400)));
    RC_ASSERT(store.bytes() <= 3'000 + 1'000);
  }
}

using Winners = std::map<std::string, LogRecord>;

// The definition, in another form than the store's.
Winners Fold(const std::vector<LogRecord>& records) {
  Winners winners;
  const auto order = [](const LogRecord& r) {
    return std::make_tuple(StatusRank(r.status), r.created_at_s, r.partition, r.offset);
  };
  for (const LogRecord& record : records) {
    const auto [held, added] = winners.emplace(record.id, record);
    if (!added && order(held->second) < order(record)) held->second = record;
  }
  return winners;
}

// Applies the log's records in a drawn interleaving; the first `count` of them.
std::vector<LogRecord> ApplyInterleaved(const TestLog& log, int count, PaymentStore* store) {
  std::vector<size_t> next(log.size());
  std::vector<LogRecord> applied;
  while (static_cast<int>(applied.size()) < count) {
    std::vector<size_t> left;
    for (size_t p = 0; p < log.size(); ++p) {
      if (next[p] < log[p].size()) left.push_back(p);
    }
    if (left.empty()) break;
    const size_t p = left[*rc::gen::inRange<size_t>(0, left.size())];
    const Logged& logged = log[p][next[p]++];
    if (logged.rejected) continue;
    store->Apply(logged.record);
    applied.push_back(logged.record);
  }
  return applied;
}

std::vector<const StoredPayment*> AllPages(const PaymentStore& store, const Filter& filter, int limit) {
  std::vector<const StoredPayment*> all;
  std::optional<ListPlace> after;
  do {
    const ListPage page = store.List(filter, after, limit, kBytesMax);
    all.insert(all.end(), page.payments.begin(), page.payments.end());
    after = page.next;
  } while (after);
  return all;
}

RC_GTEST_PROP(PaymentStoreTest, IsTheFoldWhateverTheInterleaving, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  const TestLog log = DrawLog(partitions);
  PaymentStore store;
  store.Start(partitions);
  const Winners winners = Fold(ApplyInterleaved(log, 1000, &store));
  RC_ASSERT(store.size() == static_cast<int64_t>(winners.size()));
  for (const auto& [id, record] : winners) {
    const StoredPayment* stored = store.Find(id);
    RC_ASSERT(stored != nullptr);
    RC_ASSERT(stored->record.partition == record.partition);
    RC_ASSERT(stored->record.offset == record.offset);
    RC_ASSERT(stored->record.frame.payment() == id);
  }
  // The winners of each partition, in order, within any bounds.
  for (int32_t p = 0; p < partitions; ++p) {
    const int64_t after = *rc::gen::inRange(-1, 20);
    const int64_t until = *rc::gen::inRange(-1, 40);
    std::set<int64_t> expected;
    for (const auto& [id, record] : winners) {
      if (record.partition == p && record.offset > after && record.offset <= until) expected.insert(record.offset);
    }
    std::vector<int64_t> visited;
    store.ForEachWinner(p, after, until, [&](const StoredPayment& payment) {
      visited.push_back(payment.record.offset);
      return true;
    });
    RC_ASSERT(visited == std::vector<int64_t>(expected.begin(), expected.end()));
  }
}

RC_GTEST_PROP(PaymentStoreTest, PagesListEveryMatchOnceInOrder, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  PaymentStore store;
  store.Start(partitions);
  const Winners winners = Fold(ApplyInterleaved(DrawLog(partitions), 1000, &store));
  const Filter filter = DrawFilter();
  std::set<std::string> expected;
  for (const auto& [id, record] : winners) {
    if (filter.Matches(record.provider, record.status)) expected.insert(id);
  }
  const std::vector<const StoredPayment*> listed = AllPages(store, filter, *rc::gen::inRange(1, 6));
  RC_ASSERT(listed.size() == expected.size());
  for (size_t i = 0; i < listed.size(); ++i) {
    RC_ASSERT(expected.count(listed[i]->record.id) == 1);
    if (i == 0) continue;
    RC_ASSERT(std::make_pair(listed[i - 1]->first_partition, listed[i - 1]->first_offset) <
              std::make_pair(listed[i]->first_partition, listed[i]->first_offset));
  }
  RC_ASSERT(store.List(filter, std::nullopt, 1, kBytesMax).total_count == static_cast<int64_t>(expected.size()));
}

RC_GTEST_PROP(PaymentStoreTest, WhatMatchesThroughoutIsListedOnceWhileRecordsArrive, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  const TestLog log = DrawLog(partitions);
  const Filter filter = DrawFilter();
  const int limit = *rc::gen::inRange(1, 5);
  PaymentStore store;
  store.Start(partitions);
  std::vector<LogRecord> all;
  for (const std::vector<Logged>& partition : log) {
    for (const Logged& logged : partition) {
      if (!logged.rejected) all.push_back(logged.record);
    }
  }
  size_t next = 0;
  const auto apply = [&](size_t count) {
    for (; count > 0 && next < all.size(); --count) store.Apply(all[next++]);
  };
  apply(*rc::gen::inRange<size_t>(0, 40));
  std::set<std::string> throughout;
  for (const StoredPayment* payment : AllPages(store, filter, 100)) throughout.insert(payment->record.id);
  std::map<std::string, int> times;
  std::optional<ListPlace> after;
  do {
    const ListPage page = store.List(filter, after, limit, kBytesMax);
    for (const StoredPayment* payment : page.payments) ++times[payment->record.id];
    after = page.next;
    if (after) after = DecodeListCursor(EncodeListCursor(*after, filter, "log"), filter, "log");
    apply(*rc::gen::inRange<size_t>(0, 10));
    for (auto id = throughout.begin(); id != throughout.end();) {
      const LogRecord& now = store.Find(*id)->record;
      id = filter.Matches(now.provider, now.status) ? std::next(id) : throughout.erase(id);
    }
  } while (after);
  for (const auto& [id, count] : times) RC_ASSERT(count == 1);
  for (const std::string& id : throughout) RC_ASSERT(times.count(id) == 1);
}

TEST(PaymentStoreTest, SurvivesManyVersionsOfFewPayments) {
  PaymentStore store;
  store.Start(1);
  for (int64_t offset = 0; offset < 10'000; ++offset) {
    // Long enough not to fit into a std::string itself.
    const std::string id = "pay_0123456789abcdef_" + std::to_string(offset % 3);
    store.Apply(MakeRecord(0, offset, id, PaymentStatus::kPending, Provider::kPaypal, offset));
  }
  EXPECT_EQ(store.size(), 3);
  ASSERT_NE(store.Find("pay_0123456789abcdef_0"), nullptr);
  std::vector<int64_t> offsets;
  store.ForEachWinner(0, -1, 100'000, [&](const StoredPayment& payment) {
    offsets.push_back(payment.record.offset);
    return true;
  });
  EXPECT_EQ(offsets, (std::vector<int64_t>{9997, 9998, 9999}));
}

TEST(PaymentStoreTest, AnyRecordOfTheLogWinsOverABuiltInPayment) {
  PaymentStore store;
  store.Start(1);
  store.AddBuiltIn(MakeRecord(0, 0, "pay_001", PaymentStatus::kRefunded));
  store.AddBuiltIn(MakeRecord(0, 0, "pay_002", PaymentStatus::kRefunded));
  EXPECT_EQ(AllPages(store, {}, 1).size(), 2u);
  store.Apply(MakeRecord(0, 7, "pay_001", PaymentStatus::kUnknown));
  EXPECT_EQ(store.Find("pay_001")->record.offset, 7);
  EXPECT_EQ(store.Find("pay_001")->record.status, PaymentStatus::kUnknown);
  const std::vector<const StoredPayment*> listed = AllPages(store, {}, 1);
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0]->record.id, "pay_001") << "its place in the list stays";
}

TEST(PaymentStoreTest, APageStopsAtItsBytesButHoldsOne) {
  PaymentStore store;
  store.Start(1);
  for (int64_t offset = 0; offset < 4; ++offset) {
    store.Apply(MakeRecord(0, offset, std::string(100, 'a') + std::to_string(offset)));
  }
  EXPECT_EQ(store.List({}, std::nullopt, 100, 250).payments.size(), 2u);
  const ListPage page = store.List({}, std::nullopt, 100, 1);
  EXPECT_EQ(page.payments.size(), 1u);
  EXPECT_TRUE(page.next);
  EXPECT_EQ(page.total_count, 4);
}

RC_GTEST_PROP(ListCursorTest, ComesBackForItsOwnFilterAndLogAlone, ()) {
  const ListPlace place = {*rc::gen::inRange(-1, 200), *rc::gen::inRange<int64_t>(0, INT64_MAX)};
  const Filter filter = DrawFilter();
  const std::string cursor = EncodeListCursor(place, filter, "log");
  RC_ASSERT(cursor.size() <= 64u);
  RC_ASSERT(DecodeListCursor(cursor, filter, "log") == place);
  RC_ASSERT(!DecodeListCursor(cursor, filter, "other"));
  Filter other = filter;
  other.status = filter.status == PaymentStatus::kFailed ? PaymentStatus::kUnknown : PaymentStatus::kFailed;
  RC_ASSERT(!DecodeListCursor(cursor, other, "log"));
  std::string damaged = cursor;
  const auto at = *rc::gen::inRange<size_t>(0, damaged.size());
  damaged[at] = *rc::gen::suchThat(rc::gen::arbitrary<char>(), [&](char c) { return c != cursor[at]; });
  RC_ASSERT(!DecodeListCursor(damaged, filter, "log"));
}

TEST(ListCursorTest, RefusesWhatIsNone) {
  for (const char* text : {"c1-", "c1--", "c1-0-0", "c1-0-0-", "c1-ffffffffffffffffff-0-0", "c1-80000000-0-0", "x"}) {
    EXPECT_FALSE(DecodeListCursor(text, {}, "log")) << text;
  }
  EXPECT_FALSE(DecodeListCursor(std::string(100'000, '1'), {}, "log"));
}

}  // namespace
}  // namespace pipeline
