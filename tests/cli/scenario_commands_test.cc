// `validate`, `schema` and `list` answer with the right exit code and say what a person needs to go on.
#include "harness/cli/scenario_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "harness/scenario/schema_text.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

const std::string& Scenarios() {
  static const std::string folder = std::string(PIPELINE_SOURCE_DIR) + "/scenarios";
  return folder;
}

class ScenarioCommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "scenario_commands.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    broken_ = folder_ + "/broken.json";
    std::ofstream(broken_) << "{\n \"name\": 5}";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string folder_;
  std::string broken_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ScenarioCommandsTest, ValidateAcceptsTheShippedScenarios) {
  EXPECT_EQ(RunValidate({Scenarios()}, {}, out_, err_), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("/restart.json: OK\n"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(ScenarioCommandsTest, ValidateNamesEachErrorAndGoesOn) {
  EXPECT_EQ(RunValidate({broken_, Scenarios() + "/smoke.json", folder_ + "/absent"}, {}, out_, err_), 2);
  EXPECT_THAT(err_.str(), HasSubstr(broken_ + ":2:10: /name: found the number 5; allowed: "));
  EXPECT_THAT(err_.str(), HasSubstr("/absent: there is no such file or folder\n"));
  EXPECT_THAT(out_.str(), HasSubstr("/smoke.json: OK\n"));
}

TEST_F(ScenarioCommandsTest, ValidateJudgesWithTheOverrides) {
  EXPECT_EQ(RunValidate({Scenarios() + "/smoke.json"}, {.set = {"/phases/1/rate=200"}, .seed = {}}, out_, err_), 2);
  EXPECT_THAT(err_.str(), HasSubstr("in \"--set /phases/1/rate=200\": found \"200\"; allowed: records per second"));
}

TEST_F(ScenarioCommandsTest, ASelectionWithoutScenariosIsExit5) {
  fs::create_directory(folder_ + "/empty");
  EXPECT_EQ(RunValidate({folder_ + "/empty"}, {}, out_, err_), 5);
  EXPECT_EQ(RunList({folder_ + "/absent.json"}, 80, out_, err_), 5);
}

TEST_F(ScenarioCommandsTest, SchemaIsTheFileThatEditorsUse) {
  EXPECT_EQ(RunSchema(out_), 0);
  std::ifstream file(Scenarios() + "/scenario.schema.json");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(out_.str(), text.str());
}

TEST_F(ScenarioCommandsTest, ListShowsNamesAndDescriptions) {
  EXPECT_EQ(RunList({Scenarios(), broken_}, 100, out_, err_), 2);
  EXPECT_THAT(out_.str(), HasSubstr("Two seconds of light load"));
  EXPECT_THAT(out_.str(), HasSubstr(broken_));
  EXPECT_THAT(err_.str(), HasSubstr(broken_ + ":2:10: "));
}

}  // namespace
}  // namespace harness
