// Steps are timed one after the other, and what is not the load is told apart.
#include "harness/run/step_timer.h"

#include <gtest/gtest.h>

namespace harness {
namespace {

TEST(StepTimerTest, EachStepEndsTheOneBefore) {
  StepTimer timer;
  timer.Add("validate", 5);
  timer.Begin("broker");
  timer.Begin("servers");
  timer.Begin("broker");
  timer.End();
  timer.End();
  ASSERT_EQ(timer.steps().size(), 3U);
  EXPECT_EQ(timer.steps()[0].name, "validate");
  EXPECT_EQ(timer.steps()[0].duration_ns, 5);
  EXPECT_EQ(timer.steps()[1].name, "broker");
  EXPECT_EQ(timer.steps()[2].name, "servers");
  for (const StepTime& step : timer.steps()) EXPECT_GE(step.duration_ns, 0);
}

TEST(StepTimerTest, TellsTheLoadFromTheRest) {
  const std::string text =
      TimingText({{"validate", 2'000'000}, {"broker", 30'000'000}, {kLoadStep, 900'000'000}, {"end", 8'400'000}});
  EXPECT_NE(text.find("  broker                      30 ms\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  up to the first load        32 ms\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  beyond the phases           40 ms\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace harness
