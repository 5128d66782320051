#include "harness/scenario/record_plan_reader.h"

#include <vector>

namespace harness {
namespace {

// "the keys "a" and "b"", as error texts name what was found.
std::string KeysFound(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& member : json.items()) keys.push_back(member.key());
  return keys.empty() ? "no keys" : "the keys " + QuotedList(keys);
}

}  // namespace

KeyPlan ReadKeys(const Json& json, const std::string& at, ErrorList* errors) {
  KeyPlan plan;
  const std::string choice = json.value("choice", "");
  plan.choice = choice == "zipf" ? KeyChoice::kZipf : choice == "hot" ? KeyChoice::kHot : KeyChoice::kUniform;
  plan.count = json.value("count", int64_t{1});
  plan.exponent = json.value("exponent", plan.exponent);
  plan.share = json.value("share", plan.share);
  if (json.contains("exponent") && plan.choice != KeyChoice::kZipf) {
    errors->AtKey(Below(at, "exponent"), "\"exponent\" is not allowed here: it needs \"choice\": \"zipf\"");
  }
  if (json.contains("share") && plan.choice != KeyChoice::kHot) {
    errors->AtKey(Below(at, "share"), "\"share\" is not allowed here: it needs \"choice\": \"hot\"");
  } else if (!json.contains("share") && plan.choice == KeyChoice::kHot) {
    errors->AtValue(at, "the key \"share\" is missing: of the records, to the hot key");
  }
  if (plan.choice == KeyChoice::kHot && plan.count < 2) {
    errors->AtValue(Below(at, "count"), "found the number 1; allowed: 2 or more, one hot key and others beside it");
  }
  return plan;
}

ValueSizePlan ReadValueSize(const Json& json, const std::string& at, ErrorList* errors) {
  ValueSizePlan plan;
  plan.bytes_min = json.value("min", kValueBytesMin);
  plan.bytes_max = json.value("max", kValueBytesMax);
  plan.median_bytes = json.value("median", int64_t{0});
  plan.sigma = json.value("sigma", 0.0);
  const bool fixed = json.contains("fixed") && json.size() == 1;
  const bool lognormal = json.contains("median") && json.contains("sigma") && json.contains("max") && json.size() == 3;
  const bool uniform = json.contains("min") && json.contains("max") && json.size() == 2;
  if (fixed) plan.bytes_min = plan.bytes_max = json.value("fixed", kValueBytesMin);
  if (!fixed && !lognormal && !uniform) {
    errors->AtValue(at, "found " + KeysFound(json) +
                            "; allowed: \"fixed\", or \"min\" and \"max\" (uniform), or \"median\", \"sigma\" and "
                            "\"max\" (log-normal)");
  } else if (plan.bytes_min > plan.bytes_max) {
    errors->AtValue(at, "found \"min\" above \"max\"; allowed: min <= max");
  } else if (plan.median_bytes > plan.bytes_max) {
    errors->AtValue(at, "found \"median\" above \"max\"; allowed: median <= max");
  }
  return plan;
}

}  // namespace harness
