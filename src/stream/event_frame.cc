#include "stream/event_frame.h"

#include <array>
#include <cstring>
#include <utility>

#include "payment.pb.h"
#include "payment/wire_bytes.h"

namespace pipeline {
namespace {

using Event = ::payment::PaymentEvent;
constexpr char kPaymentTag = FieldTag(Event::kPaymentFieldNumber, WireType::kLengthDelimited);
constexpr char kEventTypeTag = FieldTag(Event::kEventTypeFieldNumber, WireType::kLengthDelimited);
constexpr char kPartitionTag = FieldTag(Event::kPartitionFieldNumber, WireType::kVarint);
constexpr char kOffsetTag = FieldTag(Event::kOffsetFieldNumber, WireType::kVarint);
constexpr char kChecksumTag = FieldTag(Event::kRecordCrc32CFieldNumber, WireType::kFixed32);

// What follows the payment, on the stack.
class Tail {
 public:
  // Fields of value 0 are left out, as proto3 does.
  Tail(std::string_view event_type, int32_t partition, int64_t offset, uint32_t record_crc32c) {
    Put(kEventTypeTag);
    Put(static_cast<char>(event_type.size()));
    event_type.copy(bytes_.data() + size_, event_type.size());
    size_ += event_type.size();
    if (partition != 0) PutNumber(kPartitionTag, static_cast<uint64_t>(static_cast<int64_t>(partition)));
    if (offset != 0) PutNumber(kOffsetTag, static_cast<uint64_t>(offset));
    if (record_crc32c != 0) {
      Put(kChecksumTag);
      for (int shift = 0; shift < 32; shift += 8) Put(static_cast<char>(record_crc32c >> shift));
    }
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  void Put(char byte) { bytes_[size_++] = byte; }
  void PutNumber(char tag, uint64_t value) {
    Put(tag);
    size_ = static_cast<size_t>(PutVarint(value, bytes_.data() + size_) - bytes_.data());
  }

  // The longest: "existing", two numbers of ten bytes, the checksum.
  std::array<char, 2 + 8 + 2 * (1 + kVarintBytesMax) + 5> bytes_;
  size_t size_ = 0;
};

// `write` puts the payment's `size_bytes` where it is told.
template <typename Write>
EventFrame MakeFrame(size_t size_bytes, const Write& write, const Tail& tail) {
  std::array<char, 1 + kVarintBytesMax> header;
  header[0] = kPaymentTag;
  const auto header_size = static_cast<size_t>(PutVarint(size_bytes, header.data() + 1) - header.data());
  auto [bytes, at] = SharedBytes::ToFill(header_size + size_bytes + tail.view().size());
  std::memcpy(at, header.data(), header_size);
  write(at + header_size);
  tail.view().copy(at + header_size + size_bytes, tail.view().size());
  return {std::move(bytes), static_cast<uint32_t>(header_size), static_cast<uint32_t>(header_size + size_bytes)};
}

}  // namespace

EventFrame MakeEventFrame(std::string_view payment, int32_t partition, int64_t offset, uint32_t record_crc32c) {
  return MakeFrame(
      payment.size(), [&](char* at) { payment.copy(at, payment.size()); },
      Tail("new", partition, offset, record_crc32c));
}

EventFrame MakeEventFrame(const SerializedPayment& payment, int32_t partition, int64_t offset, uint32_t record_crc32c) {
  return MakeFrame(
      payment.size(), [&](char* at) { payment.WriteTo(at); }, Tail("new", partition, offset, record_crc32c));
}

std::string ExistingTail(int32_t partition, int64_t offset, uint32_t record_crc32c) {
  return std::string(Tail("existing", partition, offset, record_crc32c).view());
}

}  // namespace pipeline
