// A program that is asked to end ends as it may, or what was wrong is said.
#include "harness/run/endings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace harness {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

// Statuses as waitpid gives them.
ProcessExit Exit(int code) { return {.status = code << 8}; }
ProcessExit Signal(int number) { return {.status = number}; }

TEST(EndingsTest, OursEndWithZeroAndOthersMayBeEndedByTheSignal) {
  ProgramPlan plan;
  EXPECT_THAT(AllowedExitCodes(plan), ElementsAre(0));
  plan.command = {"server"};
  EXPECT_THAT(AllowedExitCodes(plan), ElementsAre(0, 128 + SIGTERM));
  plan.exit_codes = {0, 3};
  EXPECT_THAT(AllowedExitCodes(plan), ElementsAre(0, 3));
}

TEST(EndingsTest, AnythingElseIsABadEnd) {
  EXPECT_EQ(BadEndText(Exit(0), {0}, 1), "");
  EXPECT_EQ(BadEndText(Exit(3), {0, 3}, 1), "");
  EXPECT_EQ(BadEndText(Signal(SIGTERM), {0, 143}, 1), "");
  EXPECT_EQ(BadEndText(Exit(1), {0, 143}, 1), "it ended by exit 1; allowed: exit 0 or signal 15");
  EXPECT_THAT(BadEndText(Signal(SIGABRT), {0}, 1), MatchesRegex("it ended by signal 6[^;]*; allowed: exit 0"));
  EXPECT_THAT(BadEndText(Signal(SIGTERM), {0}, 1), MatchesRegex("it ended by signal 15[^;]*; allowed: exit 0"));
}

TEST(EndingsTest, OneThatIsAskedAgainMayEndAtOnceButNotCrash) {
  EXPECT_EQ(BadEndText(Signal(SIGTERM), {0}, 2), "");
  EXPECT_EQ(BadEndText(Exit(128 + SIGTERM), {0}, 2), "") << "a shell that says so";
  EXPECT_EQ(BadEndText(Exit(130), {0}, 2), "");
  EXPECT_EQ(BadEndText(Exit(1), {0}, 2), "");
  EXPECT_THAT(BadEndText(Signal(SIGSEGV), {0}, 2), MatchesRegex("it ended by signal 11[^;]*; allowed: exit 0"));
  EXPECT_EQ(BadEndText(Exit(128 + SIGABRT), {0}, 2), "it ended by exit 134; allowed: exit 0");
}

}  // namespace
}  // namespace harness
