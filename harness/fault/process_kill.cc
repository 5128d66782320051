// process.kill: SIGKILL to the target and all that belongs to it. In production: the out-of-memory killer, a node that
// dies. Evidence: the process has ended, and by signal 9, and nobody listens on its port any more.
#include <sys/wait.h>

#include "harness/fault/process_fault.h"

namespace harness {
namespace {

constexpr int64_t kEndTimeoutNs = 5'000'000'000;

class ProcessKill : public EndingFault {
 public:
  explicit ProcessKill(const FaultPlan& plan) : EndingFault(plan, SIGKILL, kEndTimeoutNs) {}

 private:
  bool IsMine(const ProcessExit& exit) const override {
    return WIFSIGNALED(exit.status) && WTERMSIG(exit.status) == SIGKILL;
  }
};

}  // namespace

std::unique_ptr<Fault> MakeProcessKill(const FaultPlan& plan) { return std::make_unique<ProcessKill>(plan); }

}  // namespace harness
