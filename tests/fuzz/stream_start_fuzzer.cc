// Any bytes as the metadata of a stream: refused with a sentence, or taken, and then the same after a way back over the
// wire.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "client/token.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const pipeline::StartParse parse = pipeline::ParseStreamStart(bytes);
  if (parse.start.has_value() == !parse.error.empty()) std::abort();
  if (parse.start) {
    ::payment::StreamStart start;
    start.set_server_id(parse.start->server_id);
    ToMessage(parse.start->token, start.mutable_token());
    const pipeline::StartParse again = pipeline::ParseStreamStart(start.SerializeAsString());
    if (!again.start || again.start->token != parse.start->token) std::abort();
  }
  if (const auto gap = pipeline::ParseGap(bytes)) {
    if (gap->partition < 0 || gap->earliest < 0) std::abort();
  }
  return 0;
}
