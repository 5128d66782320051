#include "harness/contract/record_reader.h"

#include <absl/strings/ascii.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/contract/decimal.h"
#include "harness/contract/parse_iterator.h"
#include "harness/contract/timestamp.h"

namespace harness {
namespace {

using pipeline::Payment;
using pipeline::RejectReason;
using Json = nlohmann::json;

constexpr size_t kKeyAndValueBytesMax = size_t{3} << 20;
constexpr int kDepthMax = 64;  // the record's own object is 1
constexpr int kNumberOverflow = 406;

enum Member : size_t { kId, kProvider, kAmount, kCurrency, kStatus, kEmail, kMetadata, kTimestamp, kMembers };
constexpr std::array<std::string_view, kMembers> kNames = {"id",     "provider",       "amount",   "currency",
                                                           "status", "customer_email", "metadata", "timestamp"};

// What a member is, as far as it matters here.
struct Value {
  enum class Kind : uint8_t { kAbsent, kText, kNumber, kBoolean, kObject, kArray };  // null is absent
  Kind kind = Kind::kAbsent;
  std::string text;  // of a number or boolean: as it stands in the record
};

bool IsNumberByte(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; }

std::string_view NumberAt(std::string_view text, size_t begin) {
  size_t end = begin;
  while (end < text.size() && IsNumberByte(text[end])) ++end;
  return text.substr(begin, end - begin);
}

// The same text with each number cut to its first digit, so that none is too large for a double.
std::string WithSmallNumbers(std::string_view text) {
  std::string small(text);
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_string = !in_string;
    if (in_string && text[i] == '\\') ++i;
    if (in_string || (text[i] != '-' && (text[i] < '0' || text[i] > '9'))) continue;
    const std::string_view number = NumberAt(text, i);
    const size_t kept = number.front() == '-' ? 2 : 1;
    if (IsNumber(number))
      std::fill(small.begin() + static_cast<std::ptrdiff_t>(i + kept),
                small.begin() + static_cast<std::ptrdiff_t>(i + number.size()), ' ');
    i += number.size() - 1;
  }
  return small;
}

// What a \\u escape at `begin` says; none: it is no such escape.
std::optional<unsigned> EscapedUnit(std::string_view text, size_t begin) {
  if (!text.substr(begin).starts_with("\\u") || text.size() - begin < 6) return std::nullopt;
  const std::string digits(text.substr(begin + 2, 4));
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return std::nullopt;
  return static_cast<unsigned>(std::stoul(digits, nullptr, 16));
}

// The same text, of the same length, with the escape of U+FFFD for each half of a surrogate pair that stands alone.
std::string WithWholePairs(std::string_view text) {
  std::string whole(text);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') continue;
    const auto unit = EscapedUnit(text, i);
    const unsigned kind = unit ? *unit >> 10 : 0;  // 0x36: a first half, 0x37: a second half
    if (kind == 0x36 && EscapedUnit(text, i + 6).value_or(0) >> 10 == 0x37) {
      i += 6;
    } else if (kind == 0x36 || kind == 0x37) {
      whole.replace(i + 2, 4, "fffd");
    }
    i += unit ? 5 : 1;
  }
  return whole;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                    static_cast<utf8proc_ssize_t>(text.size()), &code);
    if (bytes <= 0) return false;
    text.remove_prefix(static_cast<size_t>(bytes));
  }
  return true;
}

std::string Lower(std::string_view word) { return absl::AsciiStrToLower(std::string(word)); }

// The parser's events, of which the members that mean something are kept. A function that returns false ends the
// parsing: it is not JSON, or not such JSON.
class Handler {
 public:
  void Begin(std::string_view original, const char* parsed, const char* const* furthest) {
    original_ = original;
    parsed_ = parsed;
    furthest_ = furthest;
    depth_ = 0;
    overflow_ = false;
    id_is_mended_ = false;
    for (Value& value : members_) value.kind = Value::Kind::kAbsent;
    metadata_count_ = 0;
  }

  bool null() { return Take(Value::Kind::kAbsent, {}); }
  bool boolean(bool value) { return Take(Value::Kind::kBoolean, value ? "true" : "false"); }
  bool number_integer(int64_t /*value*/) { return TakeNumber(); }
  bool number_unsigned(uint64_t /*value*/) { return TakeNumber(); }
  bool number_float(double /*value*/, const std::string& /*text*/) { return TakeNumber(); }
  bool string(const std::string& text) {
    if (depth_ == 1 && member_ == kId) id_is_mended_ = IsMendedSinceKey();
    return Take(Value::Kind::kText, text);
  }
  bool binary(const std::vector<uint8_t>& /*bytes*/) { return false; }
  bool start_object(size_t /*size*/) {
    if (depth_ == 0) return ++depth_ == 1;
    return Take(Value::Kind::kObject, {}) && ++depth_ <= kDepthMax;
  }
  bool end_object() { return --depth_ >= 0; }
  bool start_array(size_t /*size*/) { return Take(Value::Kind::kArray, {}) && ++depth_ <= kDepthMax; }
  bool end_array() { return --depth_ >= 0; }
  bool key(const std::string& name) {
    if (depth_ == 1) {
      member_ = static_cast<size_t>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
      key_end_ = *furthest_;
    } else if (InMetadata()) {
      AddEntry(name);
    }
    return true;
  }
  bool parse_error(size_t /*position*/, const std::string& /*token*/, const Json::exception& error) {
    overflow_ = error.id == kNumberOverflow;
    return false;
  }

  // The parsing ended at a number that no double holds, which is JSON all the same.
  bool overflow() const { return overflow_; }
  bool id_is_mended() const { return id_is_mended_; }
  bool metadata_is_empty_array() const {
    return members_[kMetadata].kind == Value::Kind::kArray && metadata_elements_ == 0;
  }
  const Value& member(Member name) const { return members_[name]; }
  // Sorted by key; of each key the last entry; without the absent ones.
  std::vector<std::pair<const std::string*, const Value*>> Metadata() const {
    std::vector<std::pair<const std::string*, const Value*>> entries;
    for (size_t i = metadata_count_; i-- > 0;) entries.emplace_back(&metadata_[i].first, &metadata_[i].second);
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return *a.first < *b.first; });
    const auto same = [](const auto& a, const auto& b) { return *a.first == *b.first; };
    entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
    std::erase_if(entries, [](const auto& entry) { return entry.second->kind == Value::Kind::kAbsent; });
    return entries;
  }

 private:
  bool InMetadata() const {
    return depth_ == 2 && member_ == kMetadata && members_[kMetadata].kind == Value::Kind::kObject;
  }
  // Whether the parsed text differs from the record's own behind the member's name.
  bool IsMendedSinceKey() const {
    const auto begin = static_cast<size_t>(key_end_ - parsed_);
    const auto size = static_cast<size_t>(*furthest_ - key_end_);
    return original_.substr(begin, size) != std::string_view(key_end_, size);
  }
  void AddEntry(const std::string& name) {
    if (metadata_count_ == metadata_.size()) metadata_.emplace_back();
    metadata_[metadata_count_].first = name;
    metadata_[metadata_count_].second.kind = Value::Kind::kAbsent;
    ++metadata_count_;
  }
  bool Take(Value::Kind kind, std::string_view text) {
    if (depth_ == 0) return false;  // a record is an object
    Value* value = nullptr;
    if (depth_ == 1 && member_ < kMembers) {
      value = &members_[member_];
      if (member_ == kMetadata) metadata_count_ = metadata_elements_ = 0;
    } else if (depth_ == 2 && member_ == kMetadata && members_[kMetadata].kind == Value::Kind::kArray) {
      ++metadata_elements_;
    } else if (InMetadata() && metadata_count_ > 0) {
      value = &metadata_[metadata_count_ - 1].second;
    }
    if (value == nullptr) return true;
    value->kind = kind;
    value->text = text;
    return true;
  }
  // The parser has read one byte beyond the number.
  bool TakeNumber() {
    const char* begin = *furthest_ - 1;
    while (begin > parsed_ && IsNumberByte(begin[-1])) --begin;
    return Take(Value::Kind::kNumber, NumberAt(original_, static_cast<size_t>(begin - parsed_)));
  }

  std::string_view original_;
  const char* parsed_ = nullptr;
  const char* const* furthest_ = nullptr;
  int depth_ = 0;
  size_t member_ = kMembers;
  bool overflow_ = false;
  const char* key_end_ = nullptr;
  bool id_is_mended_ = false;
  std::array<Value, kMembers> members_;
  std::vector<std::pair<std::string, Value>> metadata_;  // the first metadata_count_; as they stand
  size_t metadata_count_ = 0;
  size_t metadata_elements_ = 0;  // where it is an array
};

bool IsTextOrAbsent(const Value& value) {
  return value.kind == Value::Kind::kText || value.kind == Value::Kind::kAbsent;
}
bool IsNumberOrText(const Value& value) {
  return value.kind == Value::Kind::kNumber || value.kind == Value::Kind::kText;
}
std::string_view TextOf(const Value& value) {
  return value.kind == Value::Kind::kText ? std::string_view(value.text) : std::string_view();
}

// Without the white space around it.
std::string_view WordOf(const Value& value) {
  std::string_view word = TextOf(value);
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!word.empty() && is_space(word.front())) word.remove_prefix(1);
  while (!word.empty() && is_space(word.back())) word.remove_suffix(1);
  return word;
}

// False: an entry of it is no text.
bool ReadMetadata(const Handler& handler, Payment* payment) {
  bool right = true;
  size_t count = 0;
  const auto entries = handler.Metadata();
  payment->metadata.resize(entries.size());
  for (const auto& [key, value] : entries) {
    const bool nested = value->kind == Value::Kind::kObject || value->kind == Value::Kind::kArray;
    right = right && !nested;
    if (nested) continue;
    payment->metadata[count].first = *key;
    payment->metadata[count++].second = value->text;
  }
  payment->metadata.resize(count);
  return right;
}

RejectReason ToPayment(const Handler& handler, Payment* payment) {
  const bool metadata_is_right = ReadMetadata(handler, payment);
  payment->id = TextOf(handler.member(kId));
  if (payment->id.empty() || handler.id_is_mended()) return RejectReason::kNoId;
  payment->provider = ProviderOfWord(WordOf(handler.member(kProvider)));
  payment->status = StatusOfWord(WordOf(handler.member(kStatus)));
  payment->customer_email = TextOf(handler.member(kEmail));
  payment->currency = WordOf(handler.member(kCurrency));
  for (char& c : payment->currency) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const Value& amount = handler.member(kAmount);
  const bool in_minor_units = payment->provider == pipeline::Provider::kStripe;
  const auto money = IsNumberOrText(amount)
                         ? ReadMoney(amount.text, in_minor_units ? StripeDigits(payment->currency) : 0)
                         : std::nullopt;
  if (!money) return RejectReason::kBadAmount;
  if (money->units < 0) return RejectReason::kNegativeAmount;
  payment->amount = *money;
  const Value& timestamp = handler.member(kTimestamp);
  const auto seconds = IsNumberOrText(timestamp) ? ReadTimestamp(timestamp.text) : std::nullopt;
  payment->created_at_s = seconds.value_or(0);
  const Value::Kind metadata = handler.member(kMetadata).kind;
  const bool right =
      metadata_is_right && (seconds || timestamp.kind == Value::Kind::kAbsent) &&
      (metadata == Value::Kind::kObject || metadata == Value::Kind::kAbsent || handler.metadata_is_empty_array()) &&
      IsTextOrAbsent(handler.member(kProvider)) && IsTextOrAbsent(handler.member(kStatus)) &&
      IsTextOrAbsent(handler.member(kEmail)) && IsTextOrAbsent(handler.member(kCurrency));
  return right ? RejectReason::kNone : RejectReason::kBadField;
}

}  // namespace

struct RecordReader::State {
  // `parsed`: `original`, or the same with whole pairs, or with small numbers too.
  bool Parse(std::string_view original, std::string_view parsed) {
    const char* furthest = parsed.data();
    handler.Begin(original, parsed.data(), &furthest);
    const ParseIterator begin{parsed.data(), &furthest};
    const ParseIterator end{parsed.data() + parsed.size(), &furthest};
    return Json::sax_parse(begin, end, &handler);
  }
  bool Parse(std::string_view value) {
    // One byte order mark is skipped, as the library does at each parsing; and it takes a zero for the end.
    static constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (value.starts_with(kByteOrderMark)) value.remove_prefix(kByteOrderMark.size());
    if (value.starts_with(kByteOrderMark) || value.find('\0') != std::string_view::npos) return false;
    if (Parse(value, value)) return true;
    const std::string whole = WithWholePairs(value);
    return Parse(value, whole) || (handler.overflow() && Parse(value, WithSmallNumbers(whole)));
  }

  Handler handler;
};

RecordReader::RecordReader() : state_(std::make_unique<State>()) {}
RecordReader::~RecordReader() = default;

RejectReason RecordReader::Read(std::string_view key, std::optional<std::string_view> value, Payment* payment) {
  payment->metadata.clear();
  if (!value || value->empty()) return RejectReason::kTombstone;
  if (key.size() + value->size() > kKeyAndValueBytesMax) return RejectReason::kOversized;
  if (!state_->Parse(*value)) return IsUtf8(*value) ? RejectReason::kNotJson : RejectReason::kNotUtf8;
  return ToPayment(state_->handler, payment);
}

pipeline::Provider ProviderOfWord(std::string_view word) {
  const std::string lower = Lower(word);
  if (lower == "stripe") return pipeline::Provider::kStripe;
  if (lower == "razorpay") return pipeline::Provider::kRazorpay;
  return lower == "paypal" ? pipeline::Provider::kPaypal : pipeline::Provider::kUnknown;
}

bool IsWordForUnknown(std::string_view word) {
  const std::string lower = Lower(word);
  return lower.empty() || lower == "unknown";
}

pipeline::PaymentStatus StatusOfWord(std::string_view word) {
  const std::string lower = Lower(word);
  if (lower == "pending" || lower == "processing") return pipeline::PaymentStatus::kPending;
  if (lower == "succeeded" || lower == "completed" || lower == "paid") return pipeline::PaymentStatus::kCompleted;
  if (lower == "failed" || lower == "declined") return pipeline::PaymentStatus::kFailed;
  return lower == "refunded" ? pipeline::PaymentStatus::kRefunded : pipeline::PaymentStatus::kUnknown;
}

}  // namespace harness
