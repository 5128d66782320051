// The server's decoder and the harness's reader on one record: where they differ, one of them is wrong. Shared by the
// property tests and the fuzzer.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "harness/contract/canonical.h"
#include "harness/contract/record_reader.h"
#include "payment/record_decoder.h"

namespace harness {

// What they say differently; empty: nothing.
inline std::string DifferenceOfReadings(std::string_view key, std::optional<std::string_view> value) {
  static auto& decoder = *new pipeline::RecordDecoder;
  static auto& reader = *new RecordReader;
  pipeline::Payment decoded;
  pipeline::Payment read;
  const pipeline::RejectReason servers = decoder.Decode(key, value, &decoded);
  const pipeline::RejectReason harnesses = reader.Read(key, value, &read);
  if (servers != harnesses) {
    return fmt::format("the server says {}, the harness {}", pipeline::RejectReasonName(servers),
                       pipeline::RejectReasonName(harnesses));
  }
  if (servers != pipeline::RejectReason::kNone || decoded == read) return {};
  return fmt::format("the server read {}, the harness {}", CanonicalContent(decoded), CanonicalContent(read));
}

}  // namespace harness
