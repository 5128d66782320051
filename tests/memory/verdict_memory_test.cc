// A recorded run takes at most 72 bytes of memory for each event, from its journal's bytes to its printed verdict. An
// event is one entry of the journal. Measured is the real `harness check`, by the kernel's word for the most that was
// ever resident; what it takes for next to no events is taken off.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "benchmarks/verdict/synthetic_run.h"
#include "common/sanitized.h"

namespace harness {
namespace {

constexpr int64_t kRecordsFew = 1'000;
constexpr int64_t kRecords = 1'000'000;
// 64 until records and deliveries kept processed_at; to be won back by packing it.
constexpr double kBytesPerEventMax = 72;

// In a process of its own: what a program starts with counts as its peak, and this one has to stay small.
void MakeRun(int64_t records, const std::string& history_dir) {
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    SyntheticRun(records, history_dir);
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0);
}

// The peak of `harness check` of a synthetic run of so many records, whose verdict has to be PASS.
int64_t PeakBytes(int64_t records, const std::string& run_dir) {
  std::filesystem::create_directories(run_dir + "/history");
  MakeRun(records, run_dir + "/history");
  std::ofstream(run_dir + "/scenario.json") << SyntheticScenarioText();
  const std::string output = run_dir + "/output.txt";
  std::string arguments[] = {std::string(PIPELINE_BIN_DIR) + "/harness", "check", run_dir};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  EXPECT_EQ(posix_spawn(&pid, argv[0], &actions, nullptr, argv, environ), 0) << argv[0];
  posix_spawn_file_actions_destroy(&actions);
  int status = -1;
  struct rusage usage = {};
  EXPECT_EQ(wait4(pid, &status, 0, &usage), pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << std::ifstream(output).rdbuf();
  return int64_t{usage.ru_maxrss} * 1024;
}

TEST(VerdictMemoryTest, AnEventTakesAtMost72BytesFromTheJournalToTheVerdict) {
  if (pipeline::kSanitized) GTEST_SKIP() << "a sanitizer's own memory is no measure";
  std::string folder = (std::filesystem::temp_directory_path() / "memory_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const int64_t few_bytes = PeakBytes(kRecordsFew, folder + "/few");
  const int64_t bytes = PeakBytes(kRecords, folder + "/many");
  const auto per_event =
      static_cast<double>(bytes - few_bytes) / static_cast<double>((kRecords - kRecordsFew) * kEventsPerRecord);
  EXPECT_LE(per_event, kBytesPerEventMax);
  EXPECT_GT(per_event, kBytesPerEventMax / 4) << "so little that something else was measured";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace harness
