// Any bytes as an event log, line by line: each is taken or refused with std::runtime_error, and what was taken adds up
// to a token that the wire can carry.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "client/event_log.h"
#include "client/token.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  pipeline::LogDecoder decoder;
  pipeline::LogReplay replay({});
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    try {
      replay.Apply(decoder.Decode(line));
    } catch (const std::runtime_error&) {
      // Refused.
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  for (const auto& [partition, at] : replay.held_token().token().partitions) {
    if (partition < 0 || at.after < -1) std::abort();
  }
  ::payment::ResumeToken token;
  ToMessage(replay.held_token().token(), &token);
  return 0;
}
