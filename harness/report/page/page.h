// report.html: a run for people, in one file that needs no other and opens from disk. The verdict comes first, then
// what was lost where, then everything that it rests on. Called by WriteReport. Its parts are in the *_part.cc beside
// it.
#pragma once

#include <string>
#include <vector>

#include "harness/report/report.h"
#include "harness/report/timeline.h"
#include "harness/report/usage_log.h"

namespace harness {

// What a page needs of a run directory beyond the report.
struct PageInputs {
  std::string scenario_json;  // as it was run; empty: it can't be read
  std::vector<UsageSample> usage;
};
// What is not there stays empty. Reads at most 4 MiB of each file.
PageInputs ReadPageInputs(const std::string& run_dir);

// Bounded: the number of points, rows, pictures and bytes of text does not grow with the run. Pure.
std::string ReportHtml(const Report& report, const Timeline& timeline, const PageInputs& inputs);

// Its parts, each a section of HTML or nothing.
std::string VerdictPart(const Report& report);
std::string StoryPart(const Report& report);    // what went wrong; empty when nothing did
std::string FiguresPart(const Report& report);  // counts
struct PlotsPart {
  std::string html;
  std::string data;  // for the page's script
};
PlotsPart MakePlotsPart(const Report& report, const Timeline& timeline, const std::vector<UsageSample>& usage);
std::string FaultsPart(const Report& report);
std::string ChecksPart(const Report& report);
std::string ClientsPart(const Report& report);
std::string ProcessesPart(const Report& report);
std::string SourcesPart(const Report& report, const PageInputs& inputs);  // environment, scenario, how to run it again

// One run in the list of several.
struct IndexRow {
  std::string directory;  // relative to the page
  bool has_page = false;  // report.html is in it
  std::string scenario;
  std::string verdict;  // "PASS"; "ERROR": it never started
  int exit_code = 0;
  std::string seed;
  std::string started_at;
  int64_t duration_ns = 0;
  std::string headline;
};
// index.html over several runs, the newest first.
std::string IndexHtml(std::vector<IndexRow> rows);

}  // namespace harness
