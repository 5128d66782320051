#include "payment/retry_info.h"

#include <algorithm>

#include "status_details.pb.h"

namespace pipeline {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// Of google.protobuf.Duration: about 10,000 years. What is more than int64 holds in ns is cut to it.
constexpr int64_t kDurationMaxS = 315'576'000'000;
constexpr int64_t kDelayMaxS = 9'000'000'000;
constexpr size_t kDetailsBytesMax = size_t{64} * 1024;
constexpr std::string_view kRetryInfoType = "google.rpc.RetryInfo";

// "type.googleapis.com/google.rpc.RetryInfo": the host before the last slash says nothing.
bool IsRetryInfo(std::string_view type_url) {
  const size_t slash = type_url.rfind('/');
  return slash != std::string_view::npos && type_url.substr(slash + 1) == kRetryInfoType;
}

// nullopt: no Duration of 0 or more.
std::optional<int64_t> DelayNs(const ::payment::details::Duration& delay) {
  if (delay.seconds() < 0 || delay.seconds() > kDurationMaxS) return std::nullopt;
  if (delay.nanos() < 0 || delay.nanos() >= kSecondNs) return std::nullopt;
  return std::min(delay.seconds(), kDelayMaxS) * kSecondNs + delay.nanos();
}

}  // namespace

std::string EncodeStatusDetails(int code, std::string_view message, std::optional<int64_t> retry_delay_ns) {
  ::payment::details::Status status;
  status.set_code(code);
  status.set_message(message.data(), message.size());
  if (retry_delay_ns) {
    const int64_t delay_ns = std::max<int64_t>(*retry_delay_ns, 0);
    ::payment::details::RetryInfo info;
    info.mutable_retry_delay()->set_seconds(delay_ns / kSecondNs);
    info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(delay_ns % kSecondNs));
    ::payment::details::Any* any = status.add_details();
    any->set_type_url("type.googleapis.com/" + std::string(kRetryInfoType));
    any->set_value(info.SerializeAsString());
  }
  return status.SerializeAsString();
}

std::optional<StatusDetails> DecodeStatusDetails(int code, std::string_view bytes) {
  ::payment::details::Status status;
  if (bytes.empty() || bytes.size() > kDetailsBytesMax) return std::nullopt;
  if (!status.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || status.code() != code) {
    return std::nullopt;
  }
  StatusDetails details;
  for (const ::payment::details::Any& any : status.details()) {
    if (!IsRetryInfo(any.type_url())) continue;
    ::payment::details::RetryInfo info;
    if (!info.ParseFromString(any.value())) return std::nullopt;
    const std::optional<int64_t> delay_ns = DelayNs(info.retry_delay());
    if (!delay_ns) return std::nullopt;
    details.retry_delay_ns = std::max(details.retry_delay_ns.value_or(0), *delay_ns);
  }
  return details;
}

}  // namespace pipeline
