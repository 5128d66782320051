// `harness report` makes the page of a recorded run again, an index of several, and says what it can't read.
#include "harness/cli/report_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/recorded_story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class ReportCommandTest : public ::testing::Test {
 protected:
  int Report(const std::vector<std::string>& paths) {
    out_.str("");
    err_.str("");
    return RunReport({.paths = paths}, out_, err_);
  }
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ReportCommandTest, OneRunGetsItsPageAgainAndNoIndex) {
  const StoryFolder folder;
  folder.Record(LossyStory().history);
  EXPECT_EQ(Report({folder.path() + "/"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), folder.path() + "/report.html  FAIL\n");
  const std::string page = folder.Read("report.html");
  EXPECT_THAT(page, HasSubstr("<b id=\"verdict\">FAIL</b>"));
  EXPECT_THAT(page, HasSubstr("client second: never received."));
  EXPECT_THAT(page, HasSubstr("&quot;name&quot;: &quot;story&quot;"));  // the scenario
  EXPECT_THAT(folder.Read("timeline.csv"), HasSubstr("begin_ns,"));
  EXPECT_FALSE(fs::exists(folder.File("result.json")));
  EXPECT_FALSE(fs::exists(fs::path(folder.path()).parent_path() / "index.html"));
  EXPECT_EQ(Report({folder.path()}), 0);
  EXPECT_EQ(folder.Read("report.html"), page);
}

TEST_F(ReportCommandTest, AFolderOfRunsGetsAnIndex) {
  const StoryFolder all;
  const StoryFolder good, bad;
  good.Record(WholeStory().history);
  bad.Record(LossyStory().history);
  fs::copy(good.path(), all.File("good"), fs::copy_options::recursive);
  fs::copy(bad.path(), all.File("bad"), fs::copy_options::recursive);
  fs::create_directory(all.File("never"));
  all.Write("never/result.json",
            R"({"verdict": "ERROR", "exit_code": 3, "scenario": "<b>", "problems": ["port taken </script>"]})");
  fs::create_directory(all.File("other"));
  EXPECT_EQ(Report({all.path()}), 0) << err_.str();
  const std::string index = all.Read("index.html");
  EXPECT_THAT(index, HasSubstr("1 of 3 runs passed"));
  EXPECT_THAT(index, HasSubstr("<a href=\"./good/report.html\">"));
  EXPECT_THAT(index, HasSubstr("<a href=\"./bad/report.html\">"));
  EXPECT_THAT(index, HasSubstr("port taken &lt;/script&gt;"));
  EXPECT_THAT(index, Not(HasSubstr("never/report.html")));
  EXPECT_TRUE(fs::exists(all.File("bad/report.html")));
  EXPECT_EQ(Report({all.File("good"), all.File("bad")}), 0);
  EXPECT_THAT(all.Read("index.html"), HasSubstr("1 of 2 runs passed"));
}

TEST_F(ReportCommandTest, WhatIsNoRunIsSaid) {
  const StoryFolder folder;
  EXPECT_EQ(Report({folder.path()}), 2);
  EXPECT_THAT(err_.str(), HasSubstr(" is no run directory, and has none in it\n"));
  EXPECT_EQ(Report({folder.File("absent")}), 2);
  EXPECT_THAT(err_.str(), HasSubstr(std::string("absent can't be read: ") + strerror(ENOENT)));
  folder.Write("result.json", R"({"verdict": "ERROR", "exit_code": 3})");
  EXPECT_EQ(Report({folder.path()}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("has no history/run.journal to make a page from"));
  for (const char* text : {"", "[]", "{}", R"({"verdict": 5, "exit_code": {}, "run": [], "problems": {}})"}) {
    folder.Write("result.json", text);
    EXPECT_EQ(Report({folder.path()}), 2) << text;
  }
  folder.Record(WholeStory().history);
  fs::remove_all(folder.File("report.html"));
  fs::create_directory(folder.File("report.html"));
  EXPECT_EQ(Report({folder.path()}), 3);
  EXPECT_THAT(err_.str(), HasSubstr("the page could not be written"));
}

TEST_F(ReportCommandTest, ARunThatDiedHasAPage) {
  const StoryFolder folder;
  folder.Record(WholeStory().history);
  const std::string whole = folder.Read("history/run.journal");
  for (const size_t part : {size_t{12}, whole.size() / 3, whole.size() - 30}) {
    folder.Write("history/run.journal", whole.substr(0, part));
    EXPECT_EQ(Report({folder.path()}), 0) << part << err_.str();
    EXPECT_THAT(folder.Read("report.html"), HasSubstr("<b id=\"verdict\">INVALID</b>")) << part;
  }
}

}  // namespace
}  // namespace harness
