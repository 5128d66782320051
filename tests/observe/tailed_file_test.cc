// However a file grows, each whole line is given once, in order and unbroken; what its writer cuts off again is not
// given.
#include "harness/observe/tailed_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "harness/observe/log_lines.h"
#include "observe_testing.h"

namespace harness {
namespace {

std::vector<std::string> Lines(TailedFile* file) {
  std::vector<std::string> lines;
  file->ReadLines([&](const TailedFile::Line& line) {
    lines.push_back(line.too_long ? "(too long)" : std::string(line.text));
    return !line.too_long && line.text != "broken";
  });
  return lines;
}

RC_GTEST_PROP(TailedFileProperty, GivesEachLineOnceHoweverItIsWritten, ()) {
  const auto lines =
      *rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(rc::gen::inRange('a', 'e')));
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const TempFolder folder;
  TailedFile file(folder.File("log"));
  std::vector<std::string> given;
  const auto look = [&] {
    for (std::string& line : Lines(&file)) given.push_back(std::move(line));
  };
  look();  // not there yet
  for (size_t at = 0; at < text.size();) {
    const auto bytes = *rc::gen::inRange<size_t>(1, 12);
    AppendTo(folder.File("log"), text.substr(at, bytes));
    at += bytes;
    if (*rc::gen::arbitrary<bool>()) look();
  }
  look();
  RC_ASSERT(given == lines);
  RC_ASSERT(file.TakeProblem() == "");
}

// The name counts: whatever takes its place, no line that was whole is missed and none is given twice.
RC_GTEST_PROP(TailedFileProperty, FollowsItsNameThroughReplacements, ()) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TailedFile file(path);
  std::vector<std::string> given;
  const auto look = [&] {
    for (std::string& line : Lines(&file)) given.push_back(std::move(line));
  };
  std::vector<std::string> wanted;
  std::string text;  // of the file that has the name
  const auto write = [&] {
    const std::string line = "line " + std::to_string(wanted.size());
    wanted.push_back(line);
    text += line + "\n";
    AppendTo(path, line + "\n");
  };
  const int steps = *rc::gen::inRange(1, 12);
  for (int i = 0; i < steps; ++i) {
    write();
    look();
    if (*rc::gen::arbitrary<bool>()) write();  // what nobody has looked at when the name goes to another file
    const int how = *rc::gen::inRange(0, 3);
    if (how == 1) {  // put away, and begun anew
      std::filesystem::rename(path, folder.File("log.1"));
      if (*rc::gen::arbitrary<bool>()) look();
      text.clear();
    } else if (how == 2) {  // all of it written anew, and put in its place
      const std::string added = "line " + std::to_string(wanted.size());
      wanted.push_back(added);
      text += added + "\n";
      AppendTo(folder.File("log.new"), text);
      std::filesystem::rename(folder.File("log.new"), path);
    }
  }
  write();
  look();
  RC_ASSERT(given == wanted);
  RC_ASSERT(file.TakeProblem() == "");
}

TEST(TailedFileTest, ATornTailThatIsCutOffIsNeverGiven) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TailedFile file(path);
  AppendTo(path, "one\ntor");
  EXPECT_EQ(Lines(&file), (std::vector<std::string>{"one"}));
  std::filesystem::resize_file(path, 4);
  EXPECT_EQ(Lines(&file), std::vector<std::string>{});
  AppendTo(path, "two\nthr");
  EXPECT_EQ(Lines(&file), (std::vector<std::string>{"two"}));
  // Cut and grown beyond where it was, between two looks.
  std::filesystem::resize_file(path, 8);
  AppendTo(path, "three and more\n");
  EXPECT_EQ(Lines(&file), (std::vector<std::string>{"three and more"}));
  EXPECT_EQ(file.TakeProblem(), "");
}

TEST(TailedFileTest, ABrokenLastLineMayBeCutOffToo) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TailedFile file(path);
  AppendTo(path, "one\nbroken\n");
  EXPECT_EQ(Lines(&file).size(), 2u);
  std::filesystem::resize_file(path, 4);
  EXPECT_EQ(Lines(&file).size(), 0u);
  AppendTo(path, "two\n");
  EXPECT_EQ(Lines(&file), (std::vector<std::string>{"two"}));
  EXPECT_EQ(file.TakeProblem(), "");
}

TEST(TailedFileTest, AFileThatLosesWholeLinesIsAProblem) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TailedFile file(path);
  AppendTo(path, "one\ntwo\n");
  EXPECT_EQ(Lines(&file).size(), 2u);
  std::filesystem::resize_file(path, 4);
  EXPECT_EQ(Lines(&file).size(), 0u);
  const std::string problem = file.TakeProblem();
  EXPECT_NE(problem.find("shrank from 8 to 4"), std::string::npos) << problem;
  EXPECT_EQ(file.TakeProblem(), "");  // once
  AppendTo(path, "three\n");
  EXPECT_EQ(Lines(&file), (std::vector<std::string>{"three"}));
}

TEST(TailedFileTest, ALineAboveTheLimitIsSkippedAndTheNextIsGiven) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TailedFile file(path);
  AppendTo(path, "one\n" + std::string(kLineBytesMax, 'x'));
  EXPECT_EQ(Lines(&file), (std::vector<std::string>{"one"}));
  AppendTo(path, std::string(kLineBytesMax, 'x'));
  EXPECT_EQ(Lines(&file), std::vector<std::string>{});
  AppendTo(path, "x\n" + std::string(kLineBytesMax, 'y') + "\nlast\n");
  EXPECT_EQ(Lines(&file), (std::vector<std::string>{"(too long)", std::string(kLineBytesMax, 'y'), "last"}));
}

TEST(TailedFileTest, AFolderIsAProblem) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.File("log"));
  TailedFile file(folder.File("log"));
  EXPECT_EQ(Lines(&file), std::vector<std::string>{});
  EXPECT_NE(file.TakeProblem(), "");
}

}  // namespace
}  // namespace harness
