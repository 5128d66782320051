#include "payment/record_decoder.h"

#include <absl/strings/ascii.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "payment/json_token.h"
#include "payment/timestamp.h"
#include "text/words.h"

namespace pipeline {
namespace {

namespace ondemand = simdjson::ondemand;
using ondemand::json_type;

// The record's own object is level 1.
constexpr int kLevelsMax = 64;

// The members that mean something; the last means nothing.
enum class Name : uint8_t {
  kId,
  kProvider,
  kAmount,
  kCurrency,
  kStatus,
  kCustomerEmail,
  kMetadata,
  kTimestamp,
  kOther
};
constexpr std::array<std::string_view, 8> kMemberNames = {"id",     "provider",       "amount",   "currency",
                                                          "status", "customer_email", "metadata", "timestamp"};

template <typename IsName>
Name FindName(const IsName& is_name) {
  return static_cast<Name>(std::find_if(kMemberNames.begin(), kMemberNames.end(), is_name) - kMemberNames.begin());
}

// `text` begins with a name and the quote behind it, and has simdjson's padding.
Name NameAt(const char* text) {
  return FindName([text](std::string_view name) {
    return text[name.size()] == '"' && std::memcmp(text, name.data(), name.size()) == 0;
  });
}

Name NameOf(std::string_view key) {
  return FindName([key](std::string_view name) { return key == name; });
}

// Members whose type can be wrong, one bit each.
enum Member : uint32_t {
  kProviderMember = 1,
  kCurrencyMember = 2,
  kStatusMember = 4,
  kCustomerEmailMember = 8,
  kMetadataMember = 16,
  kTimestampMember = 32,
};

struct MetadataEntry {
  enum class Kind : uint8_t { kText, kNull, kWrongType };
  std::string_view key;
  std::string_view value;
  Kind kind = Kind::kText;
  size_t order = 0;
};

// What the members of one record say, as views into the parser's memory. Each is that of the last occurrence.
struct Members {
  std::string_view id;
  std::string_view amount_text;  // empty: absent, or neither a number nor a string
  std::string_view provider;
  std::string_view currency;
  std::string_view status;
  std::string_view customer_email;
  int64_t timestamp_s = 0;
  uint32_t wrong = 0;
};

void AssignUpper(std::string_view text, std::string* out) {
  out->assign(text);
  absl::AsciiStrToUpper(out);
}

// Nearly no word has anything to be cut off.
std::string_view Trimmed(std::string_view word) {
  constexpr char kLastSpace = ' ';
  const bool is_bare = !word.empty() && word.front() > kLastSpace && word.back() > kLastSpace;
  return is_bare ? word : Stripped(word, " \t\n\v\f\r");
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::string_view RejectReasonName(RejectReason reason) {
  constexpr std::array<std::string_view, kRejectReasonCount> kNames = {
      "none",  "tombstone",  "oversized",       "not_utf8",  "not_json",
      "no_id", "bad_amount", "negative_amount", "bad_field", "wrong_key"};
  const auto index = static_cast<size_t>(reason);
  return index < kNames.size() ? kNames[index] : "unknown";
}

// simdjson's on-demand parser gives a number's own text, which its tree does not; in return it checks only what is
// looked at, so that every value is looked at here. Functions that return bool: false when the text is not JSON.
struct RecordDecoder::Parser {
  bool Load(std::string_view value);
  bool ReadRecord();
  bool ReadMember(Name name, ondemand::value& value);
  bool ReadText(ondemand::value& value, json_type type, uint32_t member, std::string_view* text);
  bool ReadId(ondemand::value& value, json_type type);
  bool ReadNumberOrString(ondemand::value& value, json_type type, std::string_view* text);
  bool ReadTimestamp(ondemand::value& value, json_type type);
  bool ReadMetadata(ondemand::value& value, json_type type);
  bool ReadMetadataArray(ondemand::value& value);
  bool ReadMetadataEntry(ondemand::value& value, MetadataEntry* entry);
  bool ReadString(ondemand::value& value, std::string_view* text);
  bool ReadKey(ondemand::field* field, std::string_view* key);
  // Apart from what reads whole strings, which it would make slower.
  [[gnu::noinline, gnu::cold]] bool Mend(const char* quoted, std::string_view* text);
  [[gnu::noinline, gnu::cold]] bool MendValue(ondemand::value& value, std::string_view* text);
  bool Check(ondemand::value& value, json_type type, int level);
  bool CheckObject(ondemand::value& value, int level);
  bool CheckArray(ondemand::value& value, int level, size_t* elements = nullptr);
  void SortMetadata();
  RejectReason Fill(Payment* payment) const;

  ondemand::parser json;
  ondemand::document document;
  std::string buffer;  // the value and simdjson's padding
  size_t value_size = 0;
  std::string mended;  // the strings that simdjson refuses; it has room for all of the value, so that views stay valid
  Members members;
  std::vector<MetadataEntry> metadata;
};

bool RecordDecoder::Parser::Load(std::string_view value) {
  // One byte order mark is skipped. A second one is no JSON, though newer versions of simdjson skip one themselves.
  if (value.starts_with(kByteOrderMark)) value.remove_prefix(kByteOrderMark.size());
  if (value.starts_with(kByteOrderMark)) return false;
  value_size = value.size();
  mended.clear();
  const size_t padded_size = value.size() + simdjson::SIMDJSON_PADDING;
  if (buffer.size() < padded_size) buffer.resize(std::max(padded_size, buffer.size() * 2));
  std::memcpy(buffer.data(), value.data(), value.size());
  std::memset(buffer.data() + value.size(), 0, simdjson::SIMDJSON_PADDING);
  // In powers of two: simdjson itself would allocate anew for each record that is larger than all before.
  if (json.capacity() < value.size()) {
    size_t capacity = 4096;
    while (capacity < value.size()) capacity *= 2;
    if (json.allocate(capacity) != simdjson::SUCCESS) throw std::bad_alloc();
  }
  return json.iterate(buffer.data(), value.size(), buffer.size()).get(document) == simdjson::SUCCESS;
}

bool RecordDecoder::Parser::ReadRecord() {
  members = {};
  metadata.clear();
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto result : object) {
    ondemand::field field;
    if (std::move(result).get(field) != simdjson::SUCCESS) return false;
    // A name is hardly ever written with escapes: most need no copy.
    Name name = NameAt(field.key().raw());
    if (std::string_view key; name == Name::kOther) {
      if (!ReadKey(&field, &key)) return false;
      name = NameOf(key);
    }
    if (!ReadMember(name, field.value())) return false;
  }
  const char* rest = nullptr;
  return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS;  // nothing behind the object
}

bool RecordDecoder::Parser::ReadMember(Name name, ondemand::value& value) {
  json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (name) {
    case Name::kId:
      return ReadId(value, type);
    case Name::kProvider:
      return ReadText(value, type, kProviderMember, &members.provider);
    case Name::kAmount:
      return ReadNumberOrString(value, type, &members.amount_text);
    case Name::kCurrency:
      return ReadText(value, type, kCurrencyMember, &members.currency);
    case Name::kStatus:
      return ReadText(value, type, kStatusMember, &members.status);
    case Name::kCustomerEmail:
      return ReadText(value, type, kCustomerEmailMember, &members.customer_email);
    case Name::kMetadata:
      return ReadMetadata(value, type);
    case Name::kTimestamp:
      return ReadTimestamp(value, type);
    case Name::kOther:
      return Check(value, type, 2);
  }
  return false;
}

bool RecordDecoder::Parser::ReadText(ondemand::value& value, json_type type, uint32_t member, std::string_view* text) {
  *text = {};
  members.wrong &= ~member;
  if (type == json_type::string) return ReadString(value, text);
  if (type != json_type::null) members.wrong |= member;
  return Check(value, type, 2);
}

bool RecordDecoder::Parser::ReadId(ondemand::value& value, json_type type) {
  const size_t mended_before = mended.size();
  if (!ReadText(value, type, 0, &members.id)) return false;
  if (mended.size() > mended_before) members.id = {};
  return true;
}

bool RecordDecoder::Parser::ReadNumberOrString(ondemand::value& value, json_type type, std::string_view* text) {
  *text = {};
  if (type == json_type::string) return ReadString(value, text);
  if (!Check(value, type, 2)) return false;
  if (type == json_type::number) *text = TrimJsonSpace(value.raw_json_token());
  return true;
}

bool RecordDecoder::Parser::ReadTimestamp(ondemand::value& value, json_type type) {
  std::string_view text;
  if (!ReadNumberOrString(value, type, &text)) return false;
  const auto seconds = ParseTimestamp(text);
  members.timestamp_s = seconds.value_or(0);
  members.wrong &= ~kTimestampMember;
  if (!seconds && type != json_type::null) members.wrong |= kTimestampMember;
  return true;
}

bool RecordDecoder::Parser::ReadMetadata(ondemand::value& value, json_type type) {
  metadata.clear();
  members.wrong &= ~kMetadataMember;
  if (type == json_type::array) return ReadMetadataArray(value);
  if (type != json_type::object) {
    if (type != json_type::null) members.wrong |= kMetadataMember;
    return Check(value, type, 2);
  }
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto result : object) {
    ondemand::field field;
    MetadataEntry entry;
    if (std::move(result).get(field) != simdjson::SUCCESS || !ReadKey(&field, &entry.key)) return false;
    if (!ReadMetadataEntry(field.value(), &entry)) return false;
    entry.order = metadata.size();
    metadata.push_back(entry);
  }
  return true;
}

// PHP, and so Razorpay, writes an empty object as an empty array.
bool RecordDecoder::Parser::ReadMetadataArray(ondemand::value& value) {
  size_t elements = 0;
  if (!CheckArray(value, 2, &elements)) return false;
  if (elements > 0) members.wrong |= kMetadataMember;
  return true;
}

bool RecordDecoder::Parser::ReadMetadataEntry(ondemand::value& value, MetadataEntry* entry) {
  json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case json_type::string:
      return ReadString(value, &entry->value);
    case json_type::number:
    case json_type::boolean:
      entry->value = TrimJsonSpace(value.raw_json_token());
      break;
    case json_type::null:
      entry->kind = MetadataEntry::Kind::kNull;
      break;
    case json_type::object:
    case json_type::array:
      entry->kind = MetadataEntry::Kind::kWrongType;
      break;
  }
  return Check(value, type, 3);
}

bool RecordDecoder::Parser::ReadString(ondemand::value& value, std::string_view* text) {
  return value.get_string().get(*text) == simdjson::SUCCESS || MendValue(value, text);
}

bool RecordDecoder::Parser::MendValue(ondemand::value& value, std::string_view* text) {
  return Mend(value.raw_json_token().data() + 1, text);
}

bool RecordDecoder::Parser::ReadKey(ondemand::field* field, std::string_view* key) {
  const char* const quoted = field->key().raw();
  return field->unescaped_key().get(*key) == simdjson::SUCCESS || Mend(quoted, key);
}

// simdjson refuses half a surrogate pair as it refuses what is no escape.
bool RecordDecoder::Parser::Mend(const char* quoted, std::string_view* text) {
  mended.reserve(value_size);
  const size_t begin = mended.size();
  if (!AppendUnescaped({quoted, buffer.data() + value_size}, &mended)) return false;
  const std::string_view all = mended;
  *text = all.substr(begin);
  return true;
}

bool RecordDecoder::Parser::Check(ondemand::value& value, json_type type, int level) {
  std::string_view text;
  switch (type) {
    case json_type::object:
      return CheckObject(value, level);
    case json_type::array:
      return CheckArray(value, level);
    case json_type::string:
      return ReadString(value, &text);
    case json_type::number:
      return IsJsonNumber(TrimJsonSpace(value.raw_json_token()));
    case json_type::boolean:
      text = TrimJsonSpace(value.raw_json_token());
      return text == "true" || text == "false";
    case json_type::null:
      return TrimJsonSpace(value.raw_json_token()) == "null";
  }
  return false;
}

bool RecordDecoder::Parser::CheckObject(ondemand::value& value, int level) {
  ondemand::object object;
  if (level > kLevelsMax || value.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto result : object) {
    ondemand::field field;
    std::string_view key;
    json_type type{};
    if (std::move(result).get(field) != simdjson::SUCCESS || !ReadKey(&field, &key)) return false;
    if (field.value().type().get(type) != simdjson::SUCCESS || !Check(field.value(), type, level + 1)) return false;
  }
  return true;
}

bool RecordDecoder::Parser::CheckArray(ondemand::value& value, int level, size_t* elements) {
  ondemand::array array;
  if (level > kLevelsMax || value.get_array().get(array) != simdjson::SUCCESS) return false;
  for (auto result : array) {
    json_type type{};
    if (result.type().get(type) != simdjson::SUCCESS) return false;  // the element's own error too
    if (!Check(result.value_unsafe(), type, level + 1)) return false;
    if (elements != nullptr) ++*elements;
  }
  return true;
}

// By key, and of each key the last occurrence alone.
void RecordDecoder::Parser::SortMetadata() {
  const auto before = [](const MetadataEntry& a, const MetadataEntry& b) {
    const int order = a.key.compare(b.key);
    return order != 0 ? order < 0 : a.order > b.order;
  };
  const auto same_key = [](const MetadataEntry& a, const MetadataEntry& b) { return a.key == b.key; };
  if (!std::is_sorted(metadata.begin(), metadata.end(), before)) {
    std::sort(metadata.begin(), metadata.end(), before);
  }
  metadata.erase(std::unique(metadata.begin(), metadata.end(), same_key), metadata.end());
  const auto is_null = [](const MetadataEntry& entry) { return entry.kind == MetadataEntry::Kind::kNull; };
  metadata.erase(std::remove_if(metadata.begin(), metadata.end(), is_null), metadata.end());
}

RejectReason RecordDecoder::Parser::Fill(Payment* payment) const {
  if (members.id.empty()) return RejectReason::kNoId;
  payment->provider = ProviderFromText(Trimmed(members.provider));
  AssignUpper(Trimmed(members.currency), &payment->currency);
  // Stripe counts in what it takes for the currency's minor unit, the others in the major one.
  const uint32_t shift = payment->provider == Provider::kStripe ? StripeDigits(payment->currency) : 0;
  const auto amount = ParseMoney(members.amount_text, shift);
  if (!amount) return RejectReason::kBadAmount;
  if (amount->units < 0) return RejectReason::kNegativeAmount;
  const auto wrong_type = [](const MetadataEntry& entry) { return entry.kind == MetadataEntry::Kind::kWrongType; };
  if (members.wrong != 0 || std::any_of(metadata.begin(), metadata.end(), wrong_type)) return RejectReason::kBadField;
  payment->amount = *amount;
  payment->id.assign(members.id);
  payment->status = StatusFromText(Trimmed(members.status));
  payment->customer_email.assign(members.customer_email);
  payment->created_at_s = members.timestamp_s;
  payment->metadata.resize(metadata.size());
  for (size_t i = 0; i < metadata.size(); ++i) {
    payment->metadata[i].first.assign(metadata[i].key);
    payment->metadata[i].second.assign(metadata[i].value);
  }
  return RejectReason::kNone;
}

RecordDecoder::RecordDecoder() : parser_(std::make_unique<Parser>()) {}
RecordDecoder::~RecordDecoder() = default;
RecordDecoder::RecordDecoder(RecordDecoder&&) noexcept = default;
RecordDecoder& RecordDecoder::operator=(RecordDecoder&&) noexcept = default;

RejectReason RecordDecoder::Decode(std::string_view key, std::optional<std::string_view> value, Payment* payment) {
  if (!value || value->empty()) return RejectReason::kTombstone;
  if (static_cast<int64_t>(key.size() + value->size()) > kRecordBytesMax) return RejectReason::kOversized;
  if (!parser_->Load(*value) || !parser_->ReadRecord()) {
    return simdjson::validate_utf8(*value) ? RejectReason::kNotJson : RejectReason::kNotUtf8;
  }
  parser_->SortMetadata();
  return parser_->Fill(payment);
}

}  // namespace pipeline
