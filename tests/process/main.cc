// The test program is also the reaper that it tests, and an owner of processes that is there to be killed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "harness/process/supervisor.h"
#include "tests/process/process_testing.h"

namespace {

// Starts what would like to outlive its owner, says their pids on standard output, and waits to be killed.
[[noreturn]] void RunOwner() {
  harness::Supervisor supervisor;
  for (const char* script : {
           "exec sleep 1000",
           "trap '' TERM INT HUP; echo armed; while :; do sleep 1000; done",
           "sleep 1000 & echo pid $!; wait",
           "setsid sleep 1000 & echo pid $!; wait",
           "setsid sh -c 'sleep 1000 & echo pid $!; wait' & echo pid $!; wait",
       }) {
    harness::ProcessSpec spec;
    spec.name = "child";
    spec.argv = {"sh", "-c", script};
    spec.stdout_fd = 1;
    const std::string line = "pid " + std::to_string(supervisor.Start(spec)) + "\n";
    if (write(1, line.data(), line.size()) < 0) _exit(1);
  }
  for (;;) pause();
}

}  // namespace

int main(int argc, char** argv) {
  harness::RunReaperIfAsked(argc, argv);
  if (argc == 2 && std::string_view(argv[1]) == harness::kOwnerArgument) RunOwner();
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
