// The log goes to standard error with time and level, as loud as PIPELINE_LOG_LEVEL says.
#include "common/program.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <regex>
#include <string>

namespace pipeline {
namespace {

class StartLogTest : public ::testing::Test {
 protected:
  void SetUp() override { before_ = spdlog::default_logger(); }
  void TearDown() override {
    unsetenv("PIPELINE_LOG_LEVEL");
    spdlog::set_default_logger(before_);
    spdlog::set_level(spdlog::level::info);
  }
  static std::string LogAt(const char* level) {
    level == nullptr ? unsetenv("PIPELINE_LOG_LEVEL") : setenv("PIPELINE_LOG_LEVEL", level, 1);
    testing::internal::CaptureStderr();
    StartLog("test");
    spdlog::debug("quiet");
    spdlog::info("normal");
    spdlog::error("loud");
    return testing::internal::GetCapturedStderr();
  }
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(StartLogTest, WritesTimeLevelAndMessage) {
  const std::regex line(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info +normal\n\S+Z error +loud\n)");
  EXPECT_TRUE(std::regex_match(LogAt(nullptr), line)) << LogAt(nullptr);
  EXPECT_TRUE(std::regex_match(LogAt(""), line));
}

TEST_F(StartLogTest, TakesItsLevelFromTheEnvironment) {
  EXPECT_NE(LogAt("debug").find("quiet"), std::string::npos);
  EXPECT_EQ(LogAt("error").find("normal"), std::string::npos);
  EXPECT_NE(LogAt("error").find("loud"), std::string::npos);
  EXPECT_EQ(LogAt("off"), "");
  const std::string wrong = LogAt("noisy");
  EXPECT_NE(wrong.find("found \"noisy\"; allowed: trace, debug,"), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("normal"), std::string::npos);
}

TEST(VersionText, NamesProgramVersionAndLibraries) {
  EXPECT_EQ(VersionText("payment-server", "librdkafka 2.0.2"),
            "payment-server " PIPELINE_VERSION " (librdkafka 2.0.2)");
  EXPECT_EQ(VersionText("harness"), "harness " PIPELINE_VERSION);
}

}  // namespace
}  // namespace pipeline
