#include "harness/scenario/trigger_reader.h"

#include <map>

#include "harness/scenario/quantity.h"

namespace harness {

void ReadTrigger(const Json& json, const std::string& at, ErrorList* errors, Trigger* trigger) {
  if (json.is_string()) {
    if (const auto moment = ParseMoment(json.get<std::string>())) {
      trigger->phase = moment->phase;
      trigger->after_ns = moment->after_ns;
    } else {
      errors->AtValue(at, "found " + Shown(json) + "; allowed: a time of at most 24h after the phase's beginning");
    }
    return;
  }
  if (!json.is_object() || json.empty()) return;
  static const std::map<std::string, CountKind> kinds = {{"sent", CountKind::kSent},
                                                         {"acked", CountKind::kAcked},
                                                         {"logged", CountKind::kLogged},
                                                         {"delivered", CountKind::kDelivered}};
  const std::string key = json.begin().key();
  const size_t sign = key.find('@');
  trigger->count_kind = kinds.at(key.substr(0, sign));
  if (sign != std::string::npos) trigger->client = key.substr(sign + 1);
  trigger->count = json.begin()->get<int64_t>();
}

}  // namespace harness
