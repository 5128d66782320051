// How fast a recorded run is judged, and what recording costs, beside what the machine gives at best for the same
// bytes. An event is one entry of the journal. ./run.sh bench runs it; docs/performance.md says what came of it.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "benchmarks/verdict/synthetic_run.h"
#include "common/crc32c.h"
#include "harness/judge/judge.h"
#include "harness/observe/journal.h"
#include "harness/observe/run_jobs.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "verdict_benchmark.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void CountEvents(benchmark::State* state, int64_t records) {
  state->SetItemsProcessed(state->iterations() * records * kEventsPerRecord);
}

bool Passes(const History& history, const Scenario& scenario, const JobRunner& run_jobs) {
  JudgeOptions options;
  options.run_jobs = run_jobs;
  return Judge(history, scenario, options).exit_code == 0;
}

// Every invariant on a history that is in memory.
void Judged(benchmark::State& state, const JobRunner& run_jobs) {
  const History history = SyntheticRun(state.range(0), "");
  const Scenario scenario = SyntheticScenario();
  for (auto _ : state) {
    if (!Passes(history, scenario, run_jobs)) state.SkipWithError("the verdict is no PASS");
  }
  CountEvents(&state, state.range(0));
}
BENCHMARK_CAPTURE(Judged, one_thread, RunJobsInOrder)->Arg(200'000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(Judged, all_cores, RunJobs)->Arg(200'000)->Unit(benchmark::kMillisecond)->UseRealTime();

// As `harness check`: from the journal's bytes to the verdict.
void Checked(benchmark::State& state) {
  const TemporaryFolder folder;
  SyntheticRun(state.range(0), folder.path());
  const Scenario scenario = SyntheticScenario();
  for (auto _ : state) {
    const JournalContent content = ReadJournal(folder.path());
    if (!content.problem.empty()) state.SkipWithError(content.problem.c_str());
    if (!Passes(content.history, scenario, RunJobs)) state.SkipWithError("the verdict is no PASS");
  }
  CountEvents(&state, state.range(0));
}
BENCHMARK(Checked)->Arg(200'000)->Unit(benchmark::kMillisecond)->UseRealTime();

// Its first half: the journal's bytes to the history.
void JournalRead(benchmark::State& state) {
  const TemporaryFolder folder;
  SyntheticRun(state.range(0), folder.path());
  for (auto _ : state) {
    const JournalContent content = ReadJournal(folder.path());
    if (!content.problem.empty()) state.SkipWithError(content.problem.c_str());
  }
  CountEvents(&state, state.range(0));
}
BENCHMARK(JournalRead)->Arg(200'000)->Unit(benchmark::kMillisecond)->UseRealTime();

// The ceiling of that: the same bytes read from the page cache, and their checksum.
void CeilingOfJournalRead(benchmark::State& state) {
  const TemporaryFolder folder;
  SyntheticRun(state.range(0), folder.path());
  std::vector<char> buffer(size_t{1} << 20);
  for (auto _ : state) {
    const int fd = open(JournalPath(folder.path()).c_str(), O_RDONLY | O_CLOEXEC);
    uint32_t crc = 0;
    for (ssize_t bytes = 0; (bytes = read(fd, buffer.data(), buffer.size())) > 0;) {
      crc = pipeline::Crc32c({buffer.data(), static_cast<size_t>(bytes)}, crc);
    }
    benchmark::DoNotOptimize(crc);
    close(fd);
  }
  CountEvents(&state, state.range(0));
}
BENCHMARK(CeilingOfJournalRead)->Arg(200'000)->Unit(benchmark::kMillisecond)->UseRealTime();

// The observers' events to the history; with a journal too: the difference is what recording costs.
void Recorded(benchmark::State& state, bool journal) {
  const TemporaryFolder folder;
  for (auto _ : state) {
    const History history = SyntheticRun(state.range(0), journal ? folder.path() : "");
    benchmark::DoNotOptimize(&history);
  }
  CountEvents(&state, state.range(0));
}
BENCHMARK_CAPTURE(Recorded, in_memory, false)->Arg(200'000)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(Recorded, with_journal, true)->Arg(200'000)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// The ceiling of the journal: its bytes, ready-made, written to a file in the pieces that the writer makes of them.
void CeilingOfJournalWrite(benchmark::State& state) {
  const TemporaryFolder folder;
  SyntheticRun(state.range(0), folder.path());
  std::ifstream file(JournalPath(folder.path()), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::string path = folder.path() + "/copy";
  constexpr size_t kPieceBytes = size_t{1} << 20;
  for (auto _ : state) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    for (size_t at = 0; at < bytes.size(); at += kPieceBytes) {
      const size_t piece = std::min(kPieceBytes, bytes.size() - at);
      if (write(fd, bytes.data() + at, piece) != static_cast<ssize_t>(piece)) state.SkipWithError("short write");
    }
    close(fd);
  }
  CountEvents(&state, state.range(0));
}
BENCHMARK(CeilingOfJournalWrite)->Arg(200'000)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace harness
