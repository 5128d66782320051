#include "harness/plan/scenario.h"

namespace harness {

std::vector<std::string> ClientNames(const ClientPlan& plan) {
  if (plan.count == 1) return {plan.name};
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(plan.count));
  for (int i = 1; i <= plan.count; ++i) names.push_back(plan.name + "-" + std::to_string(i));
  return names;
}

std::string_view FaultTypeName(FaultType type) {
  switch (type) {
    case FaultType::kProcessKill:
      return "process.kill";
    case FaultType::kProcessTerminate:
      return "process.terminate";
    case FaultType::kProcessPause:
      return "process.pause";
  }
  return "unknown";
}

std::string_view CountKindName(CountKind kind) {
  switch (kind) {
    case CountKind::kSent:
      return "sent";
    case CountKind::kAcked:
      return "acked";
    case CountKind::kLogged:
      return "logged";
    case CountKind::kDelivered:
      return "delivered";
  }
  return "unknown";
}

std::string_view ComparisonText(Comparison comparison) {
  switch (comparison) {
    case Comparison::kLess:
      return "<";
    case Comparison::kLessEqual:
      return "<=";
    case Comparison::kGreater:
      return ">";
    case Comparison::kGreaterEqual:
      return ">=";
    case Comparison::kEqual:
      return "==";
  }
  return "?";
}

std::string_view UnitName(MetricUnit unit) {
  switch (unit) {
    case MetricUnit::kTime:
      return "ns";
    case MetricUnit::kCount:
      return "count";
    case MetricUnit::kRate:
      return "per_s";
    case MetricUnit::kShare:
      return "share";
    case MetricUnit::kBytes:
      return "bytes";
    case MetricUnit::kByteRate:
      return "bytes_per_s";
  }
  return "count";
}

}  // namespace harness
