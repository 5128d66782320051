#include "harness/load/poison.h"

#include <string_view>

namespace harness {
namespace {

using pipeline::RejectReason;

// The member's value is what follows.
void InsertAt(std::string_view member, std::string_view text, size_t begin, std::string* bytes) {
  const size_t at = bytes->find(member, begin);
  if (at != std::string::npos) bytes->insert(at + member.size(), text);
}

}  // namespace

void Spoil(RejectReason reason, uint64_t draw, size_t begin, std::string* bytes) {
  const size_t size = bytes->size() - begin;
  switch (reason) {
    case RejectReason::kTombstone:
      bytes->resize(begin);
      return;
    case RejectReason::kOversized:  // white space behind good JSON, so that its size alone is wrong
      bytes->resize(begin + static_cast<size_t>(pipeline::kRecordBytesMax) + 1, ' ');
      return;
    case RejectReason::kNotUtf8:
      bytes->insert(begin + draw % (size + 1), 1, '\xFF');
      return;
    case RejectReason::kNotJson:  // cut short
      bytes->resize(begin + 1 + draw % (size - 1));
      return;
    case RejectReason::kNoId:
      InsertAt("\"id\":", "null,\"was\":", begin, bytes);
      return;
    case RejectReason::kBadAmount:
      InsertAt("\"amount\":", draw % 2 == 0 ? "1e308,\"was\":" : "\"many\",\"was\":", begin, bytes);
      return;
    case RejectReason::kNegativeAmount:
      InsertAt("\"amount\":", "-", begin, bytes);
      return;
    case RejectReason::kBadField:
      InsertAt("\"currency\":", "[],\"was\":", begin, bytes);
      return;
    case RejectReason::kWrongKey:  // a matter of the topic, not of the record
    case RejectReason::kNone:
      return;
  }
}

RejectReason Poison::Next(size_t begin, std::string* bytes) {
  if (plan_.every == 0) return RejectReason::kNone;
  if (count_ == 0) victim_ = static_cast<int64_t>(random_() % static_cast<uint64_t>(plan_.every));
  const bool struck = count_ == victim_;
  count_ = (count_ + 1) % plan_.every;
  if (!struck) return RejectReason::kNone;
  const RejectReason reason = plan_.kinds[random_() % plan_.kinds.size()];
  Spoil(reason, random_(), begin, bytes);
  return reason;
}

}  // namespace harness
