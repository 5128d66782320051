#include "harness/selftest/selftest_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "common/clock.h"
#include "common/mutex.h"
#include "harness/process/supervisor.h"
#include "harness/selftest/bugs.h"
#include "harness/selftest/selftest_table.h"
#include "harness/selftest/trial.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRunWithinNs = 180'000'000'000;  // a run that hangs is killed, and gives no verdict
constexpr int64_t kLookNs = 100'000'000;           // how soon an interrupt is seen
constexpr int64_t kInterruptedWithinNs = 15'000'000'000;
constexpr size_t kFailuresMax = 200;
constexpr const char* kPrograms[] = {"harness",       "payment-server", "payment-client", "payment-producer",
                                     "seeded-server", "seeded-client",  "seeded-producer"};

// One run: of a bug, or of the unbroken system.
struct Task {
  const SeededBug* bug = nullptr;
  size_t index = 0;  // of the bug in the tally
  uint64_t seed = 0;
  std::string Name() const {
    std::string name = fmt::format("{}-{}", bug != nullptr ? bug->name : "legal", seed);
    std::replace(name.begin(), name.end(), '/', '-');
    return name;
  }
};

class Selftest {
 public:
  Selftest(const SelftestOptions& options, const pipeline::StopSignal& stop, std::ostream* err)
      : options_(options), stop_(stop), err_(err) {}

  // False: a name stands for no bug; it was complained of.
  bool Choose() {
    const pipeline::MutexLock lock(&mutex_);
    const auto means = [](const std::string& name, const SeededBug& bug) {
      return name == bug.name || name == ProgramOf(bug);
    };
    const auto bugs = SeededBugs();
    for (const std::string& name : options_.bugs) {
      if (std::any_of(bugs.begin(), bugs.end(), [&](const SeededBug& bug) { return means(name, bug); })) continue;
      *err_ << "harness: no seeded bug is called \"" << name << "\"; there are:";
      for (const SeededBug& bug : bugs) *err_ << " " << bug.name;
      *err_ << "\n";
      return false;
    }
    for (const SeededBug& bug : bugs) {
      const auto& names = options_.bugs;
      const bool meant =
          names.empty() || std::any_of(names.begin(), names.end(), [&](const auto& name) { return means(name, bug); });
      if (meant) tally_.bugs.emplace_back().bug = &bug;
    }
    for (int64_t i = 0; i < options_.seeds; ++i) {
      for (size_t b = 0; b < tally_.bugs.size(); ++b) tasks_.push_back({tally_.bugs[b].bug, b, SeedAt(i)});
    }
    for (int64_t i = 0; i < options_.legal; ++i) tasks_.push_back({nullptr, 0, SeedAt(i)});
    return true;
  }

  SelftestTally Run() {
    std::vector<std::thread> workers;
    workers.reserve(static_cast<size_t>(options_.jobs));
    for (int i = 0; i < options_.jobs; ++i) workers.emplace_back([this] { Work(); });
    for (std::thread& worker : workers) worker.join();
    const pipeline::MutexLock lock(&mutex_);
    return tally_;
  }

 private:
  uint64_t SeedAt(int64_t index) const { return static_cast<uint64_t>(options_.first_seed + index); }

  void Work() {
    for (;;) {
      Task task;
      {
        const pipeline::MutexLock lock(&mutex_);
        if (stop_.requested() || next_ >= tasks_.size()) return;
        task = tasks_[next_++];
      }
      RunOne(task);
    }
  }

  void RunOne(const Task& task) {
    const fs::path folder = fs::absolute(options_.out_dir) / task.Name();
    fs::remove_all(folder);
    fs::create_directories(folder / "state");
    const ScenarioPlaces places{options_.program_dir, (folder / "state").string()};
    const std::string scenario =
        task.bug != nullptr ? BugScenario(*task.bug, task.seed, places) : LegalScenario(task.seed);
    std::ofstream(folder / "scenario.json") << scenario;
    const int exit_code = RunHarness(folder);
    if (stop_.requested()) return;
    const nlohmann::json result = ReadResult(folder);
    const Trial trial =
        task.bug != nullptr ? JudgeTrial(*task.bug, exit_code, result) : JudgeLegalTrial(exit_code, result);
    const bool right = trial.outcome == TrialOutcome::kCaught || trial.outcome == TrialOutcome::kSilent;
    if (right && !options_.keep) fs::remove_all(folder);
    const pipeline::MutexLock lock(&mutex_);
    if (task.bug != nullptr) {
      tally_.Add(task.index, trial);
    } else {
      tally_.AddLegal(trial);
    }
    const std::string text = right ? task.Name() + " as expected" : FailureText(task, trial, exit_code);
    if (!right && tally_.failures.size() < kFailuresMax) tally_.failures.push_back(text);
    *err_ << fmt::format("[{}/{}] {}\n", ++done_, tasks_.size(), text) << std::flush;
  }

  // The harness as a process of its own: a run that dies takes nothing with it.
  int RunHarness(const fs::path& folder) {
    const int64_t pid =
        supervisor_.Start({.name = folder.filename().string(),
                           .argv = {options_.program_dir + "/harness", "run", (folder / "scenario.json").string(),
                                    "--thresholds=report", "--out", (folder / "runs").string()},
                           .env = {},
                           .cwd = {},
                           .log_path = (folder / "output.txt").string()});
    const int64_t deadline_ns = pipeline::MonotonicNs() + kRunWithinNs;
    std::optional<ProcessExit> exit;
    while (!exit && !stop_.requested() && pipeline::MonotonicNs() < deadline_ns) {
      exit = supervisor_.WaitExit(pid, pipeline::MonotonicNs() + kLookNs);
    }
    if (!exit) {
      supervisor_.Signal(pid, stop_.requested() ? SIGINT : SIGKILL);
      const int64_t interrupted_deadline_ns = pipeline::MonotonicNs() + kInterruptedWithinNs;
      while (!exit && !stop_.hurried() && pipeline::MonotonicNs() < interrupted_deadline_ns) {
        exit = supervisor_.WaitExit(pid, pipeline::MonotonicNs() + kLookNs);
      }
    }
    if (!exit) {
      supervisor_.Signal(pid, SIGKILL);
      exit = supervisor_.WaitExit(pid, pipeline::MonotonicNs() + kInterruptedWithinNs);
    }
    return exit && WIFEXITED(exit->status) ? WEXITSTATUS(exit->status) : -1;
  }

  static nlohmann::json ReadResult(const fs::path& folder) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / "runs", none)) {
      std::ifstream file(entry.path() / "result.json");
      if (file) return nlohmann::json::parse(file, nullptr, false);
    }
    return nullptr;
  }

  std::string FailureText(const Task& task, const Trial& trial, int exit_code) const {
    std::string what;
    switch (trial.outcome) {
      case TrialOutcome::kOtherCause:
        what = "another set of causes than " + ExpectedText(*task.bug);
        break;
      case TrialOutcome::kMissed:
        what = fmt::format("{} missed", task.bug->invariant);
        break;
      case TrialOutcome::kFalseAlarm:
        what = "false alarm";
        break;
      default:
        what = fmt::format("no verdict, exit code {}", exit_code);
    }
    for (const std::string& name : trial.violated) what += " " + name;
    if (!trial.witness.empty()) what += ": " + trial.witness;
    return fmt::format("{}: {}; see {}/{}; again: harness selftest --first-seed {} --seeds {} --legal {}{}",
                       task.Name(), what, options_.out_dir, task.Name(), task.seed, task.bug != nullptr ? 1 : 0,
                       task.bug != nullptr ? 0 : 1,
                       task.bug != nullptr ? fmt::format(" --bugs {}", task.bug->name) : "");
  }

  const SelftestOptions& options_;
  const pipeline::StopSignal& stop_;
  std::ostream* const err_ ABSL_PT_GUARDED_BY(mutex_);
  Supervisor supervisor_;
  std::vector<Task> tasks_;

  pipeline::Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  SelftestTally tally_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

int RunSelftest(const SelftestOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
                std::ostream& err) {
  for (const char* program : kPrograms) {
    if (access((options.program_dir + "/" + program).c_str(), X_OK) == 0) continue;
    err << fmt::format(
        "harness: {}/{} is not there. Programs with seeded bugs are never installed: build them with the tests "
        "(./run.sh test) and run the harness of that build, or name its folder with --programs\n",
        options.program_dir, program);
    return kExitEnvironment;
  }
  Selftest selftest(options, stop, &err);
  if (!selftest.Choose()) return kExitBadScenario;
  const SelftestTally tally = selftest.Run();
  out << (options.json ? TableJson(tally) : TableText(tally)) << std::flush;
  if (stop.requested()) return kExitInterrupted;
  if (tally.HasNoRuns()) return kExitEnvironment;
  return tally.IsRight() ? kExitPass : kExitFail;
}

}  // namespace harness
