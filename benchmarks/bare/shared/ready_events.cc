#include "benchmarks/bare/shared/ready_events.h"

#include <stdexcept>

#include "common/crc32c.h"
#include "payment/codec.h"
#include "stream/event_frame.h"

namespace bench {

void ReadyEvents::AppendFramed(std::string_view key, std::string_view value, int32_t partition, int64_t offset,
                               int64_t time_s, std::string* out) {
  if (decoder_.Decode(key, value, &payment_) != pipeline::RejectReason::kNone) {
    throw std::runtime_error("the server would reject " + std::string(value));
  }
  serialized_.clear();
  pipeline::AppendSerialized(payment_, time_s, &serialized_);
  const pipeline::EventFrame frame =
      pipeline::MakeEventFrame(serialized_, partition, offset, pipeline::RecordCrc32c(key, value));
  const std::string_view event = frame.bytes.view();
  out->push_back('\x0a');  // field 1, length-delimited
  size_t length = event.size();
  for (; length >= 0x80; length >>= 7) out->push_back(static_cast<char>(length | 0x80));
  out->push_back(static_cast<char>(length));
  out->append(event);
}

std::string_view WithoutFrame(std::string_view framed) {
  size_t begin = 1;
  while (begin < framed.size() && (static_cast<unsigned char>(framed[begin]) & 0x80) != 0) ++begin;
  return framed.substr(begin + 1);
}

}  // namespace bench
