#include "harness/verify/verdict.h"

namespace harness {

std::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kProducer:
      return "producer";
    case Cause::kBroker:
      return "broker";
    case Cause::kRetention:
      return "retention";
    case Cause::kServer:
      return "server";
    case Cause::kWire:
      return "wire";
    case Cause::kClient:
      return "client";
    case Cause::kHarness:
      return "harness";
  }
  return "harness";
}

std::vector<std::string_view> CauseNames(Causes causes) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < kCauseCount; ++i) {
    const auto cause = static_cast<Cause>(i);
    if (causes.Contains(cause)) names.push_back(CauseName(cause));
  }
  return names;
}

std::string CausesText(Causes causes) {
  const std::vector<std::string_view> names = CauseNames(causes);
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace harness
