// Any bytes as a line of a producer's acknowledgement log: refused or parsed, without harm.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/observe/log_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static harness::LogLineParser parser;
  static harness::AckLine line;
  std::string padded(reinterpret_cast<const char*>(data), size);
  padded.append(harness::kLinePaddingBytes, '"');
  if (!parser.ParseAck({padded.data(), size}, &line)) return 0;
  if (line.type == harness::AckLine::Type::kSend && line.send.sequence == 0) std::abort();
  if (line.type == harness::AckLine::Type::kOutcome && line.outcome.outcome == harness::Outcome::kPending) std::abort();
  return 0;
}
