// Any bytes as a line of a client's event log: refused or parsed, without harm; and what is parsed is within the ranges
// that a History may hold.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/observe/log_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static harness::LogLineParser parser;
  static harness::EventLine line;
  std::string padded(reinterpret_cast<const char*>(data), size);
  padded.append(harness::kLinePaddingBytes, '"');
  if (!parser.ParseEvent({padded.data(), size}, &line)) return 0;
  const bool event = line.type == harness::EventLine::Type::kEvent;
  if (event && (line.payment.id.empty() || line.delivery.content_hash == 0)) std::abort();
  if (event && (line.delivery.partition < -1 || line.delivery.offset < -1)) std::abort();
  return 0;
}
