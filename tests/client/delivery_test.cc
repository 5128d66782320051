// Whatever places a foreign server names, in events and in bookmarks: the observer hears of none that no topic has, no
// record twice, and the event log can be gone on with.
#include "client/delivery.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/client/client_testing.h"
#include "tests/client/subscription_testing.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

class Places : public SubscriptionObserver {
 public:
  void OnEvent(const ReceivedEvent& event) override { events.emplace_back(event.partition, event.offset); }
  void OnDropped(const ReceivedEvent& event) override { events.emplace_back(event.partition, event.offset); }
  void OnSkipped(const ReceivedEvent& event) override { events.emplace_back(event.partition, event.offset); }
  void OnBookmark(const ReceivedBookmark& bookmark) override {
    bookmarks.insert(bookmarks.end(), bookmark.positions.begin(), bookmark.positions.end());
  }
  std::vector<std::pair<int32_t, int64_t>> events;
  std::vector<std::pair<int32_t, int64_t>> bookmarks;
};

int32_t AnyPartition() {
  return *rc::gen::elementOf(std::vector<int32_t>{std::numeric_limits<int32_t>::min(), -1, 0, 0, 1, 1,
                                                  kTokenPartitionsMax - 1, kTokenPartitionsMax,
                                                  std::numeric_limits<int32_t>::max()});
}

int64_t AnyOffset() {
  return *rc::gen::elementOf(std::vector<int64_t>{std::numeric_limits<int64_t>::min(), -1, 0, 0, 1, 2, 3,
                                                  std::numeric_limits<int64_t>::max()});
}

::payment::PaymentBatch AnyBatch() {
  ::payment::PaymentBatch batch;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    ::payment::PaymentEvent* event = batch.add_events();
    event->set_partition(AnyPartition());
    event->set_offset(AnyOffset());
    if (*rc::gen::inRange(0, 4) > 0) event->mutable_payment()->set_id("x");
  }
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    ::payment::Position* bookmark = batch.add_bookmarks();
    bookmark->set_partition(AnyPartition());
    bookmark->set_offset(AnyOffset());
  }
  return batch;
}

// What came before it is handed on and stays covered; it is not, and no memory and no log is filled with its place.
TEST(DeliveryTest, AnEventAtAPlaceThatNoTopicHasIsAnErrorOfTheServer) {
  for (const auto& [partition, offset] : std::vector<std::pair<int32_t, int64_t>>{{-1, 7}, {0, -7}, {10'000, 0}}) {
    TestServer server(1);
    for (int i = 0; i < 3; ++i) server.Append(0);
    server.Misbehave({.second_at = {{partition, offset}}});
    Heard heard;
    RunningSubscription running(QuickOptions(server.address()), &heard);
    ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 3; }));
    running.StopAndWait();
    EXPECT_EQ(heard.Offsets(), (std::map<int32_t, std::vector<int64_t>>{{0, {0, 1, 2}}}));
    EXPECT_EQ(heard.ends[0].code, 13);
    EXPECT_EQ(heard.ends[0].message, server.address() + " sent an event at partition " + std::to_string(partition) +
                                         ", offset " + std::to_string(offset) +
                                         " (partition 0 to 9999, offset at least 0)");
    EXPECT_EQ(server.requests()[1].resume().partitions_size(), 1);
    EXPECT_EQ(server.requests()[1].resume().partitions(0).after(), 0);
  }
}

RC_GTEST_PROP(DeliveryProperty, OnlyPlacesThatATopicHas, ()) {
  const TempFolder folder;
  const bool has_start = *rc::gen::arbitrary<bool>();
  Places places;
  bool believed = true;
  bool all_are_positions = true;
  {
    Delivery delivery({}, folder.File("log"), &places);
    ParsedStart start;
    start.token.log_id = "log";
    delivery.BeginAttempt();
    if (has_start) delivery.Started("server", &start, nullptr);
    for (int i = *rc::gen::inRange(0, 6); i > 0 && believed; --i) {
      ::payment::PaymentBatch batch = AnyBatch();
      for (const auto& event : batch.events()) {
        all_are_positions = all_are_positions && IsPosition(event.partition(), event.offset());
      }
      believed = !delivery.Take(&batch);
      delivery.HandOn("server");
    }
  }
  RC_ASSERT(believed == (!has_start || all_are_positions));
  for (const auto& [partition, offset] : places.events) {
    const bool without = partition == -1 && offset == -1;
    RC_ASSERT(IsPosition(partition, offset) || (without && !has_start));
  }
  for (const auto& [partition, offset] : places.bookmarks) RC_ASSERT(IsPosition(partition, offset));
  EventLogFile again;
  again.Open(folder.File("log"), {});
  for (const auto& [partition, at] : again.held_token().token().partitions) RC_ASSERT(IsPosition(partition, at.after));
}

}  // namespace
}  // namespace pipeline
