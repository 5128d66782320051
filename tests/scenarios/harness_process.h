// What the scenario tests share: run the real harness as a child with a deadline, and read what it left behind.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace harness {

struct HarnessResult {
  int exit_code = -1;     // 128 + signal when it was ended by one
  std::string output;     // stdout and stderr, as they came
  std::string run_dir;    // of its only run; empty: none
  nlohmann::json result;  // result.json; null: none
};

// A temporary folder, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  // Writes a file into it and returns its path.
  std::string Write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

// A harness that runs. Killed and reaped in the destructor at the latest.
class HarnessProcess {
 public:
  // `harness run ARGUMENTS --out FOLDER --thresholds=report` (time thresholds are no matter of a test on a shared
  // machine), or whatever `arguments` says when they do not begin with "run".
  HarnessProcess(std::vector<std::string> arguments, const TemporaryFolder& folder);
  ~HarnessProcess();
  HarnessProcess(const HarnessProcess&) = delete;
  HarnessProcess& operator=(const HarnessProcess&) = delete;

  int64_t pid() const { return pid_; }
  void Signal(int number) const;
  // Waits until its output holds `text`; false when it ends or a minute passes first.
  bool WaitForOutput(const std::string& text);
  // Waits for its end, two minutes at most (then it is killed and the exit code says so).
  HarnessResult Wait();

 private:
  std::string Output() const;
  bool Ended();

  std::string folder_;
  std::string output_path_;
  int64_t pid_ = -1;
  std::optional<int> status_;
};

HarnessResult RunHarness(std::vector<std::string> arguments, const TemporaryFolder& folder);

// Names of the invariants of result.json in that state ("violated", "invalid").
std::vector<std::string> InvariantsIn(const nlohmann::json& result, const std::string& state);

std::string ScenarioPath(const std::string& name);
std::string ProgramPath(const std::string& name);

// Processes whose command line or working directory lies in `folder`.
std::vector<int64_t> ProcessesIn(const std::string& folder);

}  // namespace harness
