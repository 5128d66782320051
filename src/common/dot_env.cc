#include "common/dot_env.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <system_error>
#include <unordered_map>

#include "common/regular_file.h"

namespace pipeline {
namespace {

constexpr std::string_view kSpace = " \t";
// What these programs read. A file may hold much else, other names with the same beginnings among it.
constexpr std::array<std::string_view, 11> kOurNames = {
    "KAFKA_BROKERS",       "KAFKA_TOPIC",         "KAFKA_GROUP_ID",   "KAFKA_SSL", "KAFKA_SASL_MECHANISM",
    "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_PROPERTIES", "GRPC_PORT", "GRPC_SERVER_HOST",
    "GRPC_SERVER_PORT"};
constexpr size_t kPassedOverShownMax = 5;

bool IsNameCharacter(char c, bool first) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

bool IsName(std::string_view text) {
  if (text.empty()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsNameCharacter(text[i], i == 0)) return false;
  }
  return true;
}

bool IsOurs(std::string_view name) {
  return name.starts_with("PIPELINE_") || std::find(kOurNames.begin(), kOurNames.end(), name) != kOurNames.end();
}

// Reads the text from left to right, an entry at a time. A sentence about one never repeats it: it may hold a secret.
class Parser {
 public:
  Parser(std::string_view file, std::string_view text, const EnvironmentLookup& environment)
      : file_(file), rest_(text), environment_(environment) {}

  DotEnv Parse() {
    while (!rest_.empty()) {
      const std::string_view entry = rest_;
      const int64_t line = line_;
      name_.clear();
      try {
        ParseEntry();
        continue;
      } catch (const Problem& problem) {
        const std::string sentence = std::string(file_) + ":" + std::to_string(line) + ": " + problem.sentence;
        if (IsOurs(name_) && !problem.is_harmless) throw SettingsError(sentence);
        result_.passed_over.push_back(sentence);
      }
      rest_ = entry;
      line_ = line;
      EndLine();
    }
    return std::move(result_);
  }

 private:
  struct Problem {
    std::string sentence;
    bool is_harmless = false;  // nothing is lost by passing over it
  };
  [[noreturn]] static void Fail(std::string sentence) { throw Problem{std::move(sentence)}; }

  // What is left of the line, without its end.
  std::string_view Line() const {
    std::string_view line = rest_.substr(0, rest_.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  void EndLine() {
    const size_t end = rest_.find('\n');
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++line_;
  }
  void Skip(size_t bytes) {
    line_ += std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(bytes), '\n');
    rest_.remove_prefix(bytes);
  }
  void SkipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }

  void ParseEntry() {
    SkipSpace();
    if (Line().empty() || Line().front() == '#') return EndLine();
    const bool exported = SkipExport();
    ReadName();
    SkipSpace();
    if (exported && Line().empty()) throw Problem{"\"export\" of a name without a value says nothing here", true};
    if (!Line().starts_with('=')) Fail("no \"=\" after the name; allowed: NAME=value");
    if (!IsName(name_)) Fail("a name that no variable has; allowed: NAME=value, of letters, digits and underscores");
    rest_.remove_prefix(1);
    SkipSpace();
    std::string value = Value();
    if (value.find('\0') != std::string::npos) Fail("found a NUL byte; allowed: text");
    bytes_ += static_cast<int64_t>(value.size());
    if (bytes_ > kDotEnvBytesMax) Fail("the values up to here are larger than the 1 MiB allowed");
    values_[name_] = value;
    result_.pairs.emplace_back(name_, std::move(value));
  }

  bool SkipExport() {
    constexpr std::string_view kExport = "export";
    if (!rest_.starts_with(kExport) || rest_.size() == kExport.size() ||
        kSpace.find(rest_[kExport.size()]) == std::string_view::npos) {
      return false;
    }
    const std::string_view before = rest_;
    rest_.remove_prefix(kExport.size());
    SkipSpace();
    if (!rest_.starts_with('=')) return true;
    rest_ = before;  // a variable called export
    return false;
  }

  // Everything up to white space or "=": what is no name of a variable is passed over as a whole.
  void ReadName() {
    const std::string_view line = Line();
    const size_t end = std::min(line.find_first_of(" \t="), line.size());
    name_ = line.substr(0, end);
    if (name_.empty()) Fail("no name at the beginning; allowed: NAME=value, of letters, digits and underscores");
    rest_.remove_prefix(end);
  }

  std::string Value() {
    if (rest_.starts_with('\'')) return SingleQuoted();
    if (rest_.starts_with('"')) return DoubleQuoted();
    std::string_view line = Line();
    for (size_t i = 0; i < line.size(); ++i) {
      const bool after_space = i == 0 || kSpace.find(line[i - 1]) != std::string_view::npos;
      if (line[i] != '#' || !after_space) continue;
      line = line.substr(0, i);
      break;
    }
    line = line.substr(0, line.find_last_not_of(kSpace) + 1);  // npos + 1 is 0
    std::string value;
    while (!line.empty()) {
      if (line.starts_with("${")) {
        line.remove_prefix(Expand(line, &value));
      } else {
        value += line.front();
        line.remove_prefix(1);
      }
    }
    EndLine();
    return value;
  }

  // Windows' line ends inside of quotes are line ends.
  static void AddCharacter(std::string_view rest, std::string* value) {
    if (!rest.starts_with("\r\n")) *value += rest.front();
  }

  std::string SingleQuoted() {
    const size_t close = rest_.find('\'', 1);
    if (close == std::string_view::npos) Fail("a single quote that is not closed");
    std::string value;
    for (size_t i = 1; i < close; ++i) AddCharacter(rest_.substr(i), &value);
    Skip(close + 1);
    ExpectEnd();
    return value;
  }

  std::string DoubleQuoted() {
    std::string value;
    for (size_t i = 1; i < rest_.size();) {
      const std::string_view at = rest_.substr(i);
      const char next = at.size() > 1 ? at[1] : '\0';
      if (at.front() == '"') {
        Skip(i + 1);
        ExpectEnd();
        return value;
      }
      if (at.front() == '\\' && (next == 'n' || next == '"' || next == '\\' || next == '$')) {
        value += next == 'n' ? '\n' : next;
        i += 2;
      } else if (at.starts_with("${")) {
        i += Expand(at, &value);
      } else {
        AddCharacter(at, &value);
        ++i;
      }
    }
    Fail("a double quote that is not closed");
  }

  // `text` begins with "${". Returns how much of it that was.
  size_t Expand(std::string_view text, std::string* value) const {
    const size_t close = text.find_first_of("}\"\n");
    if (close == std::string_view::npos || text[close] != '}') {
      Fail("\"${\" without \"}\"; in single quotes it is itself");
    }
    const std::string_view inside = text.substr(2, close - 2);
    const size_t otherwise = inside.find(":-");
    const std::string name(inside.substr(0, otherwise));
    if (!IsName(name)) Fail("found \"${...}\" around what is no name; allowed: ${NAME} and ${NAME:-otherwise}");
    std::optional<std::string> known = environment_(name);
    if (const auto value_before = values_.find(name); !known && value_before != values_.end()) {
      known = value_before->second;
    }
    if (otherwise != std::string_view::npos && (!known || known->empty())) known = inside.substr(otherwise + 2);
    if (!known) Fail("${" + name + "} is not set; allowed: a name that is, or ${NAME:-otherwise}");
    *value += *known;
    if (static_cast<int64_t>(value->size()) > kDotEnvBytesMax) Fail("a value larger than the 1 MiB allowed");
    return close + 1;
  }

  void ExpectEnd() {
    SkipSpace();
    if (!Line().empty() && Line().front() != '#') Fail("found text after the closing quote; allowed: a # comment");
    EndLine();
  }

  std::string_view file_;
  std::string_view rest_;
  const EnvironmentLookup& environment_;
  int64_t line_ = 1;
  int64_t bytes_ = 0;                                    // of all values
  std::string name_;                                     // of the entry that is being read
  std::unordered_map<std::string, std::string> values_;  // so far, by name
  DotEnv result_;
};

std::string ReadWhole(int fd, const std::string& path) {
  std::string text(static_cast<size_t>(kDotEnvBytesMax) + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SettingsError(path + ": can't be read: " + std::generic_category().message(errno));
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size == text.size()) throw SettingsError(path + ": larger than the 1 MiB allowed");
  text.resize(size);
  return text;
}

}  // namespace

DotEnv ParseDotEnv(std::string_view file, std::string_view text, const EnvironmentLookup& environment) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Parser(file, text, environment).Parse();
}

void LoadDotEnv(const std::string& path) {
  const RegularFile file = OpenRegularFile(path);
  if (!file.is_open()) {
    // A Python environment may have that name too.
    if (file.error == ENOENT || file.kind == "a folder") return;
    throw SettingsError(path + ": " + file.Reason());
  }
  const DotEnv found = ParseDotEnv(path, ReadWhole(file.fd, path), [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
  for (size_t i = 0; i < std::min(found.passed_over.size(), kPassedOverShownMax); ++i) {
    std::cerr << found.passed_over[i] << " (passed over)\n";
  }
  if (found.passed_over.size() > kPassedOverShownMax) {
    std::cerr << path << ": " << found.passed_over.size() - kPassedOverShownMax << " more entries are passed over\n";
  }
  // From the end, so that the last value of a name is the one that finds the variable not set.
  for (auto pair = found.pairs.rbegin(); pair != found.pairs.rend(); ++pair) {
    setenv(pair->first.c_str(), pair->second.c_str(), 0);
  }
}

}  // namespace pipeline
