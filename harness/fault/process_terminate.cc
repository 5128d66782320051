// process.terminate: SIGTERM to the target and all that belongs to it, as a deployment sends it; SIGKILL when the
// target takes longer than it may. Evidence: the process has ended after it, however, but not because something else
// killed it. How it ended is judged by LIVE.
#include <sys/wait.h>

#include "harness/fault/process_fault.h"

namespace harness {
namespace {

constexpr int64_t kEndTimeoutNs = 10'000'000'000;

class ProcessTerminate : public EndingFault {
 public:
  explicit ProcessTerminate(const FaultPlan& plan) : EndingFault(plan, SIGTERM, kEndTimeoutNs) {}

 private:
  bool IsMine(const ProcessExit& exit) const override {
    return !(WIFSIGNALED(exit.status) && WTERMSIG(exit.status) == SIGKILL);
  }
};

}  // namespace

std::unique_ptr<Fault> MakeProcessTerminate(const FaultPlan& plan) { return std::make_unique<ProcessTerminate>(plan); }

}  // namespace harness
