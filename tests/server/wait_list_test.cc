// Whoever waits is woken once what it waits for has happened, and not before; whoever has gone is not kept.
#include "server/wait_list.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

struct CountingWaiter : Waiter {
  void Wake() override { ++wakes; }
  int wakes = 0;
};

class WaitListTest : public ::testing::Test {
 protected:
  WaitListTest() : state_(1'000'000) {
    state_.Start("log", {{0, 10}, {0, 10}});
    Woken();
  }
  // Wakes those that are to be woken now; how many there are.
  size_t Woken() {
    std::vector<std::shared_ptr<Waiter>> woken;
    list_.Collect(state_, &woken);
    for (const std::shared_ptr<Waiter>& waiter : woken) waiter->Wake();
    return woken.size();
  }
  ReplicaState state_;
  WaitList list_;
};

TEST_F(WaitListTest, AResumedStreamIsNotWokenByEachBatchOfTheBacklog) {
  std::vector<std::shared_ptr<CountingWaiter>> streams(1000);
  for (auto& stream : streams) {
    stream = std::make_shared<CountingWaiter>();
    list_.ForPassing(stream, std::vector<Position>{{0, 8}, {1, 8}});
  }
  for (int64_t offset = 0; offset < 8; ++offset) {
    state_.Advance(0, offset + 1);
    state_.Advance(1, offset + 1);
    EXPECT_EQ(Woken(), 0u);
  }
  state_.Advance(1, 9);
  EXPECT_EQ(Woken(), 1000u);
  state_.Advance(0, 9);
  EXPECT_EQ(Woken(), 0u) << "each is woken once for each wait";
  EXPECT_EQ(list_.kept(), 0u);
}

TEST_F(WaitListTest, ANewStreamIsWokenWhenTheBacklogIsApplied) {
  const auto stream = std::make_shared<CountingWaiter>();
  list_.ForLoaded(stream);
  state_.Advance(0, 10);
  EXPECT_EQ(Woken(), 0u);
  state_.Advance(1, 10);
  EXPECT_EQ(Woken(), 1u);
}

TEST_F(WaitListTest, EverybodyIsWokenByAnotherLogAndByPartitionsAndBySkippedRecords) {
  const auto passing = std::make_shared<CountingWaiter>();
  const auto loaded = std::make_shared<CountingWaiter>();
  const auto unknown = std::make_shared<CountingWaiter>();
  const auto wait = [&] {
    list_.ForPassing(passing, std::vector<Position>{{1, 100}});
    list_.ForLoaded(loaded);
    list_.ForPassing(unknown, std::vector<Position>{{7, 0}});
  };
  wait();
  state_.AddPartitions({{0, 0}});
  EXPECT_EQ(Woken(), 3u);
  wait();
  state_.Skip(0, 5);
  EXPECT_EQ(Woken(), 3u);
  wait();
  state_.Start("other", {{0, 10}});
  EXPECT_EQ(Woken(), 3u);
}

// On a topic that is quiet, calls come and go: none of them stays.
TEST_F(WaitListTest, WhoeverHasGoneIsNotKept) {
  for (int i = 0; i < 10'000; ++i) {
    const auto change = std::make_shared<CountingWaiter>();
    const auto loaded = std::make_shared<CountingWaiter>();
    const auto passing = std::make_shared<CountingWaiter>();
    list_.ForChange(change);
    list_.ForLoaded(loaded);
    list_.ForPassing(passing, std::vector<Position>{{0, 100}, {1, 100}});
    for (Waiter* waiter : std::vector<Waiter*>{change.get(), loaded.get(), passing.get()}) list_.Forget(waiter);
    ASSERT_LE(list_.kept(), 256u);
  }
}

// Against a model: what a waiter asked for last is all that counts.
RC_GTEST_PROP(WaitListPropertyTest, WakesExactlyThoseThatAreDue, ()) {
  constexpr int32_t kPartitions = 3;
  struct Modelled {
    std::shared_ptr<CountingWaiter> waiter = std::make_shared<CountingWaiter>();
    enum { kNothing, kChange, kLoaded, kPassing } what = kNothing;
    std::vector<Position> positions;
  };
  ReplicaState state(1'000'000);
  state.Start("log", std::vector<Watermarks>(kPartitions, {0, 20}));
  WaitList list;
  std::vector<std::shared_ptr<Waiter>> woken;
  list.Collect(state, &woken);
  std::vector<Modelled> waiters(5);
  const int steps = *rc::gen::inRange(0, 80);
  for (int step = 0; step < steps; ++step) {
    Modelled& one = waiters[*rc::gen::inRange<size_t>(0, waiters.size())];
    switch (*rc::gen::inRange(0, 7)) {
      case 0:
        list.ForChange(one.waiter);
        one.what = Modelled::kChange;
        break;
      case 1:
        list.ForLoaded(one.waiter);
        one.what = Modelled::kLoaded;
        break;
      case 2:
      case 3:
        one.what = Modelled::kPassing;
        one.positions.clear();
        for (int32_t p = 0; p < kPartitions; ++p) {
          if (*rc::gen::arbitrary<bool>()) one.positions.push_back({p, state.next_offset(p) + *rc::gen::inRange(0, 8)});
        }
        list.ForPassing(one.waiter, one.positions);
        break;
      case 4:
        list.Forget(one.waiter.get());
        one.what = Modelled::kNothing;
        break;
      default: {
        const auto p = *rc::gen::inRange<int32_t>(0, kPartitions);
        state.Advance(p, state.next_offset(p) + *rc::gen::inRange(1, 5));
        woken.clear();
        list.Collect(state, &woken);
        std::multiset<const Waiter*> due;
        for (Modelled& other : waiters) {
          const bool passed = std::any_of(
              other.positions.begin(), other.positions.end(),
              [&](const Position& position) { return state.next_offset(position.partition) > position.offset; });
          if (other.what == Modelled::kChange || (other.what == Modelled::kLoaded && state.loaded()) ||
              (other.what == Modelled::kPassing && passed)) {
            due.insert(other.waiter.get());
            other.what = Modelled::kNothing;
          }
        }
        std::multiset<const Waiter*> found;
        for (const std::shared_ptr<Waiter>& waiter : woken) found.insert(waiter.get());
        RC_ASSERT(found == due);
      }
    }
  }
}

}  // namespace
}  // namespace pipeline
