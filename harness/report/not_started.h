// What a run leaves behind that never came to its load: result.json and junit.xml, so that a CI server shows why.
// Called by the runner and by `harness run`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/report/report.h"

namespace harness {

struct NotStarted {
  std::string scenario;          // its name; of a file that can't be read, the file's
  std::optional<uint64_t> seed;  // nullopt: not known
  int exit_code = 3;
  std::vector<std::string> problems;  // sentences, the first one first
  RunFacts facts;                     // `run_dir` is where the files go
};

std::string NotStartedResultJson(const NotStarted& run);  // docs/formats.md, "A run that never started"
std::string NotStartedJunitXml(const NotStarted& run);

// Both into `run.facts.run_dir`. Throws std::system_error that names the path.
void WriteNotStarted(const NotStarted& run);

}  // namespace harness
