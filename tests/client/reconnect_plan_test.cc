// A client goes on as long as its servers serve it, and no longer: an attempt that achieved something begins the count
// anew, one that did not is counted, a server that refuses for good is not asked again, and one that asked for time is
// left alone until then.
#include "client/reconnect_plan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace pipeline {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

const ReconnectOptions kDefault;

TEST(ReconnectPlanTest, NewsAndEnduranceAreSuccess) {
  const int64_t wait_ns = kDefault.delay_max_ns;
  EXPECT_TRUE(IsSuccess(kDefault, {.accepted = true, .brought_news = true}));
  EXPECT_TRUE(IsSuccess(kDefault, {.accepted = true, .lasted_ns = wait_ns + 1}));
  EXPECT_FALSE(IsSuccess(kDefault, {.accepted = true, .lasted_ns = wait_ns}));
  EXPECT_FALSE(IsSuccess(kDefault, {.accepted = true}));
  EXPECT_FALSE(IsSuccess(kDefault, {}));
}

// A server that sends nothing on a quiet topic must last longer: a proxy that waits for a dead backend does that too.
TEST(ReconnectPlanTest, WithoutAnAnswerItTakesAMinute) {
  EXPECT_FALSE(IsSuccess(kDefault, {.lasted_ns = 60 * kSecondNs}));
  EXPECT_TRUE(IsSuccess(kDefault, {.lasted_ns = 60 * kSecondNs + 1}));
}

// With waits of a millisecond a stream that lasted two has shown nothing.
TEST(ReconnectPlanTest, WithShortWaitsItTakesASecond) {
  const ReconnectOptions quick{.attempts_max = 3, .delay_min_ns = 1, .delay_max_ns = 1'000'000};
  EXPECT_FALSE(IsSuccess(quick, {.accepted = true, .lasted_ns = kSecondNs}));
  EXPECT_TRUE(IsSuccess(quick, {.accepted = true, .lasted_ns = kSecondNs + 1}));
}

// Eleven disconnects in a year are none too many, eleven in a minute are.
TEST(ReconnectPlanTest, AQuietTopicEndsNoClientAndAServerThatEndsEachStreamDoes) {
  ReconnectPlan quiet(kDefault, 1);
  for (int i = 0; i < 50; ++i) {
    const auto next = quiet.After({.accepted = true, .lasted_ns = 30 * kSecondNs}, i * kSecondNs, 0.5);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->attempt, 1);
  }
  ReconnectPlan hostile(kDefault, 1);
  int tries = 0;
  while (tries < 100 && hostile.After({.accepted = true, .lasted_ns = kSecondNs}, tries * kSecondNs, 0.5)) ++tries;
  EXPECT_EQ(tries, kDefault.attempts_max);
  EXPECT_FALSE(hostile.all_refuse());
}

TEST(ReconnectPlanTest, FewerPingsAreNoFailureAndNoReasonToLeave) {
  ReconnectPlan plan(kDefault, 2);
  ASSERT_EQ(plan.After({}, 0, 0)->server, 1u);
  const auto next = plan.After({.accepted = true, .lasted_ns = kSecondNs, .pinged_less = true}, 0, 0);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->server, 1u);
  EXPECT_EQ(next->attempt, 1) << "the failure before is still there, this one does not count";
  EXPECT_EQ(next->wait_ns, kDefault.delay_min_ns);
}

TEST(ReconnectPlanTest, AServerThatAsksForTimeIsLeftAloneAndTheOthersAreNot) {
  ReconnectPlan plan(kDefault, 2);
  const auto other = plan.After({.retry_after_ns = 60 * kSecondNs}, 0, 0);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->server, 1u);
  EXPECT_EQ(other->wait_ns, 3 * kSecondNs);
  const auto again = plan.After({}, 5 * kSecondNs, 0);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->server, 1u) << "the first one has asked for a minute";
  const auto first = plan.After({}, 58 * kSecondNs, 0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->server, 0u);
  EXPECT_EQ(first->wait_ns, 3 * kSecondNs);
}

TEST(ReconnectPlanTest, NobodyIsWaitedForLongerThanFiveMinutes) {
  ReconnectPlan plan(kDefault, 1);
  const auto next = plan.After({.retry_after_ns = 9'000'000'000 * kSecondNs}, 7, 0);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->wait_ns, kRetryAfterMaxNs);
}

TEST(ReconnectPlanTest, TheLastServerThatRefusesEndsIt) {
  ReconnectPlan plan(kDefault, 2);
  const auto next = plan.After({.never_here = true}, 0, 0);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->server, 1u);
  EXPECT_EQ(plan.After({}, 0, 0)->server, 1u) << "not the one that refused";
  EXPECT_FALSE(plan.After({.never_here = true}, 0, 0));
  EXPECT_TRUE(plan.all_refuse());
}

AttemptEnd AnyEnd() {
  AttemptEnd end;
  end.accepted = *rc::gen::arbitrary<bool>();
  end.brought_news = *rc::gen::inRange(0, 5) == 0;
  end.lasted_ns = *rc::gen::elementOf(std::vector<int64_t>{0, 1, kSecondNs, 4 * kSecondNs, 61 * kSecondNs});
  end.pinged_less = *rc::gen::inRange(0, 6) == 0;
  end.never_here = *rc::gen::inRange(0, 12) == 0;
  if (*rc::gen::inRange(0, 3) == 0) end.retry_after_ns = *rc::gen::arbitrary<int64_t>();
  return end;
}

RC_GTEST_PROP(ReconnectPlanProperty, WhateverServersDo, ()) {
  const auto servers = *rc::gen::inRange<size_t>(1, 5);
  const ReconnectOptions options{.attempts_max = *rc::gen::inRange(0, 6),
                                 .delay_min_ns = *rc::gen::inRange<int64_t>(1, 5 * kSecondNs),
                                 .delay_max_ns = *rc::gen::inRange<int64_t>(5 * kSecondNs, 20 * kSecondNs)};
  ReconnectPlan plan(options, servers);
  std::vector<bool> refuses(servers, false);
  std::vector<int64_t> not_before_ns(servers, 0);
  int64_t now_ns = *rc::gen::inRange<int64_t>(0, 1000) * kSecondNs;
  int failures = 0;
  for (int i = 0; i < 60; ++i) {
    const AttemptEnd end = AnyEnd();
    const size_t asked = plan.server();
    RC_ASSERT(!refuses[asked]);
    if (end.never_here) refuses[asked] = true;
    if (end.retry_after_ns) {
      not_before_ns[asked] = now_ns + std::clamp<int64_t>(*end.retry_after_ns, 0, kRetryAfterMaxNs);
    }
    if (IsSuccess(options, end)) failures = 0;
    if (!end.pinged_less) ++failures;
    const bool all_refuse = std::count(refuses.begin(), refuses.end(), false) == 0;
    const auto next = plan.After(end, now_ns, *rc::gen::inRange(0, 1000) / 1000.0);
    RC_ASSERT(plan.all_refuse() == all_refuse);
    RC_ASSERT(next.has_value() == (!all_refuse && (options.attempts_max == 0 || failures <= options.attempts_max)));
    if (!next) return;
    RC_ASSERT(next->server == plan.server());
    RC_ASSERT(next->attempt == failures);
    RC_ASSERT(next->wait_ns >= options.delay_min_ns);
    RC_ASSERT(next->wait_ns <= std::max(options.delay_max_ns, kRetryAfterMaxNs));
    RC_ASSERT(now_ns + next->wait_ns >= not_before_ns[next->server]);
    if (end.pinged_less && !end.never_here) RC_ASSERT(next->server == asked);
    // Beyond the policy's own wait only for a server that asked for it, and only when no other is free sooner.
    if (next->wait_ns > options.delay_max_ns && !end.pinged_less) {
      for (size_t s = 0; s < servers; ++s) {
        RC_ASSERT(refuses[s] || not_before_ns[s] >= not_before_ns[next->server]);
      }
    }
    now_ns += next->wait_ns + *rc::gen::inRange<int64_t>(0, 10 * kSecondNs);
  }
}

}  // namespace
}  // namespace pipeline
