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
    case Cause::kServerOrWire:
      return "server-or-wire";
  }
  return "harness";
}

}  // namespace harness
