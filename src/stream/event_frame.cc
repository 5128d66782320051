#include "stream/event_frame.h"

#include "stream/wire_bytes.h"

namespace pipeline {
namespace {

// Protobuf wire format: (field number << 3) | wire type, all of one byte here.
constexpr char kPaymentTag = 0x0A;
constexpr char kEventTypeTag = 0x12;
constexpr char kPartitionTag = 0x18;
constexpr char kOffsetTag = 0x20;
constexpr char kChecksumTag = 0x2D;

// Fields of value 0 are left out, as proto3 does.
std::string Tail(std::string_view event_type, int32_t partition, int64_t offset, uint32_t record_crc32c) {
  std::string tail;
  tail.push_back(kEventTypeTag);
  AppendVarint(event_type.size(), &tail);
  tail.append(event_type);
  if (partition != 0) {
    tail.push_back(kPartitionTag);
    AppendVarint(static_cast<uint64_t>(static_cast<int64_t>(partition)), &tail);
  }
  if (offset != 0) {
    tail.push_back(kOffsetTag);
    AppendVarint(static_cast<uint64_t>(offset), &tail);
  }
  if (record_crc32c != 0) {
    tail.push_back(kChecksumTag);
    for (int shift = 0; shift < 32; shift += 8) tail.push_back(static_cast<char>(record_crc32c >> shift));
  }
  return tail;
}

}  // namespace

EventFrame MakeEventFrame(std::string_view payment, int32_t partition, int64_t offset, uint32_t record_crc32c) {
  std::string header(1, kPaymentTag);
  AppendVarint(payment.size(), &header);
  EventFrame frame;
  frame.bytes = SharedBytes({header, payment, Tail("new", partition, offset, record_crc32c)});
  frame.payment_begin = static_cast<uint32_t>(header.size());
  frame.payment_end = static_cast<uint32_t>(header.size() + payment.size());
  return frame;
}

std::string ExistingTail(int32_t partition, int64_t offset, uint32_t record_crc32c) {
  return Tail("existing", partition, offset, record_crc32c);
}

}  // namespace pipeline
