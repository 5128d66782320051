#include <unistd.h>

#include <string>

#include "harness/observe/run_jobs.h"
#include "harness/report/latency_files.h"
#include "harness/report/page/page.h"
#include "harness/report/report.h"
#include "harness/report/timeline.h"
#include "harness/report/write_whole.h"

namespace harness {

void WritePage(const Report& report, const std::string& dir) {
  const Timeline timeline = MakeTimeline(report.history, RunJobs);
  WriteWhole(dir + "/timeline.csv", TimelineCsv(timeline));
  WriteWhole(dir + "/report.html", ReportHtml(report, timeline, ReadPageInputs(report.facts.run_dir)));
}

void WriteReport(const Report& report, const std::string& dir) {
  const std::string witness = WitnessText(report);
  if (witness.empty()) {
    unlink((dir + "/witness.txt").c_str());
  } else {
    WriteWhole(dir + "/witness.txt", witness);
  }
  WriteLatencyFiles(report, dir);
  WritePage(report, dir);
  WriteWhole(dir + "/junit.xml", JunitXml(report));
  WriteWhole(dir + "/result.json", ResultJson(report));  // last: whoever sees it finds the others
}

}  // namespace harness
