#include "server/calls/request_check.h"

#include <google/protobuf/unknown_field_set.h>
#include <simdjson.h>

#include <algorithm>

namespace pipeline {
namespace {

constexpr size_t kQuotedBytesMax = 100;

// The first text field that is not UTF-8, with the fields it stands in before it ("resume.log_id"); "": none.
std::string NotUtf8(const google::protobuf::Descriptor& descriptor, const std::string& bytes) {
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes)) return "";
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    const google::protobuf::FieldDescriptor* known = descriptor.FindFieldByNumber(field.number());
    if (known == nullptr || field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    const std::string& value = field.length_delimited();
    if (known->type() == google::protobuf::FieldDescriptor::TYPE_STRING &&
        !simdjson::validate_utf8(value.data(), value.size())) {
      return known->name();
    }
    if (known->type() != google::protobuf::FieldDescriptor::TYPE_MESSAGE) continue;
    if (const std::string inner = NotUtf8(*known->message_type(), value); !inner.empty()) {
      return known->name() + "." + inner;
    }
  }
  return "";
}

}  // namespace

std::string WhyNotParsed(const google::protobuf::Descriptor& descriptor, const std::string& bytes) {
  const std::string field = NotUtf8(descriptor, bytes);
  return field.empty() ? "the request is not a " + descriptor.name() : field + " is not UTF-8";
}

std::string Shortened(const std::string& text) {
  if (text.size() <= kQuotedBytesMax) return text;
  size_t end = kQuotedBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

std::variant<Filter, std::string> CheckFilter(int provider, int status) {
  if (!::payment::Provider_IsValid(provider)) {
    return "provider " + std::to_string(provider) + " is unknown; allowed: " + std::to_string(::payment::Provider_MIN) +
           " (any) to " + std::to_string(::payment::Provider_MAX);
  }
  if (!::payment::PaymentStatus_IsValid(status)) {
    return "status " + std::to_string(status) +
           " is unknown; allowed: " + std::to_string(::payment::PaymentStatus_MIN) + " (any) to " +
           std::to_string(::payment::PaymentStatus_MAX);
  }
  return Filter{static_cast<Provider>(provider), static_cast<PaymentStatus>(status)};
}

std::variant<int32_t, std::string> CheckLimit(int32_t limit) {
  if (limit < 0) {
    return "limit " + std::to_string(limit) + "; allowed: 0 (" + std::to_string(kListLimitDefault) + ") or more (" +
           std::to_string(kListLimitMax) + " at most are sent)";
  }
  return limit == 0 ? kListLimitDefault : std::min(limit, kListLimitMax);
}

std::variant<std::vector<Position>, std::string> CheckMinPosition(
    const google::protobuf::RepeatedPtrField<::payment::Position>& min_position, int32_t partitions_max) {
  std::vector<Position> positions;
  std::vector<bool> named(static_cast<size_t>(partitions_max));
  for (const ::payment::Position& at : min_position) {
    const std::string name = "min_position with partition " + std::to_string(at.partition());
    if (at.partition() < 0 || at.partition() >= partitions_max) {
      return name + "; allowed: 0 to " + std::to_string(partitions_max - 1);
    }
    if (at.offset() < -1) return name + ", offset " + std::to_string(at.offset()) + "; allowed: -1 or more";
    if (named[at.partition()]) return name + " twice; allowed: once";
    named[at.partition()] = true;
    positions.push_back({at.partition(), at.offset()});
  }
  return positions;
}

}  // namespace pipeline
