// The log goes to standard error with time and level, as loud as PIPELINE_LOG_LEVEL says, and nobody waits for it.
#include "common/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <regex>
#include <string>
#include <thread>

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
    EndLog();
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

// A program may start its log before it says what signals mean: they are not for the log's thread, which would die of
// them with the program.
TEST_F(StartLogTest, TakesNoSignal) {
  StartLog("test");
  sigset_t hang_up;
  sigset_t before;
  sigemptyset(&hang_up);
  sigaddset(&hang_up, SIGHUP);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &hang_up, &before), 0);
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  const timespec patience = {10, 0};
  EXPECT_EQ(sigtimedwait(&hang_up, nullptr, &patience), SIGHUP);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// A pipe in place of standard error, full as soon as it is made.
class FullPipe {
 public:
  FullPipe() : before_(dup(STDERR_FILENO)) {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends_[1], "x", 1) == 1) {
    }
    fcntl(ends_[1], F_SETFL, 0);
    dup2(ends_[1], STDERR_FILENO);
  }
  ~FullPipe() {
    dup2(before_, STDERR_FILENO);
    for (const int fd : {before_, ends_[0], ends_[1]}) close(fd);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  // What can be read now.
  std::string Read() const {
    std::string text;
    std::array<char, 65536> buffer{};
    for (ssize_t got = 0; (got = read(ends_[0], buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<size_t>(got));
    }
    return text;
  }

 private:
  int before_ = -1;
  std::array<int, 2> ends_{};
};

// True once `condition` holds; false when it still does not after a minute.
bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Who logs never waits for who reads; what is dropped is the oldest, is counted, and is told when somebody reads again.
TEST_F(StartLogTest, NobodyWaitsForAReaderThatStopped) {
  const FullPipe pipe;
  StartLog("test");
  const int64_t before = LogLinesDropped();
  const auto lines = static_cast<int>(kLogLinesMax) + 100;
  for (int i = 0; i < lines; ++i) spdlog::info("line {};", i);
  // The thread that writes has taken one of them or none.
  EXPECT_GE(LogLinesDropped() - before, 99);
  EXPECT_LE(LogLinesDropped() - before, 100);
  std::string read;
  const std::string last = "line " + std::to_string(lines - 1) + ";";
  ASSERT_TRUE(Eventually([&] {
    read += pipe.Read();
    return read.find(last) != std::string::npos;
  }));
  EXPECT_NE(read.find("lines were dropped: nobody read standard error"), std::string::npos);
  EXPECT_EQ(read.find("line 50;"), std::string::npos) << "the oldest";
  EXPECT_NE(read.find("line 1000;"), std::string::npos);
}

TEST_F(StartLogTest, TheEndDoesNotWaitForAReaderThatStopped) {
  const FullPipe pipe;
  StartLog("test");
  const int64_t before = LogLinesDropped();
  spdlog::info("lost");
  EndLog();
  EXPECT_EQ(LogLinesDropped() - before, 1);
}

TEST_F(StartLogTest, TheEndWritesWhatWaits) {
  testing::internal::CaptureStderr();
  StartLog("test");
  for (int i = 0; i < 1000; ++i) spdlog::info("line {};", i);
  EndLog();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1000);
}

}  // namespace
}  // namespace pipeline
