// Runs many jobs side by side on the machine's cores. Called by the harness where it judges a run.
#pragma once

#include <cstddef>
#include <functional>

namespace harness {

// Calls job(0) to job(count - 1), each once, on as many threads as the machine has cores (the caller's is one of them),
// and returns when all have ended. What a job throws ends its thread's share, not the others': it is thrown again here,
// the first of several, and jobs that nobody had begun by then are not run. `job` must be safe to call from several
// threads at once.
void RunJobs(size_t count, const std::function<void(size_t)>& job);

}  // namespace harness
