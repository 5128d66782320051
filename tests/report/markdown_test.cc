// The summary for a CI job's page says what broke and how to run it again, and nothing that a run wrote is markup in
// it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "harness/report/report.h"
#include "harness/report/write_whole.h"
#include "tests/report/report_testing.h"

namespace harness {
namespace {

TEST(MarkdownTest, AFailureSaysWhatBrokeAndHowToRunItAgain) {
  const std::string text = SummaryMarkdown(LossyRun().View());
  EXPECT_TRUE(text.starts_with("## ❌ FAIL restart\n\nbroken&#58; LOST &#40;2&#41;\n")) << text;
  EXPECT_CONTAINS(text, "1. **LOST**, 2 violations: client fast never received partition 0 offset 4");
  EXPECT_CONTAINS(text, "Suspected: server\n");
  EXPECT_CONTAINS(text, "Sent 9, acknowledged 9, in doubt 0, in the topic 9");
  EXPECT_CONTAINS(text, "| recovery.reconnect&#123;each,client=fast&#125; &#60; 3s | pass | 150 ms | 1 |\n");
  EXPECT_CONTAINS(text, "| crash | fast | 150 ms | 200 ms |\n");
  EXPECT_CONTAINS(text, "```sh\nharness run scenarios/restart.json --seed 7\n```\n");
}

TEST(MarkdownTest, APassHasNoStory) {
  const std::string text = SummaryMarkdown(GoodRun().View());
  EXPECT_TRUE(text.starts_with("## ✅ PASS restart\n")) << text;
  EXPECT_FALSE(Contains(text, "What went wrong"));
}

TEST(MarkdownTest, WhateverARunWroteIsText) {
  const std::string hostile =
      "</details><script>x</script> | ](http://evil) `code` **b** ![i](u) @you\n# title\n```\x1b";
  ReportParts parts = LossyRun();
  parts.scenario.name = hostile;
  parts.verdict.invariants[1].name = parts.verdict.invariants[1].violations[0].sentence = hostile;
  parts.verdict.thresholds[0].name = hostile;
  parts.history.faults[0].name = parts.history.clients[1].name = parts.facts.backend = hostile;
  parts.facts.scenario_path = hostile;
  const std::string text = SummaryMarkdown(parts.View());
  const std::string outside = text.substr(0, text.find("````sh\n"));
  ASSERT_LT(outside.size(), text.size()) << "the fence is no longer than what it holds:\n" << text;
  for (const char* part : {"<script", "](", "`", "# title", "![", "@you", "http:", "\x1b"}) {
    EXPECT_FALSE(Contains(outside, part)) << part << " in:\n" << outside;
  }
  EXPECT_EQ(text.rfind("````\n"), text.size() - 6) << text;
  EXPECT_FALSE(Contains(ProblemMarkdown(hostile, "no `port`"), "<script"));
}

TEST(MarkdownTest, ItIsAppendedAndWhatCannotBeWrittenIsSaid) {
  const std::string path = ::testing::TempDir() + "/summary-" + std::to_string(::getpid()) + ".md";
  std::ofstream(path) << "before\n";
  AppendToFile(path, "one\n");
  AppendToFile(path, "two\n");
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "before\none\ntwo\n");
  std::filesystem::remove(path);
  EXPECT_THROW(AppendToFile("/nowhere/at/all.md", "x"), std::system_error);
}

}  // namespace
}  // namespace harness
