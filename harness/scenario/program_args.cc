#include "harness/scenario/program_args.h"

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

}  // namespace harness
