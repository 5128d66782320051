#include "harness/cli/report_command.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "harness/cli/check_command.h"
#include "harness/cli/read_file.h"
#include "harness/cli/results.h"
#include "harness/report/headline.h"
#include "harness/report/names.h"
#include "harness/report/page/page.h"
#include "harness/report/result_members.h"
#include "harness/report/write_whole.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

bool HasJournal(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / "history" / "run.journal", ignored);
}
bool IsRun(const fs::path& path) {
  std::error_code ignored;
  return HasJournal(path) || fs::exists(path / "result.json", ignored);
}

fs::path Absolute(const std::string& path) {
  const fs::path absolute = fs::absolute(path).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();  // "runs/"
}

// What a run that can't be judged again says of itself; another program may have written it.
std::optional<IndexRow> RowOfResult(const fs::path& run_dir) {
  const auto text = ReadFile((run_dir / "result.json").string(), kResultBytesMax);
  const auto* json = std::get_if<std::string>(&text);
  if (json == nullptr) return std::nullopt;
  const Json result = Json::parse(*json, nullptr, false);
  if (!result.is_object() || ResultText(result, "verdict").empty()) return std::nullopt;
  IndexRow row;
  row.scenario = ResultText(result, "scenario");
  row.verdict = ResultText(result, "verdict");
  row.headline = ResultText(result, "headline");
  const Json& exit_code = ResultMember(result, "exit_code");
  row.exit_code = exit_code.is_number_integer() ? exit_code.get<int>() : kExitEnvironment;
  const Json& seed = ResultMember(result, "seed");
  if (seed.is_number_unsigned()) row.seed = std::to_string(seed.get<uint64_t>());
  row.started_at = ResultText(ResultMember(result, "run"), "started_at");
  const Json& problems = ResultMember(result, "problems");
  if (row.headline.empty() && problems.is_array() && !problems.empty() && problems[0].is_string()) {
    row.headline = problems[0].get<std::string>();
  }
  return row;
}

IndexRow RowOf(const Report& report) {
  IndexRow row;
  row.has_page = true;
  row.scenario = report.scenario.name;
  row.verdict = VerdictName(report.verdict.verdict);
  row.exit_code = report.verdict.exit_code;
  row.seed = std::to_string(report.scenario.seed);
  row.started_at = report.facts.started_at;
  row.duration_ns = report.facts.duration_ns;
  row.headline = Headline(report);
  return row;
}

class Reporter {
 public:
  Reporter(const ReportCommandOptions& options, std::ostream& out, std::ostream& err)
      : options_(options), out_(out), err_(err) {}

  int Run() {
    for (const std::string& path : options_.paths) Collect(path);
    for (const fs::path& run : runs_) MakePage(run);
    if (wants_index_ || runs_.size() > 1) WriteIndex();
    return CombinedExitCode(codes_);
  }

 private:
  // A run directory, or all of a folder's.
  void Collect(const std::string& path) {
    std::error_code error;
    const fs::path folder = Absolute(path);
    if (IsRun(folder)) {
      runs_.push_back(folder);
      return;
    }
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (IsRun(entry.path())) found.push_back(entry.path());
    }
    if (error || found.empty()) {
      err_ << "harness: " << path
           << (error ? " can't be read: " + error.message() : " is no run directory, and has none in it") << "\n";
      codes_.push_back(kExitBadScenario);
      return;
    }
    std::sort(found.begin(), found.end());
    runs_.insert(runs_.end(), found.begin(), found.end());
    if (index_folder_.empty()) index_folder_ = folder;
    wants_index_ = true;
  }

  void MakePage(const fs::path& run) {
    if (!HasJournal(run)) {
      if (auto row = RowOfResult(run)) {
        AddRow(run, *std::move(row));
        if (runs_.size() == 1 && !wants_index_) {
          err_ << "harness: " << run.string() << " has no history/run.journal to make a page from\n";
          codes_.push_back(kExitBadScenario);
        }
        return;
      }
    }
    const CheckCommandOptions check{.harness_command = options_.harness_command};
    codes_.push_back(ForRecordedRun(run.string(), check, err_, [&](const Report& report) {
      try {
        WritePage(report, run.string());
      } catch (const std::exception& error) {
        err_ << "harness: the page could not be written: " << error.what() << "\n";
        return int{kExitEnvironment};
      }
      out_ << run.string() << "/report.html  " << VerdictName(report.verdict.verdict) << "\n" << std::flush;
      AddRow(run, RowOf(report));
      return int{kExitPass};
    }));
  }

  void AddRow(const fs::path& run, IndexRow row) {
    if (index_folder_.empty()) index_folder_ = run.parent_path();
    row.directory = run.lexically_relative(index_folder_).string();
    rows_.push_back(std::move(row));
  }

  void WriteIndex() {
    if (rows_.empty()) return;
    try {
      WriteWhole((index_folder_ / "index.html").string(), IndexHtml(std::move(rows_)));
      out_ << (index_folder_ / "index.html").string() << "\n";
    } catch (const std::exception& error) {
      err_ << "harness: the index could not be written: " << error.what() << "\n";
      codes_.push_back(kExitEnvironment);
    }
  }

  const ReportCommandOptions& options_;
  std::ostream& out_;
  std::ostream& err_;
  std::vector<fs::path> runs_;
  fs::path index_folder_;
  bool wants_index_ = false;
  std::vector<IndexRow> rows_;
  std::vector<int> codes_;
};

}  // namespace

int RunReport(const ReportCommandOptions& options, std::ostream& out, std::ostream& err) {
  return Reporter(options, out, err).Run();
}

}  // namespace harness
