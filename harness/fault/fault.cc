#include "harness/fault/fault.h"

#include <stdexcept>

#include "harness/fault/process_fault.h"

namespace harness {

std::unique_ptr<Fault> MakeFault(const FaultPlan& plan) {
  switch (plan.type) {
    case FaultType::kProcessKill:
      return MakeProcessKill(plan);
    case FaultType::kProcessTerminate:
      return MakeProcessTerminate(plan);
    case FaultType::kProcessPause:
      return MakeProcessPause(plan);
  }
  throw std::logic_error("a fault type without an implementation");
}

}  // namespace harness
