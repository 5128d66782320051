#include "harness/cli/history_command.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <ostream>
#include <variant>
#include <vector>

#include "harness/cli/recorded_run.h"
#include "harness/report/event_lines.h"
#include "harness/report/record_life.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

// Writes lines until nobody takes them any more.
class Output {
 public:
  explicit Output(std::ostream& out) : out_(out) { errno = 0; }

  // False: stop.
  bool Line(const std::string& line) {
    if (error_ == 0 && !(out_ << line << '\n')) error_ = errno != 0 ? errno : EIO;
    return error_ == 0;
  }
  // The errno of what went wrong; 0: all was written.
  int Finish() {
    if (error_ == 0 && !out_.flush()) error_ = errno != 0 ? errno : EIO;
    return error_;
  }

 private:
  std::ostream& out_;
  int error_ = 0;
};

void PrintEvents(const History& history, const std::vector<RunEvent>& events, HistoryFormat format, Output* out) {
  if (format == HistoryFormat::kCsv && !out->Line(EventCsvHeader())) return;
  if (format == HistoryFormat::kTable && !out->Line(EventRowHeader())) return;
  for (const RunEvent& event : events) {
    const std::string line = format == HistoryFormat::kCsv     ? EventCsv(history, event)
                             : format == HistoryFormat::kTable ? EventRow(history, event)
                                                               : EventJson(history, event);
    if (!out->Line(line)) return;
  }
}

bool PrintRecord(const History& history, const RecordName& record, const std::vector<RunEvent>& all, Output* out) {
  const std::vector<RunEvent> life = LifeWithin(history, all, record);
  if (!out->Line(RecordHeading(history, record, life))) return false;
  std::vector<RunEvent> rows = MeanwhileOf(history, life);
  const auto middle = rows.insert(rows.end(), life.begin(), life.end());
  std::inplace_merge(rows.begin(), middle, rows.end(), Before);
  for (const RunEvent& event : rows) {
    if (!out->Line(LifeRow(history, record, event))) return false;
  }
  for (const Absence& absence : AbsencesOf(history, life)) {
    if (!out->Line(AbsenceRow(absence))) return false;
  }
  return true;
}

void PrintRecords(const History& history, const std::vector<RecordName>& records, HistoryFormat format, Output* out) {
  const std::vector<RunEvent> life = LifeOf(history, records);
  if (format != HistoryFormat::kTable) return PrintEvents(history, life, format, out);
  for (size_t i = 0; i < records.size(); ++i) {
    if (i > 0 && !out->Line("")) return;
    if (!PrintRecord(history, records[i], life, out)) return;
  }
}

}  // namespace

int RunHistory(const HistoryCommandOptions& options, std::ostream& out, std::ostream& err) {
  const auto recorded = ReadRecordedRun(options.run_dir);
  if (const auto* problem = std::get_if<CommandProblem>(&recorded)) {
    err << "harness: " << problem->sentence << "\n";
    return problem->exit_code;
  }
  const JournalContent& journal = std::get<RecordedRun>(recorded).journal;
  if (!journal.problem.empty()) err << "harness: " << journal.problem << "\n";
  Output output(out);
  if (options.record.empty()) {
    PrintEvents(journal.history, AllEvents(journal.history), options.format, &output);
  } else {
    const std::vector<RecordName> records = FindRecords(journal.history, options.record);
    if (records.empty()) {
      err << "harness: the run knows no record \"" << options.record << "\"; it may be " << kRecordForms << "\n";
      return kExitNoMatch;
    }
    PrintRecords(journal.history, records, options.format, &output);
  }
  const int error = output.Finish();
  if (error != 0 && error != EPIPE) {
    err << "harness: the output can't be written: " << std::strerror(error) << "\n";
    return kExitEnvironment;
  }
  return journal.problem.empty() ? kExitPass : kExitInvalid;
}

}  // namespace harness
