// A selection of files and folders stands for the scenarios a person expects, and `list` shows them in a readable
// table.
#include "harness/scenario/find.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace harness {
namespace {

namespace fs = std::filesystem;

class FindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "find_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Touch(const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "{}";
    return (folder_ / name).string();
  }

  fs::path folder_;
};

TEST_F(FindTest, AFolderStandsForItsScenariosInOrder) {
  const std::string b = Touch("b.json");
  const std::string a = Touch("a.json");
  const std::string below = Touch("more/c.json");
  Touch("scenario.schema.json");
  Touch("notes.txt");
  Touch(".hidden.json");
  Touch(".git/x.json");
  const ScenarioSelection selection = FindScenarios({folder_.string() + "/"});
  EXPECT_EQ(selection.files, (std::vector<std::string>{a, b, below}));
  EXPECT_TRUE(selection.unmatched.empty());
}

TEST_F(FindTest, AFileIsTakenOnceWhateverItsName) {
  const std::string odd = Touch("odd.txt");
  const std::string a = Touch("in/a.json");
  const ScenarioSelection selection = FindScenarios({odd, a, odd, folder_.string() + "/in"});
  EXPECT_EQ(selection.files, (std::vector<std::string>{odd, a}));
}

TEST_F(FindTest, WhatMatchesNothingIsSaid) {
  fs::create_directories(folder_ / "empty");
  const ScenarioSelection selection = FindScenarios({folder_.string() + "/absent.json", folder_.string() + "/empty"});
  EXPECT_TRUE(selection.files.empty());
  ASSERT_EQ(selection.unmatched.size(), 2u);
  EXPECT_EQ(selection.unmatched[0].Text(), folder_.string() + "/absent.json: there is no such file or folder");
  EXPECT_EQ(selection.unmatched[1].Text(),
            folder_.string() + "/empty: holds no scenario; allowed: a folder with *.json files");
}

TEST(ListingTest, WrapsDescriptionsBesideTheirNames) {
  const std::string table = ListingTable({{"s/a.json", "a", "one two three four five six seven eight nine"},
                                          {"s/bad.json", "", ""},
                                          {"s/n.json", "n", ""}},
                                         40);
  EXPECT_EQ(table,
            "a           one two three four five six\n"
            "            seven eight nine\n"
            "s/bad.json  (broken: see harness\n"
            "            validate)\n"
            "n\n");
}

TEST(ListingTest, LongNamesGetALineOfTheirOwn) {
  const std::string name(30, 'x');
  EXPECT_EQ(ListingTable({{"f", name, "what it is"}}, 40), name + "\n                      what it is\n");
}

}  // namespace
}  // namespace harness
