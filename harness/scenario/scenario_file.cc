#include "harness/scenario/scenario_file.h"

#include <sys/stat.h>

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

std::vector<ScenarioError> FileError(const std::string& path, std::string message) {
  return {{path, 0, 0, "", std::move(message)}};
}

std::string TooLarge() { return "larger than " + std::to_string(kScenarioBytesMax >> 20) + " MiB, which is the limit"; }

}  // namespace

ScenarioResult ParseScenario(const std::string& file, std::string_view text, const ScenarioOverrides& overrides) {
  if (text.size() > kScenarioBytesMax) return FileError(file, TooLarge());
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return FileError(file, "the file is empty; allowed: a scenario, one JSON object");
  }
  JsonParse parse = ParseJson(file, text);
  if (!parse.whole) return std::move(parse.errors);
  ErrorList errors(file, &parse.document.positions);
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

ScenarioResult LoadScenario(const std::string& path, const ScenarioOverrides& overrides) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return FileError(path, std::string("can't be opened: ") + std::strerror(errno));
  struct stat info {};
  if (fstat(fileno(file.get()), &info) == 0 && !S_ISREG(info.st_mode)) {
    return FileError(path, "not a regular file; allowed: a scenario, one JSON object in a file");
  }
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
