#include "harness/cli/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "harness/verify/exit_codes.h"

namespace harness {

std::string VerdictWord(int exit_code) {
  switch (exit_code) {
    case kExitPass:
      return "PASS";
    case kExitFail:
      return "FAIL";
    case kExitInvalid:
      return "INVALID";
    case kExitInterrupted:
      return "INTERRUPTED";
    default:
      return "ERROR";
  }
}

int CombinedExitCode(const std::vector<int>& codes) {
  for (const int code : {kExitInterrupted, kExitEnvironment, kExitBadScenario, kExitFail, kExitInvalid, kExitNoMatch}) {
    if (std::find(codes.begin(), codes.end(), code) != codes.end()) return code;
  }
  return kExitPass;
}

void PrintResults(const NamedExitCodes& results, std::ostream& out) {
  if (results.size() < 2) return;
  size_t width = 0;
  for (const auto& [name, code] : results) width = std::max(width, name.size());
  out << "\n";
  for (const auto& [name, code] : results) {
    out << fmt::format("{:<{}}  {:<11}  exit {}\n", name, width, VerdictWord(code), code);
  }
}

}  // namespace harness
