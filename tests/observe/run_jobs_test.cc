// Every job is run once, whatever the others do; what one throws is thrown again when no job runs any more.
#include "harness/observe/run_jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace harness {
namespace {

TEST(RunJobs, RunsEachJobOnce) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{1000}}) {
    std::vector<std::atomic<int>> runs(count);
    RunJobs(count, [&](size_t job) { ++runs[job]; });
    for (const std::atomic<int>& times : runs) EXPECT_EQ(times, 1) << "of " << count;
  }
}

TEST(RunJobs, ThrowsAgainWhatAJobThrewWhenNoneRunsAnyMore) {
  std::atomic<int> running = 0;
  const auto job = [&](size_t i) {
    ++running;
    if (i == 7) {
      --running;
      throw std::length_error("job 7");
    }
    --running;
  };
  EXPECT_THROW(RunJobs(1000, job), std::length_error);
  EXPECT_EQ(running, 0);
}

}  // namespace
}  // namespace harness
