#include "harness/compare/alike.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace harness {
namespace {

using Json = nlohmann::json;

constexpr size_t kPlacesMax = 5;

// As a backend is comparable: where the scenario's own broker listens is another port each time.
std::string BackendKind(const std::string& backend) {
  constexpr std::string_view kOwn = "the scenario's broker";
  return backend.starts_with(kOwn) ? std::string(kOwn) : backend;
}

// JSON pointers of the values that differ, outermost first where one side lacks them. The depth is bounded (ReadPlan).
void FindDifferences(const Json& a, const Json& b, const std::string& pointer, std::vector<std::string>* places) {
  if (a.type() == b.type() && a.is_object()) {
    std::set<std::string> names;
    for (const auto& [name, value] : a.items()) names.insert(name);
    for (const auto& [name, value] : b.items()) names.insert(name);
    for (const std::string& name : names) {
      const auto in_a = a.find(name);
      const auto in_b = b.find(name);
      if (in_a == a.end() || in_b == b.end()) {
        places->push_back(pointer + "/" + name);
      } else {
        FindDifferences(*in_a, *in_b, pointer + "/" + name, places);
      }
    }
  } else if (a.type() == b.type() && a.is_array() && a.size() == b.size()) {
    for (size_t i = 0; i < a.size(); ++i) FindDifferences(a[i], b[i], fmt::format("{}/{}", pointer, i), places);
  } else if (a != b) {
    places->push_back(pointer);
  }
}

// "/servers/0/command/1": the third part of a server's or client's program.
bool IsSubject(const std::string& place) {
  if (!place.starts_with("/servers/") && !place.starts_with("/clients/")) return false;
  const size_t index_end = place.find('/', 9);
  if (index_end == std::string::npos) return false;
  const std::string member = place.substr(index_end + 1, place.find('/', index_end + 1) - index_end - 1);
  static constexpr std::array<std::string_view, 4> kProgram = {"command", "args", "env", "cwd"};
  return std::find(kProgram.begin(), kProgram.end(), member) != kProgram.end();
}

bool IsAside(const std::string& place) {
  return place == "/seed" || place == "/description" || place == "/$schema" || place.starts_with("/expect");
}

std::string Joined(const std::vector<std::string>& places) {
  std::string text;
  for (size_t i = 0; i < places.size() && i < kPlacesMax; ++i) text += (i == 0 ? "" : ", ") + places[i];
  if (places.size() > kPlacesMax) text += fmt::format(" and {} more", places.size() - kPlacesMax);
  return text;
}

void CompareScenarios(const RunFigures& a, const RunFigures& b, Unlike* unlike) {
  if (a.scenario != b.scenario) {
    unlike->refused.push_back(fmt::format("the scenarios differ: {} and {}", a.scenario, b.scenario));
    return;
  }
  if (!a.plan || !b.plan) {
    const RunFigures& lacking = a.plan ? b : a;
    unlike->refused.push_back(
        fmt::format("{} has no scenario.json that can be read, so nothing says what was run", lacking.path));
    return;
  }
  std::vector<std::string> places;
  FindDifferences(*a.plan, *b.plan, "", &places);
  std::vector<std::string> subjects;
  std::vector<std::string> others;
  for (const std::string& place : places) {
    if (!IsAside(place)) (IsSubject(place) ? subjects : others).push_back(place);
  }
  if (!others.empty()) unlike->refused.push_back(fmt::format("the scenarios differ at {}", Joined(others)));
  if (!subjects.empty()) unlike->noted.push_back(fmt::format("other programs: {}", Joined(subjects)));
}

}  // namespace

Unlike FindUnlike(const RunFigures& a, const RunFigures& b, int64_t schema_version) {
  Unlike unlike;
  for (const RunFigures* run : {&a, &b}) {
    if (run->schema_version == schema_version) continue;
    unlike.refused.push_back(fmt::format("{}: its result.json is of schema version {}, and this program reads {}",
                                         run->path, run->schema_version, schema_version));
  }
  if (BackendKind(a.backend) != BackendKind(b.backend)) {
    unlike.refused.push_back(fmt::format("the backends differ: {} and {}", a.backend, b.backend));
  }
  for (const auto& [name, value] : a.host) {
    const auto other = b.host.find(name);
    if (other == b.host.end() || other->second == value) continue;
    unlike.refused.push_back(fmt::format("the machines differ: {} {} and {}", name, value, other->second));
  }
  CompareScenarios(a, b, &unlike);
  if (a.version != b.version) unlike.noted.push_back(fmt::format("harness {} and {}", a.version, b.version));
  return unlike;
}

}  // namespace harness
