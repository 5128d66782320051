// What a request must be like before anything is done for it. Called from gRPC's threads and by the fuzzer. Pure,
// thread-safe.
#pragma once

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "payment.pb.h"
#include "payment/payment.h"
#include "stream/replica_state.h"

namespace pipeline {

inline constexpr int32_t kListLimitDefault = 10;
inline constexpr int32_t kListLimitMax = 100;

// The filter of a request, or why it is none (a number that the contract does not know).
std::variant<Filter, std::string> CheckFilter(int provider, int status);
// The page size that `limit` stands for: 0 the default, above the maximum the maximum; or why it is none (negative).
std::variant<int32_t, std::string> CheckLimit(int32_t limit);

// The positions of a request's `min_position`, or why they are none: a partition of `partitions_max` or more, an offset
// below -1, a partition named twice. At most `partitions_max` are looked at.
std::variant<std::vector<Position>, std::string> CheckMinPosition(
    const google::protobuf::RepeatedPtrField<::payment::Position>& min_position, int32_t partitions_max);

// Why `bytes`, which do not parse as a `descriptor`, are none: names the text field that is not UTF-8, or just the
// message. For people.
std::string WhyNotParsed(const google::protobuf::Descriptor& descriptor, const std::string& bytes);

// What a client sent, as a status message may repeat it: cut to a length that fits trailing metadata.
std::string Shortened(const std::string& text);

}  // namespace pipeline
