// What all trials of a selftest came to, as a table for people or JSON for programs. Called by the selftest command.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/selftest/bugs.h"
#include "harness/selftest/trial.h"

namespace harness {

struct BugTally {
  const SeededBug* bug = nullptr;
  int64_t caught = 0, other_cause = 0, missed = 0, no_run = 0;
  std::map<std::string, int64_t> violated;  // invariant -> runs
  std::map<std::string, int64_t> causes;    // named for the expected invariant -> violations
  std::vector<int64_t> records;             // until caught, where a record was named
  int64_t runs() const { return caught + other_cause + missed + no_run; }
};

struct SelftestTally {
  std::vector<BugTally> bugs;
  int64_t legal_silent = 0, legal_alarms = 0, legal_no_run = 0;
  std::vector<std::string> failures;  // a line each: what was wrong, where it is, how to run it again

  void Add(size_t bug, const Trial& trial);
  void AddLegal(const Trial& trial);
  // Everything that ran was right.
  bool IsRight() const;
  bool HasNoRuns() const;
};

// What the verdict has to say of `bug`: "LOST: server/wire/client, client".
std::string ExpectedText(const SeededBug& bug);

std::string TableText(const SelftestTally& tally);
std::string TableJson(const SelftestTally& tally);

}  // namespace harness
