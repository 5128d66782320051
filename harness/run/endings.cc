#include "harness/run/endings.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

namespace harness {

std::vector<int> AllowedExitCodes(const ProgramPlan& plan) {
  if (!plan.exit_codes.empty()) return plan.exit_codes;
  // A program that handles no signals is ended by the very one that asks it to; ours handle it.
  if (!plan.command.empty()) return {0, kSignalBase + SIGTERM};
  return {0};
}

std::string BadEndText(const ProcessExit& exit, const std::vector<int>& allowed, int times_asked) {
  const int code = WIFSIGNALED(exit.status) ? kSignalBase + WTERMSIG(exit.status) : WEXITSTATUS(exit.status);
  if (std::find(allowed.begin(), allowed.end(), code) != allowed.end()) return {};
  const bool ended_itself = code < kSignalBase || code == kSignalBase + SIGINT || code == kSignalBase + SIGTERM;
  if (times_asked > 1 && ended_itself) return {};
  std::string text;
  for (const int one : allowed) {
    text += text.empty() ? "" : " or ";
    text += one > kSignalBase ? fmt::format("signal {}", one - kSignalBase) : fmt::format("exit {}", one);
  }
  return fmt::format("it ended by {}; allowed: {}", DescribeExit(exit), text);
}

}  // namespace harness
