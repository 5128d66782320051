// The lines of a server's journal (docs/formats.md, "Server journal"), parsed. Written by programs that the harness
// does not trust: whatever a line holds, it is parsed or refused. Called by the LogTail. Pure. Not thread-safe (a
// parser reuses its memory).
#pragma once

#include <memory>
#include <string_view>

#include "harness/observe/server_seen.h"

namespace harness {

class ServerLineParser {
 public:
  ServerLineParser();
  ~ServerLineParser();
  // `line`: without its newline, padded (kLinePaddingBytes). False for a broken line: wrong checksum, not JSON, an
  // unknown type, a member that is missing or of the wrong type or range, more than kServerRecordsMax records. *out is
  // unspecified then.
  bool Parse(std::string_view line, ServerSeen* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
