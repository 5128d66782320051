#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "harness/observe/run_jobs.h"
#include "harness/report/latency_files.h"
#include "harness/report/page/page.h"
#include "harness/report/report.h"
#include "harness/report/timeline.h"
#include "harness/report/write_whole.h"

namespace harness {

void WriteWhole(const std::string& path, std::string_view text) {
  const std::string partial = path + ".partial";
  const auto fail = [&](int error) {
    unlink(partial.c_str());
    throw std::system_error(error, std::generic_category(), "can't write " + path);
  };
  const int fd = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail(errno);
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      close(fd);
      fail(error);
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (close(fd) != 0) fail(errno);
  if (rename(partial.c_str(), path.c_str()) != 0) fail(errno);
}

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
