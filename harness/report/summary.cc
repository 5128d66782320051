// The summary that a person reads: the verdict first, then what it rests on, at the end what to do next.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/brief.h"
#include "harness/report/figures.h"
#include "harness/report/headline.h"
#include "harness/report/names.h"
#include "harness/report/report.h"
#include "harness/report/story.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kChaptersTold = 5;
constexpr size_t kFollowersTold = 3;
constexpr size_t kNoteColumns = 200;

// Writes the summary part by part; every part is left out when it has nothing to say.
class SummaryWriter {
 public:
  SummaryWriter(const Report& report, const ConsoleStyle& style)
      : report_(report), style_(style), columns_(TextColumns(style)) {}

  std::string Write() {
    AddVerdict();
    if (report_.verdict.verdict == RunVerdict::kPass && !style_.verbose) return Finished(WriteBrief());
    text_ += FiguresText(report_, style_);
    AddChecks("Invariants", report_.verdict.invariants);
    AddChecks("Thresholds", report_.verdict.thresholds);
    AddStory();
    AddFiles();
    return Finished(text_);
  }

 private:
  std::string Finished(const std::string& text) const { return style_.utf8 ? text : Ascii(text); }
  std::string WriteBrief() {
    text_ += BriefText(report_, style_);
    if (report_.facts.run_dir.empty()) return text_;
    text_ += "\n" + Printable(report_.facts.run_dir) + (report_.facts.has_result ? "/report.html\n" : "/\n");
    const char* where = report_.facts.has_result
                            ? "All figures are there and in result.json, and on the console with --verbose."
                            : "All figures are on the console with --verbose.";
    return text_ + Paragraph("", where, columns_);
  }
  void Heading(std::string_view title) { text_ += "\n" + Painted(style_, Color::kBold, title) + "\n"; }
  void AddVerdict();
  template <typename Result>
  void AddChecks(std::string_view title, const std::vector<Result>& checks);
  std::string CheckText(const CheckResult& check) const;
  void AddStory();
  void AddChapter(size_t number, const Chapter& chapter);
  bool OnlyTimesAreWrong() const;
  std::string FirstRecord() const;  // as `harness history --record` takes it; empty: no record is to blame
  void AddFiles();

  const Report& report_;
  const ConsoleStyle& style_;
  const size_t columns_;
  std::string text_;
};

struct Mark {
  std::string_view symbol;
  Color color;
};
Mark MarkOf(CheckState state) {
  switch (state) {
    case CheckState::kPass:
      return {"✓", Color::kGreen};
    case CheckState::kViolated:
      return {"✗", Color::kRed};
    case CheckState::kInvalid:
      return {"?", Color::kYellow};
    case CheckState::kNotApplicable:
      return {"–", Color::kDim};
    case CheckState::kRelaxed:
    case CheckState::kReported:
      return {"!", Color::kYellow};
  }
  return {"?", Color::kYellow};
}

void SummaryWriter::AddVerdict() {
  const std::string name(VerdictName(report_.verdict.verdict));
  const Color color = report_.verdict.verdict == RunVerdict::kPass   ? Color::kGreen
                      : report_.verdict.verdict == RunVerdict::kFail ? Color::kRed
                                                                     : Color::kYellow;
  // Painted after the wrapping, which counts columns.
  const std::string line =
      Paragraph(name + "  ", Printable(report_.scenario.name + ": " + Headline(report_)), columns_);
  text_ += Painted(style_, color, name) + line.substr(name.size());
  // A run that died did not say how long it took, nor on what.
  const RunFacts& facts = report_.facts;
  std::string details = fmt::format("seed {}", report_.scenario.seed);
  if (facts.duration_ns > 0) details += ", " + DurationText(facts.duration_ns);
  details += fmt::format(", exit code {}", report_.verdict.exit_code);
  if (!facts.backend.empty()) details += ", on " + Printable(facts.backend);
  text_ += Paragraph("  ", details, columns_);
}

std::string SummaryWriter::CheckText(const CheckResult& check) const {
  const ThresholdResult* threshold = AsThreshold(report_.verdict, check);
  const Threshold* plan = threshold == nullptr ? nullptr : FindThreshold(report_.scenario, check.name);
  std::string text;
  if (plan != nullptr && threshold->samples > 0) {
    text = MeasuredText(threshold->measured, plan->unit);
    if (!threshold->whose.empty()) text += " of " + Printable(threshold->whose);
    text += " over " + Counted(threshold->samples, "sample");
    if (threshold->without_end > 0) text += ", " + CountText(threshold->without_end) + " without end";
  }
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (check.state == CheckState::kNotApplicable) {
    add("n/a: " + Clipped(Printable(check.reason), kNoteColumns));
  } else if (check.state == CheckState::kPass && threshold == nullptr) {
    add(CountText(check.judged) + " judged");
    if (!check.reason.empty()) add(Clipped(Printable(check.reason), kNoteColumns));
  } else if (check.violation_count > 0 && threshold == nullptr) {
    add(Counted(check.violation_count, "violation") + " in " + CountText(check.judged) + " judged");
    if (check.state == CheckState::kViolated && !check.reason.empty()) {
      add(Clipped(Printable(check.reason), kNoteColumns));
    }
  }
  if (check.state == CheckState::kRelaxed) add("relaxed: " + Printable(check.reason));
  if (check.state == CheckState::kReported) add("reported, not judged");
  if (check.state == CheckState::kInvalid) add(Printable(check.reason));
  if (check.state == CheckState::kViolated && text.empty()) add(Printable(check.reason));
  return text;
}

template <typename Result>
void SummaryWriter::AddChecks(std::string_view title, const std::vector<Result>& checks) {
  if (checks.empty()) return;
  Heading(title);
  size_t name_columns = 0;
  for (const Result& check : checks) name_columns = std::max(name_columns, Columns(check.name));
  name_columns = std::min(name_columns, columns_ / 2);
  for (const Result& check : checks) {
    const Mark mark = MarkOf(check.state);
    const std::string line =
        Paragraph("  " + std::string(mark.symbol) + " " + PadRight(Printable(check.name), name_columns) + "  ",
                  CheckText(check), columns_);
    text_ += "  " + Painted(style_, mark.color, mark.symbol) + line.substr(2 + mark.symbol.size());
  }
}

// "LOST, 2 violations: client fast never got … Suspected: server".
std::string BrokenText(const CheckResult& check) {
  std::string text = check.name;
  if (check.violation_count > 1) text += ", " + Counted(check.violation_count, "violation");
  if (check.violations.empty()) return text + (check.reason.empty() ? "" : ": " + check.reason);
  return text + ": " + check.violations.front().sentence;
}

void SummaryWriter::AddChapter(size_t number, const Chapter& chapter) {
  const CheckResult& check = *chapter.check;
  std::string title = fmt::format("{}. {}", number, Printable(check.name));
  if (check.violation_count > 1) title += ", " + Counted(check.violation_count, "violation");
  const Violation* first = check.violations.empty() ? nullptr : &check.violations.front();
  if (first != nullptr && first->time_ns != 0) {
    title += (check.violation_count > 1 ? ", the first at " : " at ") +
             MomentText(first->time_ns, report_.history.load_begin_ns);
  }
  text_ += Paragraph("  ", title, columns_);
  text_ += Paragraph("    ", Printable(first == nullptr ? check.reason : first->sentence), columns_);
  if (first != nullptr) text_ += Paragraph("    ", "Suspected: " + SuspectsText(*first), columns_);
  for (size_t i = 0; i < chapter.same.size(); ++i) {
    if (i == kFollowersTold) {
      text_ += Paragraph("    ", fmt::format("and {} more of the same record", chapter.same.size() - i), columns_);
      break;
    }
    text_ += Paragraph("    ", "The same record: " + Printable(BrokenText(*chapter.same[i])), columns_);
  }
  for (size_t i = 0; i < chapter.follows.size(); ++i) {
    if (i == kFollowersTold) {
      text_ += Paragraph("    ", fmt::format("Then {} more", chapter.follows.size() - i), columns_);
      break;
    }
    text_ += Paragraph("    Then ", Printable(BrokenText(*chapter.follows[i])), columns_);
  }
}

void SummaryWriter::AddStory() {
  const std::vector<Chapter> chapters = StoryOf(report_);
  if (chapters.empty()) return;
  Heading("What went wrong");
  for (size_t i = 0; i < std::min(chapters.size(), kChaptersTold); ++i) AddChapter(i + 1, chapters[i]);
  if (chapters.size() > kChaptersTold) {
    std::vector<std::string> names;
    for (size_t i = kChaptersTold; i < chapters.size(); ++i) names.push_back(Printable(chapters[i].check->name));
    text_ += Paragraph("  ", "and " + NameList(names, kFollowersTold), columns_);
  }
  if (OnlyTimesAreWrong()) {
    text_ += Paragraph("  ",
                       "The invariants hold; only times were missed. On a machine that is busy with other things, "
                       "--thresholds=report reports them instead.",
                       columns_);
  }
}

bool SummaryWriter::OnlyTimesAreWrong() const {
  if (report_.verdict.verdict != RunVerdict::kFail) return false;
  const std::vector<const CheckResult*> checks = AllChecks(report_.verdict);
  return std::all_of(checks.begin(), checks.end(), [&](const CheckResult* check) {
    const ThresholdResult* threshold = AsThreshold(report_.verdict, *check);
    return !IsBroken(check->state) || (threshold != nullptr && threshold->is_time && threshold->samples > 0);
  });
}

std::string SummaryWriter::FirstRecord() const {
  const std::vector<Chapter> chapters = StoryOf(report_);
  if (chapters.empty() || chapters.front().check->violations.empty()) return "";
  const Violation& first = chapters.front().check->violations.front();
  if (first.rec.has_value()) {
    const std::string rec = RecText(report_.history, first.rec);
    const std::string run = report_.history.run_id + ".";
    return rec.starts_with(run) ? rec.substr(run.size()) : rec;  // the run is named beside it
  }
  if (first.offset >= 0) return fmt::format("{}@{}", first.partition, first.offset);
  return std::string(PaymentId(report_.history, first.id_hash));
}

void SummaryWriter::AddFiles() {
  const RunFacts& facts = report_.facts;
  const bool has_witness = facts.has_result && HasWitness(report_);
  // Paths and commands are never wrapped: they are there to be copied.
  if (!facts.run_dir.empty() && has_witness) {
    Heading("Where to look");
    text_ += "  " + Printable(facts.run_dir) + "/witness.txt\n";
    text_ += Paragraph("    ", "what broke first, every place it was seen, what stood beside it", columns_);
    const std::string record = FirstRecord();
    if (!record.empty() && facts.has_journal) {
      text_ += "  " + Printable(HistoryCommand(report_, record)) + "\n";
      text_ += Paragraph("    ", "the life of that record, in time order", columns_);
    }
  }
  if (!facts.run_dir.empty()) {
    Heading("Files");
    text_ += "  " + Printable(facts.run_dir) + "/\n";
    text_ += Paragraph("  ",
                       std::string(facts.has_result ? "report.html, result.json, junit.xml, timeline.csv, " : "") +
                           "scenario.json, history/, logs/",
                       columns_);
  }
  if (report_.verdict.verdict == RunVerdict::kPass) return;
  if (!facts.run_dir.empty() && facts.has_journal) {
    Heading("Judge it again");
    text_ += "  " + Printable(CheckCommand(report_)) + "\n";
  }
  Heading("Run it again");
  text_ += "  " + Printable(RerunCommand(report_)) + "\n";
}

}  // namespace

std::string SummaryText(const Report& report, const ConsoleStyle& style) {
  return SummaryWriter(report, style).Write();
}

}  // namespace harness
