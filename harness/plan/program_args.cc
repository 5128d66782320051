#include "harness/plan/program_args.h"

#include <algorithm>

namespace harness {

std::vector<FlagValue> ValuesOfFlag(const std::vector<std::string>& args, std::string_view flag) {
  std::vector<FlagValue> values;
  for (size_t i = 0; i < args.size(); ++i) {
    std::string_view text = args[i];
    if (!text.starts_with(flag)) continue;
    if (text == flag) {
      if (i + 1 < args.size()) ++i;
      values.push_back({args[i], i});
    } else if (text[flag.size()] == '=') {
      values.push_back({text.substr(flag.size() + 1), i});
    }
  }
  return values;
}

bool IsTold(const ProgramPlan& plan, const std::string& placeholder) {
  const auto names_it = [&](const std::string& text) { return text.find(placeholder) != std::string::npos; };
  return std::any_of(plan.command.begin(), plan.command.end(), names_it) ||
         std::any_of(plan.args.begin(), plan.args.end(), names_it) ||
         std::any_of(plan.env.begin(), plan.env.end(), [&](const auto& item) { return names_it(item.second); });
}

}  // namespace harness
