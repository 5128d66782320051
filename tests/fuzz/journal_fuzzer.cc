// Any bytes as a journal: refused, or read up to where it makes sense; and any bytes as an entry whose checksum is
// right.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "harness/observe/journal.h"

namespace {

void ReadAsFile(std::string_view bytes) {
  const int fd = memfd_create("journal", MFD_CLOEXEC);
  if (fd < 0 || write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  try {
    const harness::JournalContent content = harness::ReadJournalFile("/proc/self/fd/" + std::to_string(fd));
    if (content.bytes_read + content.bytes_cut != static_cast<int64_t>(bytes.size())) std::abort();
    if (content.bytes_cut > 0 && content.problem.empty()) std::abort();
  } catch (const std::runtime_error&) {
    // no journal
  }
  close(fd);
}

void ReplayAsEntry(std::string_view bytes) {
  harness::HistoryBuilder builder("run");
  builder.SetProducer(0, "load", true);
  builder.SetClient(0, harness::Client());
  builder.SetServer(0, "server-1");
  builder.SetPartitions(std::vector<int64_t>{0, 0}, true);
  if (!bytes.empty()) {
    harness::ReplayFrame(static_cast<harness::FrameType>(bytes.front()), bytes.substr(1), &builder);
  }
  builder.PlaceInPhases();
  builder.ReportComplaints();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadAsFile(bytes);
  ReplayAsEntry(bytes);
  return 0;
}
