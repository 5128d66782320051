// Starts one process from the reaper: fork, put everything in its place, exec. Called by reaper.cc alone, which has one
// thread, so that the child may do more than async-signal-safe calls between fork and exec.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "harness/process/reaper_protocol.h"
#include "harness/process/supervisor.h"

namespace harness {

// The child leads a process group of its own, has the default handlers and an empty signal mask, and no descriptor but
// 0, 1 and 2. It is killed when the reaper ends. `stdin_fd`, `stdout_fd` of the spec are descriptors of this process
// (the caller closes them), -1: as ProcessSpec says. `log_fd`: where its log goes, likewise; -1: /dev/null. The child
// may have as many descriptors as `files_max` says. Returns when the child has executed its program, or 0 with
// `failure` set.
pid_t StartChild(const ProcessSpec& spec, int log_fd, const rlimit& files_max, StartFailure* failure);

}  // namespace harness
