// `harness check` says of a recorded run what the run said of itself, and of a journal that is not whole that it proves
// nothing; it changes no file of the run.
#include "harness/cli/check_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/cli/recorded_story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr char kJournal[] = "history/run.journal";

class CheckCommandTest : public ::testing::Test {
 protected:
  int Check(const CheckCommandOptions& options) {
    out_.str("");
    err_.str("");
    return RunCheck(options, out_, err_);
  }
  int Check() { return Check({.run_dirs = {folder_.path()}}); }
  // Every file below the run directory with its bytes.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      const std::string name = fs::relative(entry.path(), folder_.path()).string();
      if (entry.is_regular_file()) files[name] = folder_.Read(name);
    }
    return files;
  }

  StoryFolder folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CheckCommandTest, AWholeRunPassesAgain) {
  folder_.Record(WholeStory().history);
  EXPECT_EQ(Check(), 0) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr("PASS  story: every payment that Kafka acknowledged reached every client once"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CheckCommandTest, WhatWasLostIsLostAgain) {
  folder_.Record(LossyStory().history);
  EXPECT_EQ(Check(), 1) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr("FAIL  story: broken: LOST"));
  EXPECT_THAT(out_.str(), HasSubstr("client second never got partition 1 offset 3 (pay_1000008, run.load.8)"));
  EXPECT_THAT(out_.str(), HasSubstr("harness run " + folder_.path() + "/scenario.json --seed 7"));
}

TEST_F(CheckCommandTest, WhatOnlyTheRunKnewComesFromItsResult) {
  const History history = LossyStory().history;
  folder_.Record(history);
  RunFacts facts;
  facts.scenario_path = "scenarios/story.json";
  facts.backend = "mock (librdkafka 2.0.2)";
  facts.duration_ns = 2'500'000'000;
  facts.overrides = {"--set=/phases/0/rate=100/s"};
  facts.load = {{"unsent", 3}};
  folder_.Report(history, facts);
  EXPECT_EQ(Check(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("seed 7, 2.50 s, exit code 1, on mock (librdkafka 2.0.2)\n"));
  EXPECT_THAT(out_.str(), HasSubstr("3 planned and never handed over"));
  EXPECT_THAT(out_.str(), HasSubstr("witness.txt"));
  EXPECT_THAT(out_.str(), HasSubstr("harness run scenarios/story.json --set=/phases/0/rate=100/s --seed 7\n"));
}

TEST_F(CheckCommandTest, WithoutAResultItNamesNoneAndWithABrokenOneItSaysSo) {
  folder_.Record(WholeStory().history);
  EXPECT_EQ(Check(), 0);
  EXPECT_THAT(out_.str(), Not(HasSubstr("result.json")));
  EXPECT_THAT(out_.str(), HasSubstr("  seed 7, exit code 0\n"));
  for (const char* text : {"", "{", "[1]", R"({"schema_version": 99, "run": {}})", R"({"run": 7})"}) {
    folder_.Write("result.json", text);
    EXPECT_EQ(Check(), 0) << text;
    EXPECT_THAT(err_.str(), HasSubstr("/result.json is not a result of this program's")) << text;
  }
  folder_.Write("result.json", R"({"schema_version": 3, "run": {"host": 5, "overrides": [{}, "--x"], "backend": []},
    "usage": {"a": 1}, "load": [2]})");
  EXPECT_EQ(Check(), 0);
  EXPECT_EQ(err_.str(), "");
}

// What stands where the log of latencies was holds nobody up.
TEST_F(CheckCommandTest, AFifoInPlaceOfTheLatencyLogIsPassedOver) {
  folder_.Record(WholeStory().history);
  ASSERT_EQ(mkfifo((folder_.path() + "/latency.hlog").c_str(), 0600), 0);
  EXPECT_EQ(Check(), 0) << err_.str();
}

TEST_F(CheckCommandTest, TimesAreJudgedAsTheRunDidUnlessToldOtherwise) {
  const History history = WholeStory().history;
  folder_.Record(history, "e2e.latency p50 < 1us");
  EXPECT_EQ(Check(), 1) << "nothing says that the run reported them";
  RunFacts facts;
  facts.report_time_thresholds = true;
  folder_.Report(history, facts);
  EXPECT_EQ(Check(), 0) << out_.str();
  EXPECT_EQ(Check({.run_dirs = {folder_.path()}, .thresholds = "judge"}), 1) << out_.str();
  facts.report_time_thresholds = false;
  folder_.Report(history, facts);
  EXPECT_EQ(Check(), 1) << out_.str();
  EXPECT_EQ(Check({.run_dirs = {folder_.path()}, .thresholds = "report"}), 0) << out_.str();
}

TEST_F(CheckCommandTest, ItWritesOnlyWhereItIsTold) {
  folder_.Record(LossyStory().history);
  const auto before = Files();
  EXPECT_EQ(Check(), 1);
  EXPECT_EQ(Files(), before);
  const StoryFolder other;
  const std::string into = other.File("made/here");
  EXPECT_EQ(Check({.run_dirs = {folder_.path()}, .out_dir = into}), 1);
  EXPECT_EQ(Files(), before);
  EXPECT_THAT(out_.str(),
              HasSubstr("Written to " + into + ": report.html, result.json, junit.xml, timeline.csv, witness.txt\n"));
  const auto result = nlohmann::json::parse(other.Read("made/here/result.json"));
  EXPECT_EQ(result["verdict"], "FAIL");
  EXPECT_EQ(result["run"]["directory"], folder_.path());
  EXPECT_TRUE(fs::exists(into + "/witness.txt"));
  // A witness of before does not stay beside a pass.
  folder_.Record(WholeStory().history);
  EXPECT_EQ(Check({.run_dirs = {folder_.path()}, .out_dir = into}), 0);
  EXPECT_FALSE(fs::exists(into + "/witness.txt"));
  EXPECT_EQ(Check({.run_dirs = {folder_.path()}, .out_dir = folder_.File("scenario.json")}), 3);
  EXPECT_THAT(err_.str(), HasSubstr("the report could not be written"));
}

TEST_F(CheckCommandTest, SeveralRunsGiveATableAndTheWorstExitCode) {
  folder_.Record(WholeStory().history);
  const StoryFolder lossy;
  lossy.Record(LossyStory().history);
  EXPECT_EQ(Check({.run_dirs = {folder_.path(), lossy.path() + "/"}}), 1);
  EXPECT_THAT(out_.str(), HasSubstr(folder_.path() + "   PASS         exit 0\n"));
  EXPECT_THAT(out_.str(), HasSubstr(lossy.path() + "/  FAIL         exit 1\n"));
  EXPECT_EQ(Check({.run_dirs = {lossy.path(), lossy.File("absent")}}), 2);
  EXPECT_EQ(Check({.run_dirs = {folder_.path(), lossy.path()}, .out_dir = lossy.File("out")}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--out takes the report of one run directory, not of 2"));
}

TEST_F(CheckCommandTest, WhatIsNoRunDirectoryIsSaidInALine) {
  EXPECT_EQ(Check({.run_dirs = {folder_.File("absent")}}), 2);
  EXPECT_EQ(err_.str(), "harness: there is no run directory \"" + folder_.File("absent") + "\"\n");
  EXPECT_EQ(Check(), 2);
  EXPECT_EQ(err_.str(), "harness: " + folder_.path() + " is no run directory: it has no history/run.journal\n");
  folder_.Record(WholeStory().history);
  folder_.Write("scenario.json", "{}");
  EXPECT_EQ(Check(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("/scenario.json:1:1: "));
  fs::remove(folder_.File("scenario.json"));
  EXPECT_EQ(Check(), 3);
  EXPECT_THAT(err_.str(), HasSubstr("/scenario.json can't be read"));
}

TEST_F(CheckCommandTest, WhatIsNoJournalIsSaidInALine) {
  folder_.Record(WholeStory().history);
  folder_.Write(kJournal, "{\"type\": \"start\"}\n");
  EXPECT_EQ(Check(), 3);
  EXPECT_THAT(err_.str(), HasSubstr("run.journal is no journal: it does not begin with PAYJRNL\n"));
  folder_.Write(kJournal, std::string("PAYJRNL\n\x07\0\0\0", 12));
  EXPECT_EQ(Check(), 3);
  EXPECT_THAT(err_.str(), HasSubstr("is a journal of version 7; this program reads version "));
  fs::remove(folder_.File(kJournal));
  fs::create_directory(folder_.File(kJournal));
  EXPECT_EQ(Check(), 3);
  EXPECT_THAT(err_.str(), HasSubstr("is no journal: it is not a regular file"));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(CheckCommandTest, AJournalCutAtAnyByteProvesNothing) {
  folder_.Record(WholeStory().history, "e2e.latency{phase=steady,client=second} p50 < 1s");
  const std::string whole = folder_.Read(kJournal);
  ASSERT_GT(whole.size(), 5'000u);
  for (size_t cut = 0; cut < whole.size(); cut += 1 + whole.size() / 300) {
    folder_.Write(kJournal, whole.substr(0, cut));
    EXPECT_EQ(Check(), 4) << "cut at byte " << cut << ": " << out_.str();
    EXPECT_THAT(out_.str(), HasSubstr("HARNESS_OK")) << cut;
  }
  folder_.Write(kJournal, whole + "more");
  EXPECT_EQ(Check(), 4) << out_.str();
  folder_.Write(kJournal, whole);
  EXPECT_EQ(Check(), 0) << out_.str();
}

TEST_F(CheckCommandTest, AnInterruptedRunStaysInterrupted) {
  Story story = WholeStory();
  story.history.interrupted = true;
  folder_.Record(story.history);
  EXPECT_EQ(Check(), 130);
  EXPECT_THAT(out_.str(), HasSubstr("INTERRUPTED  story"));
}

}  // namespace
}  // namespace harness
