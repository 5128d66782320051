#include "harness/plan/scenario.h"

#include <algorithm>

namespace harness {

std::vector<std::string> ClientNames(const ClientPlan& plan) {
  if (plan.count == 1) return {plan.name};
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(plan.count));
  for (int i = 1; i <= plan.count; ++i) names.push_back(plan.name + "-" + std::to_string(i));
  return names;
}

namespace {

// A closed loop comes to at most this: the embedded producers linger 1 ms, so that each place in flight is used a
// thousand times a second, and hand over no more than so many altogether.
constexpr double kRoundsPerS = 1'000;
constexpr double kClosedLoopPerSMax = 300'000;

}  // namespace

RateCurve RateOf(const PhasePlan& plan) {
  if (plan.duration_ns <= 0) return {};
  if (!plan.rate_pieces.empty()) return RateCurve(plan.rate_pieces);
  const double rate_per_s = plan.in_flight > 0
                                ? std::min(kClosedLoopPerSMax, kRoundsPerS * static_cast<double>(plan.in_flight))
                                : plan.rate_per_s;
  return RateCurve({{plan.duration_ns, rate_per_s, rate_per_s}});
}

bool HasSchedule(const PhasePlan& plan) { return !plan.rate_max && plan.in_flight == 0; }

bool OffersLoad(const PhasePlan& plan) { return RecordsPlanned(plan) > 0; }

double RecordsPlanned(const PhasePlan& plan) {
  return plan.duration_ns > 0 ? RateOf(plan).records() : static_cast<double>(plan.count);
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
