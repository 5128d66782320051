// A wait ends with the mutex held, however it ends; Unlock() lets others in; readers share.
#include "common/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace pipeline {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds kWithin(30);

struct Counter {
  // Not in one step: one that counts at the same time is lost.
  void Count() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const int64_t before = count;
    std::this_thread::yield();
    count = before + 1;
  }

  Mutex mutex;
  CondVar changed;
  int64_t count ABSL_GUARDED_BY(mutex) = 0;
};

// Counts in several threads at once, each time after `wait`, which is called with the mutex held.
template <typename Wait>
void ExpectAllAreCounted(Counter* counter, const Wait& wait) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int time = 0; time < kTimes; ++time) {
        const MutexLock lock(&counter->mutex);
        wait();
        counter->Count();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const MutexLock lock(&counter->mutex);
  EXPECT_EQ(counter->count, kThreads * kTimes);
}

TEST(CondVar, HoldsTheMutexWhenWhatItWaitedForHasCome) {
  Counter counter;
  ExpectAllAreCounted(&counter, [&] {
    counter.mutex.AssertHeld();
    counter.changed.Wait(&counter.mutex, [] { return true; });
  });
}

TEST(CondVar, HoldsTheMutexWhenTheTimeIsOver) {
  Counter counter;
  ExpectAllAreCounted(&counter, [&] {
    counter.mutex.AssertHeld();
    EXPECT_FALSE(counter.changed.WaitUntil(&counter.mutex, SteadyClock::now(), [] { return false; }));
    EXPECT_FALSE(counter.changed.WaitFor(&counter.mutex, std::chrono::microseconds(1), [] { return false; }));
    counter.changed.WaitFor(&counter.mutex, std::chrono::microseconds(1));
  });
}

TEST(CondVar, HoldsTheMutexWhenTheConditionThrows) {
  Counter counter;
  ExpectAllAreCounted(&counter, [&] {
    counter.mutex.AssertHeld();
    const auto throws = []() -> bool { throw std::length_error("from a condition"); };
    EXPECT_THROW(counter.changed.Wait(&counter.mutex, throws), std::length_error);
  });
}

TEST(CondVar, LetsTheMutexGoWhileItWaits) {
  Counter counter;
  std::thread other([&] {
    const MutexLock lock(&counter.mutex);
    counter.Count();
    counter.changed.NotifyOne();
  });
  {
    const MutexLock lock(&counter.mutex);
    EXPECT_TRUE(
        counter.changed.WaitUntil(&counter.mutex, SteadyClock::now() + kWithin,
                                  [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(counter.mutex) { return counter.count == 1; }));
  }
  other.join();
}

TEST(MutexLock, LetsOthersInBetweenUnlockAndLock) {
  Counter counter;
  MutexLock lock(&counter.mutex);
  counter.Count();
  lock.Unlock();
  std::thread other([&] {
    const MutexLock others(&counter.mutex);
    counter.Count();
  });
  other.join();
  lock.Lock();
  EXPECT_EQ(counter.count, 2);
}

struct Shared {
  SharedMutex mutex;
  int64_t count ABSL_GUARDED_BY(mutex) = 0;
};

TEST(SharedMutex, IsHeldByManyReadersOrByOneWriter) {
  Shared shared;
  std::vector<std::thread> threads;
  std::promise<void> first_reads;
  std::promise<void> second_reads;
  // Each goes on once the other one reads too.
  const auto read = [&shared](std::promise<void>* mine, std::future<void> others) {
    const ReaderLock lock(&shared.mutex);
    mine->set_value();
    EXPECT_EQ(others.wait_for(kWithin), std::future_status::ready);
    EXPECT_EQ(shared.count, 0);
  };
  std::thread first(read, &first_reads, second_reads.get_future());
  std::thread second(read, &second_reads, first_reads.get_future());
  first.join();
  second.join();
  constexpr int kThreads = 4;
  constexpr int kTimes = 50;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int time = 0; time < kTimes; ++time) {
        const WriterLock lock(&shared.mutex);
        const int64_t before = shared.count;
        std::this_thread::yield();
        shared.count = before + 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const ReaderLock lock(&shared.mutex);
  EXPECT_EQ(shared.count, kThreads * kTimes);
}

}  // namespace
}  // namespace pipeline
