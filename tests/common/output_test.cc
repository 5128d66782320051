// Output arrives whole and in order, waits for a slow reader as long as the program runs, and never longer than its
// grace once the program is to stop; a reader that is gone is an error, not a signal.
#include "common/output.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

namespace pipeline {
namespace {

class OutputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    ASSERT_EQ(pipe(fds_.data()), 0);
  }
  void TearDown() override {
    CloseReader();
    close(fds_[1]);
  }
  void CloseReader() {
    if (fds_[0] >= 0) close(fds_[0]);
    fds_[0] = -1;
  }
  // What is in the pipe now, without waiting.
  std::string AtHand() {
    std::string text;
    std::array<char, 4096> bytes;
    pollfd ready{fds_[0], POLLIN, 0};
    while (poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN) != 0) {
      const ssize_t count = read(fds_[0], bytes.data(), bytes.size());
      if (count <= 0) break;
      text.append(bytes.data(), static_cast<size_t>(count));
    }
    return text;
  }

  std::array<int, 2> fds_{-1, -1};
};

TEST_F(OutputTest, HoldsBackUntilFlushOrAFullBuffer) {
  Output output(fds_[1], false);
  output.Write("one");
  EXPECT_EQ(AtHand(), "");
  output.Flush();
  EXPECT_EQ(AtHand(), "one");
  output.Write(std::string(Output::kBufferBytesMax - 10'000, 'x'));
  EXPECT_EQ(AtHand(), "");
  std::thread writer([&] { output.Write(std::string(20'000, 'y')); });
  std::string text;
  while (text.size() < Output::kBufferBytesMax + 10'000) text += AtHand();
  writer.join();
  EXPECT_EQ(text, std::string(Output::kBufferBytesMax - 10'000, 'x') + std::string(20'000, 'y'));
}

TEST_F(OutputTest, ATerminalGetsEachLineAtOnce) {
  Output output(fds_[1], true);
  output.Write("one");
  EXPECT_EQ(AtHand(), "one");
}

TEST_F(OutputTest, ASlowReaderGetsEverything) {
  constexpr size_t kBytes = 1'000'000;
  std::thread writer([&] {
    Output output(fds_[1], false);
    for (size_t i = 0; i < kBytes / 10; ++i) output.Write("0123456789");
  });
  std::string text;
  while (text.size() < kBytes) text += AtHand();
  writer.join();
  for (size_t i = 0; i < kBytes; ++i) ASSERT_EQ(text[i], static_cast<char>('0' + i % 10));
}

TEST_F(OutputTest, AReaderThatIsGoneIsAnError) {
  Output output(fds_[1], true);
  CloseReader();
  output.Write("one");
  EXPECT_EQ(output.error(), EPIPE);
  output.Write("two");
  EXPECT_EQ(output.error(), EPIPE);
}

TEST_F(OutputTest, AReaderThatDoesNotReadHoldsNobodyUpForever) {
  Output output(fds_[1], false);
  std::thread writer([&] { output.Write(std::string(1'000'000, 'x')); });  // more than a pipe holds
  pollfd full{fds_[1], POLLOUT, 0};
  while (poll(&full, 1, 0) == 1) std::this_thread::yield();
  output.Interrupt();
  writer.join();
  EXPECT_EQ(output.error(), ETIMEDOUT);
}

TEST_F(OutputTest, AnInterruptedOutputStillWritesToWhoReads) {
  Output output(fds_[1], false);
  output.Interrupt();
  output.Write("the end");
  output.Flush();
  EXPECT_EQ(output.error(), 0);
  EXPECT_EQ(AtHand(), "the end");
}

// `program | head` has had what it wanted; a full disk has lost something.
TEST_F(OutputTest, AStreamTellsAGoneReaderFromALoss) {
  OutputStream gone(fds_[1]);
  CloseReader();
  gone << "one" << std::endl << 2 << '\n';
  EXPECT_TRUE(gone.good());
  EXPECT_EQ(gone.ExitCode("test", 0, 3), 0);
  EXPECT_EQ(gone.ExitCode("test", 1, 3), 1);
  FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  OutputStream lost(fileno(full));
  lost << "one";
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(lost.ExitCode("test", 0, 3), 3);
  EXPECT_EQ(lost.ExitCode("test", 1, 3), 1);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find(std::string("test: can't write to standard output: ") +
                                                          strerror(ENOSPC)),
            std::string::npos);
  std::fclose(full);
}

TEST_F(OutputTest, AStreamGivesEverythingAtTheFlush) {
  OutputStream stream(fds_[1]);
  stream << "one " << 2 << ' ' << std::flush;
  EXPECT_EQ(AtHand(), "one 2 ");
  stream << "three";
  EXPECT_EQ(stream.ExitCode("test", 0, 3), 0);
  EXPECT_EQ(AtHand(), "three");
}

TEST(OutputFileTest, AFullDeviceIsAnError) {
  FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  {
    Output output(fileno(full), true);
    output.Write("one");
    EXPECT_EQ(output.error(), ENOSPC);
  }
  std::fclose(full);
}

}  // namespace
}  // namespace pipeline
