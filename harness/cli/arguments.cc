#include "harness/cli/arguments.h"

#include <filesystem>
#include <system_error>

namespace harness {
namespace {

bool IsSetting(const std::string& word) {
  std::error_code ignored;
  return word.starts_with('/') && word.find('=') != std::string::npos && !std::filesystem::exists(word, ignored);
}

}  // namespace

std::vector<std::string> SpreadSettings(const std::vector<std::string>& args) {
  const std::string set = "--set";
  std::vector<std::string> spread;
  bool behind_a_setting = false;
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--") {
      spread.insert(spread.end(), args.begin() + static_cast<std::ptrdiff_t>(i), args.end());
      break;
    }
    if (args[i] == set && i + 1 < args.size()) {
      spread.insert(spread.end(), {set, args[++i]});
      behind_a_setting = true;
    } else if (behind_a_setting && IsSetting(args[i])) {
      spread.insert(spread.end(), {set, args[i]});
    } else {
      behind_a_setting = args[i].starts_with(set + "=");
      spread.push_back(args[i]);
    }
  }
  return spread;
}

}  // namespace harness
