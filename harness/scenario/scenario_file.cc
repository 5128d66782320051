#include "harness/scenario/scenario_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"
#include "harness/scenario/overrides.h"
#include "harness/scenario/scenario_check.h"
#include "harness/scenario/scenario_reader.h"
#include "harness/scenario/schema.h"

namespace harness {
namespace {

constexpr char kNoFile[] = "not a regular file; allowed: a scenario, one JSON object in a file";

std::vector<ScenarioError> FileError(const std::string& path, std::string message) {
  return {{path, 0, 0, "", std::move(message)}};
}

// Trying which override is to blame takes a reading each.
constexpr size_t kOverridesTriedMax = 50;

std::string TooLarge() { return "larger than " + std::to_string(kScenarioBytesMax >> 20) + " MiB, which is the limit"; }

ScenarioResult Parse(const std::string& file, std::string_view text, const ScenarioOverrides& overrides) {
  if (text.size() > kScenarioBytesMax) return FileError(file, TooLarge());
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return FileError(file, "the file is empty; allowed: a scenario, one JSON object");
  }
  JsonParse parse = ParseJson(file, text);
  if (!parse.whole) return std::move(parse.errors);
  ErrorList errors(file, &parse.document.places);
  for (ScenarioError& error : parse.errors) errors.Append(std::move(error));
  Json& root = parse.document.root;
  ApplyOverrides(overrides, &root, &errors);
  // Rules between values are worth looking at only when each value is what it should be.
  if (!CheckAgainstSchema(root, &errors) || !errors.empty()) return errors.Take();
  Scenario scenario = ReadScenario(root, &errors);
  if (errors.empty()) CheckScenario(scenario, &errors);
  if (!errors.empty()) return errors.Take();
  root["seed"] = scenario.seed;
  scenario.effective_json = root.dump(2) + "\n";
  return scenario;
}

// Without `left_out`; the seed comes behind all of --set.
ScenarioOverrides Without(const ScenarioOverrides& overrides, size_t left_out) {
  ScenarioOverrides others = overrides;
  if (left_out < overrides.set.size()) {
    others.set.erase(others.set.begin() + static_cast<std::ptrdiff_t>(left_out));
  } else {
    others.seed.reset();
  }
  return others;
}

// An override may break a rule that holds between its place and another one, and the error stands at the other one:
// such an error names the override without which it is not there.
void NameOverrides(const std::string& file, std::string_view text, const ScenarioOverrides& overrides,
                   std::vector<ScenarioError>* errors) {
  const size_t count = overrides.set.size() + (overrides.seed ? 1 : 0);
  if (count == 0 || count > kOverridesTriedMax) return;
  std::vector<std::string> blamed(errors->size());
  for (size_t i = 0; i < count; ++i) {
    const ScenarioResult result = Parse(file, text, Without(overrides, i));
    const auto* others = std::get_if<std::vector<ScenarioError>>(&result);
    // More errors may mean that those between values were not looked for.
    if (others != nullptr && others->size() >= errors->size()) continue;
    const std::string name =
        i < overrides.set.size() ? "--set " + overrides.set[i] : "--seed " + std::to_string(*overrides.seed);
    for (size_t e = 0; e < errors->size(); ++e) {
      const ScenarioError& error = (*errors)[e];
      const auto same = [&](const ScenarioError& other) {
        return other.pointer == error.pointer && other.message == error.message;
      };
      if (error.line == 0 || (others != nullptr && std::any_of(others->begin(), others->end(), same))) continue;
      blamed[e] += (blamed[e].empty() ? "with " : " and ") + Quoted(name);
    }
  }
  for (size_t e = 0; e < errors->size(); ++e) {
    if (!blamed[e].empty()) (*errors)[e].message.insert(0, blamed[e] + ": ");
  }
}

}  // namespace

ScenarioResult ParseScenario(const std::string& file, std::string_view text, const ScenarioOverrides& overrides) {
  ScenarioResult result = Parse(file, text, overrides);
  if (auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) NameOverrides(file, text, overrides, errors);
  return result;
}

ScenarioResult LoadScenario(const std::string& path, const ScenarioOverrides& overrides) {
  // Before it is opened, which would wait for a FIFO's other end; and after, for it may be another by now.
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) return FileError(path, kNoFile);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(fd < 0 ? nullptr : fdopen(fd, "rb"), &std::fclose);
  if (!file) return FileError(path, std::string("can't be opened: ") + std::strerror(errno));
  if (fstat(fd, &info) == 0 && !S_ISREG(info.st_mode)) return FileError(path, kNoFile);
  std::string text;
  char buffer[65536];
  for (;;) {
    const size_t count = std::fread(buffer, 1, sizeof(buffer), file.get());
    text.append(buffer, count);
    if (text.size() > kScenarioBytesMax) return FileError(path, TooLarge());
    if (count < sizeof(buffer)) break;
  }
  if (std::ferror(file.get()) != 0) return FileError(path, std::string("can't be read: ") + std::strerror(errno));
  return ParseScenario(path, text, overrides);
}

}  // namespace harness
