// `harness clean` deletes what a run's own file names, and asks nobody about anything else: a run that goes on, a file
// that names the topics of others, a folder that is not there.
#include "harness/cli/clean_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "harness/run/run_topics.h"

namespace harness {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CleanCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "clean_command.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    runs_ = name;
    run_ = runs_ + "/20260131-100000-smoke-1";
    fs::create_directory(run_);
  }
  void TearDown() override { fs::remove_all(runs_); }
  int Clean(const std::string& path) { return RunClean({.paths = {path}, .brokers = {}, .kafka = {}}, out_, err_); }
  void Write(const std::string& text) const { std::ofstream(RunTopicsPath(run_)) << text; }

  // Nobody listens there: what is asked at all fails.
  RunTopics topics_{"smoke-1-5f", "127.0.0.1:1", "cluster", {RunTopic("smoke-1-5f"), RunDeadLetterTopic("smoke-1-5f")}};
  std::string runs_;
  std::string run_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CleanCommandTest, TheFileSaysWhatItSaid) {
  EXPECT_EQ(ParseRunTopics(RunTopicsJson(topics_)), topics_);
  EXPECT_EQ(topics_.topics[0], "payments.raw.smoke-1-5f");
}

TEST_F(CleanCommandTest, NothingToDoIsFine) {
  EXPECT_EQ(Clean(runs_), 0);
  EXPECT_EQ(out_.str(), "No run has left a topic behind.\n");
}

TEST_F(CleanCommandTest, AnAbsentFolderIsNamed) {
  EXPECT_EQ(Clean(runs_ + "/absent"), 2);
  EXPECT_THAT(err_.str(), HasSubstr("/absent"));
}

TEST_F(CleanCommandTest, ARunThatGoesOnIsLeftAlone) {
  const RunTopicsFile file(run_, topics_);
  EXPECT_EQ(Clean(runs_), 0);
  EXPECT_THAT(out_.str(), HasSubstr("still running, left alone"));
  EXPECT_TRUE(fs::exists(RunTopicsPath(run_)));
}

TEST_F(CleanCommandTest, TopicsOfOthersAreNotTouched) {
  const std::string good = RunTopicsJson(topics_);
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {changed("payments.raw.smoke-1-5f\"", "payments.raw\""), changed("payments.raw.smoke-1-5f\"", "orders\""),
        changed("payments.raw.smoke-1-5f\"", "payments.raw.smoke-1-60\""), changed("smoke-1-5f\",", "smoke\","),
        changed("\"format\": 1", "\"format\": 2"), changed("127.0.0.1:1", ""), std::string("{}"), std::string("[]"),
        std::string(), good.substr(0, good.size() / 2)}) {
    Write(text);
    err_.str("");
    EXPECT_EQ(Clean(run_), 3) << text;
    EXPECT_THAT(err_.str(), HasSubstr("not touched")) << text;
    EXPECT_TRUE(fs::exists(RunTopicsPath(run_)));
  }
}

TEST_F(CleanCommandTest, WhatCantBeDeletedStaysNamed) {
  { const RunTopicsFile left_behind(run_, topics_); }
  EXPECT_EQ(Clean(run_), 3);
  EXPECT_THAT(err_.str(), HasSubstr("Kafka at 127.0.0.1:1 does not answer"));
  EXPECT_TRUE(fs::exists(RunTopicsPath(run_)));
}

}  // namespace
}  // namespace harness
