// Any bytes as a list cursor: no crash; one that is taken is the only spelling of its place, for its filter and log.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "stream/list_cursor.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view cursor(reinterpret_cast<const char*>(data), size);
  const pipeline::Filter any;
  const pipeline::Filter other = {pipeline::Provider::kStripe, pipeline::PaymentStatus::kUnknown};
  const auto place = pipeline::DecodeListCursor(cursor, any, "log");
  if (!place) return 0;
  Require(place->partition >= -1 && place->first_offset >= 0);
  Require(pipeline::EncodeListCursor(*place, any, "log") == cursor);
  Require(!pipeline::DecodeListCursor(cursor, other, "log"));
  Require(!pipeline::DecodeListCursor(cursor, any, "log2"));
  return 0;
}
