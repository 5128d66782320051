// Any bytes as a line of a server's journal: refused or parsed, without harm; what is parsed is within the ranges that
// a History may hold, and lines in any order join to a History whose parts refer to each other.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "harness/observe/history_builder.h"
#include "harness/observe/log_lines.h"
#include "harness/observe/server_lines.h"

namespace {

void CheckRanges(const harness::ServerSeen& seen) {
  if (const auto* records = std::get_if<harness::ServerRecords>(&seen)) {
    if (records->records.empty() || records->records.size() > harness::kServerRecordsMax) std::abort();
    for (const harness::ServerRecord& record : records->records) {
      if (record.offset < 0 || record.partition < 0) std::abort();
      if (records->number != 0 && record.reason != pipeline::RejectReason::kNone) std::abort();
    }
  }
  const auto* began = std::get_if<harness::ServerBegan>(&seen);
  if (began != nullptr && began->stream.number == 0) std::abort();
  const auto* cut = std::get_if<harness::ServerCut>(&seen);
  if (cut != nullptr && cut->lost < 1) std::abort();
}

void CheckJoin(const harness::JournaledServer& server) {
  for (const harness::ServerStream& stream : server.streams) {
    if (stream.life >= server.lives.size()) std::abort();
  }
  for (const harness::ServerEvent& event : server.events) {
    const bool read = event.kind == harness::ServerEventKind::kRead;
    if (event.owner >= (read ? server.lives.size() : server.streams.size())) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static harness::ServerLineParser parser;
  harness::HistoryBuilder builder("run");
  builder.SetServer(0, "server-1");
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string padded(rest.substr(0, end));
    const size_t line_bytes = padded.size();
    padded.append(harness::kLinePaddingBytes, '"');
    harness::ServerSeen seen;
    if (parser.Parse({padded.data(), line_bytes}, &seen)) {
      CheckRanges(seen);
      builder.OnServer(0, seen);
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  CheckJoin(builder.history().servers[0]);
  return 0;
}
