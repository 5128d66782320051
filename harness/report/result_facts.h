// What only the run knew, taken back from its result.json: for `harness check`, which has the rest from the journal.
// Pure.
#pragma once

#include <optional>
#include <string_view>

#include "harness/report/report.h"

namespace harness {

// nullopt: no result.json, or of another schema version. A member that is missing or of another type stays unset.
// run_dir and harness_command are the caller's to fill in.
std::optional<RunFacts> FactsFromResult(std::string_view json);

}  // namespace harness
