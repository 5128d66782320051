// `harness history`: prints what a recorded run saw, of one record or of everything, in time order. Called by main.cc
// with what the command line says; returns the exit code.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace harness {

enum class HistoryFormat : uint8_t { kTable, kJsonLines, kCsv };

struct HistoryCommandOptions {
  std::string run_dir = {};
  std::string record = {};  // record_life.h, kRecordForms; empty: every event of the run
  HistoryFormat format = HistoryFormat::kTable;
};

// 0: all was printed, or as much as somebody wanted to read (the other end of a pipe was closed; the caller has SIGPIPE
// ignored). 2: no run directory. 3: its journal can't be read, or the output can't be written. 4: the journal is not
// whole; what it holds was printed. 5: the run knows no such record.
int RunHistory(const HistoryCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace harness
