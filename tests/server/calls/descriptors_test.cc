// Limits fit the descriptors that there are: a default is lowered, what was asked for is refused with what was found.
#include "server/calls/descriptors.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pipeline {
namespace {

constexpr DescriptorNeeds kDefaults = {10'000, 2'000, 0, 0, false, false};

TEST(DescriptorsTest, WithManyNothingIsLowered) {
  const DescriptorPlan plan = PlanDescriptors(kDefaults, 1'048'576);
  EXPECT_EQ(plan.error + plan.lowered, "");
  EXPECT_EQ(plan.limits.calls_max, 10'000);
  EXPECT_EQ(plan.limits.calls_per_peer_max, 2'000);
  EXPECT_EQ(plan.limits.connections_max, 11'000);
  EXPECT_EQ(plan.limits.connections_per_peer_max, 2'100);
}

TEST(DescriptorsTest, ADefaultIsLoweredAndSaysSo) {
  const DescriptorPlan plan = PlanDescriptors(kDefaults, 1024);
  EXPECT_EQ(plan.error, "");
  EXPECT_EQ(plan.lowered, "a limit of 1024 open files: --max-calls is 768 instead of 10000");
  EXPECT_EQ(plan.limits.calls_max, 768);
  EXPECT_EQ(plan.limits.calls_per_peer_max, 384) << "no host takes all that there are";
  EXPECT_EQ(plan.limits.connections_max, 768);
  EXPECT_EQ(plan.limits.connections_per_peer_max, 484);
}

TEST(DescriptorsTest, WhatWasAskedForIsRefused) {
  DescriptorNeeds needs = kDefaults;
  needs.calls_max = 5'000;
  needs.calls_max_given = true;
  EXPECT_EQ(PlanDescriptors(needs, 1024).error,
            "found a limit of 1024 open files (ulimit -Hn), 256 of them for Kafka, metrics and files; --max-calls 5000 "
            "needs 5000 for connections. Raise the limit (LimitNOFILE= of systemd, --ulimit nofile= of docker, "
            "/etc/security/limits.conf) or ask for less");
  needs.connections_max = 500;
  EXPECT_EQ(PlanDescriptors(needs, 1024).error, "") << "many calls on few connections";
  EXPECT_EQ(PlanDescriptors(needs, 1024).limits.calls_max, 5'000);
  needs.connections_max = 769;
  EXPECT_NE(PlanDescriptors(needs, 1024).error, "");
  EXPECT_NE(PlanDescriptors(kDefaults, 70).error, "") << "too few for any server";
}

// Never more connections than descriptors; never a limit that admits nobody; what was asked for is never changed.
RC_GTEST_PROP(DescriptorsProperty, LimitsFit, ()) {
  DescriptorNeeds needs;
  needs.calls_max = *rc::gen::inRange<int64_t>(1, 30'000);
  needs.calls_per_peer_max = *rc::gen::inRange<int64_t>(1, 30'000);
  needs.connections_max = *rc::gen::inRange<int64_t>(0, 30'000) * *rc::gen::inRange<int64_t>(0, 2);
  needs.connections_per_peer_max = *rc::gen::inRange<int64_t>(0, 30'000);
  needs.calls_max_given = *rc::gen::arbitrary<bool>();
  needs.calls_per_peer_max_given = *rc::gen::arbitrary<bool>();
  const auto descriptors = *rc::gen::inRange<int64_t>(0, 40'000);
  const DescriptorPlan plan = PlanDescriptors(needs, descriptors);
  if (!plan.error.empty()) return;
  const DescriptorNeeds& limits = plan.limits;
  RC_ASSERT(limits.connections_max + kReservedMin <= descriptors);
  RC_ASSERT(limits.connections_max > 0 && limits.connections_per_peer_max > 0);
  RC_ASSERT(limits.calls_max > 0 && limits.calls_per_peer_max > 0);
  RC_ASSERT(limits.calls_max <= needs.calls_max);
  RC_ASSERT(plan.lowered.empty() == (limits.calls_max == needs.calls_max));
  if (needs.connections_max == 0) RC_ASSERT(limits.calls_max <= limits.connections_max);
  if (needs.connections_max != 0) RC_ASSERT(limits.connections_max == needs.connections_max);
  if (needs.calls_max_given) RC_ASSERT(limits.calls_max == needs.calls_max);
  if (needs.calls_per_peer_max_given) RC_ASSERT(limits.calls_per_peer_max == needs.calls_per_peer_max);
}

}  // namespace
}  // namespace pipeline
