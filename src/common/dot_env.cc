#include "common/dot_env.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

namespace pipeline {
namespace {

constexpr std::string_view kSpace = " \t";

bool IsNameCharacter(char c, bool first) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

// Reads one line from left to right. Errors never repeat the line, which may hold a secret.
class LineParser {
 public:
  LineParser(std::string_view file, int64_t line, std::string_view text) : file_(file), line_(line), rest_(text) {}

  // False: a blank line or a comment.
  bool Parse(std::pair<std::string, std::string>* pair) {
    if (rest_.find('\0') != std::string_view::npos) Fail("found a NUL byte; allowed: text");
    if (rest_.ends_with('\r')) rest_.remove_suffix(1);
    SkipSpace();
    if (rest_.empty() || rest_.front() == '#') return false;
    pair->first = Name();
    SkipSpace();
    if (!rest_.starts_with('=')) Fail("no \"=\" after the name; allowed: NAME=value");
    rest_.remove_prefix(1);
    SkipSpace();
    pair->second = Value();
    return true;
  }

 private:
  [[noreturn]] void Fail(const std::string& sentence) const {
    throw SettingsError(std::string(file_) + ":" + std::to_string(line_) + ": " + sentence);
  }

  void SkipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }

  std::string Name() {
    constexpr std::string_view kExport = "export";
    if (rest_.starts_with(kExport) && rest_.size() > kExport.size() &&
        kSpace.find(rest_[kExport.size()]) != std::string_view::npos) {
      const std::string_view before = rest_;
      rest_.remove_prefix(kExport.size());
      SkipSpace();
      if (rest_.starts_with('=')) rest_ = before;  // a variable called export
    }
    size_t size = 0;
    while (size < rest_.size() && IsNameCharacter(rest_[size], size == 0)) ++size;
    if (size == 0) Fail("no name at the beginning; allowed: NAME=value, of letters, digits and underscores");
    std::string name(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return name;
  }

  std::string Value() {
    if (rest_.starts_with('\'')) return SingleQuoted();
    if (rest_.starts_with('"')) return DoubleQuoted();
    size_t end = rest_.size();
    for (size_t i = 0; i < rest_.size(); ++i) {
      const bool after_space = i == 0 || kSpace.find(rest_[i - 1]) != std::string_view::npos;
      if (rest_[i] != '#' || !after_space) continue;
      end = i;
      break;
    }
    const std::string_view value = rest_.substr(0, end);
    return std::string(value.substr(0, value.find_last_not_of(kSpace) + 1));  // npos + 1 is 0
  }

  std::string SingleQuoted() {
    rest_.remove_prefix(1);
    const size_t close = rest_.find('\'');
    if (close == std::string_view::npos) Fail("a single quote is not closed on its line");
    std::string value(rest_.substr(0, close));
    rest_.remove_prefix(close + 1);
    ExpectEnd();
    return value;
  }

  std::string DoubleQuoted() {
    std::string value;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        ExpectEnd();
        return value;
      }
      const char next = i + 1 < rest_.size() ? rest_[i + 1] : '\0';
      if (rest_[i] == '\\' && (next == 'n' || next == '"' || next == '\\')) {
        value += next == 'n' ? '\n' : next;
        ++i;
      } else {
        value += rest_[i];
      }
    }
    Fail("a double quote is not closed on its line");
  }

  void ExpectEnd() {
    SkipSpace();
    if (!rest_.empty() && rest_.front() != '#') Fail("found text after the closing quote; allowed: a # comment");
  }

  std::string_view file_;
  int64_t line_;
  std::string_view rest_;
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string ReadWhole(std::FILE* file, const std::string& path) {
  std::string text(static_cast<size_t>(kDotEnvBytesMax) + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  if (std::ferror(file) != 0) {
    throw SettingsError(path + ": can't be read: " + std::generic_category().message(errno));
  }
  if (text.size() > static_cast<size_t>(kDotEnvBytesMax)) throw SettingsError(path + ": larger than the 1 MiB allowed");
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ParseDotEnv(std::string_view file, std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::pair<std::string, std::string>> pairs;
  for (int64_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::pair<std::string, std::string> pair;
    if (LineParser(file, line, text.substr(0, end)).Parse(&pair)) pairs.push_back(std::move(pair));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return pairs;
}

void LoadDotEnv(const std::string& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    if (errno == ENOENT) return;
    throw SettingsError(path + ": can't be opened: " + std::generic_category().message(errno));
  }
  const auto pairs = ParseDotEnv(path, ReadWhole(file.get(), path));
  // From the end, so that the last value of a name is the one that finds the variable not set.
  for (auto pair = pairs.rbegin(); pair != pairs.rend(); ++pair) {
    setenv(pair->first.c_str(), pair->second.c_str(), 0);
  }
}

}  // namespace pipeline
