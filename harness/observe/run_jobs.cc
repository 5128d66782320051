#include "harness/observe/run_jobs.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace harness {

void RunJobs(size_t count, const std::function<void(size_t)>& job) {
  std::atomic<size_t> next = 0;
  struct {
    pipeline::Mutex mutex;
    std::exception_ptr first ABSL_GUARDED_BY(mutex);
  } thrown;
  const auto work = [&] {
    try {
      for (size_t i = next++; i < count; i = next++) job(i);
    } catch (...) {
      next = count;
      const pipeline::MutexLock lock(&thrown.mutex);
      if (!thrown.first) thrown.first = std::current_exception();
    }
  };
  const size_t cores = std::max<size_t>(1, std::thread::hardware_concurrency());
  std::vector<std::thread> others;
  for (size_t i = 1; i < std::min(cores, count); ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  const pipeline::MutexLock lock(&thrown.mutex);
  if (thrown.first) std::rethrow_exception(thrown.first);
}

}  // namespace harness
