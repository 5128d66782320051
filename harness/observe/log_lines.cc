#include "harness/observe/log_lines.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "common/line_file.h"
#include "harness/contract/canonical.h"
#include "harness/contract/decimal.h"
#include "harness/contract/record_reader.h"
#include "harness/observe/line_members.h"

namespace harness {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kRecKey = "rec";

// What a payment's members say of its amount.
struct Amount {
  pipeline::Money exact;  // units and exponent
  pipeline::Money major;  // "amount", as money
  double number = 0;      // the same, as it stands
  bool has_exact = false;
  bool has_major = false;
};

// A number in major units. The shortest text that gives the same double is what a program wrote.
bool ReadAmount(dom::element value, Amount* out) {
  out->has_major = true;
  int64_t whole = 0;
  if (value.get_int64().get(whole) == simdjson::SUCCESS) {
    out->major = {whole, 0};
    out->number = static_cast<double>(whole);
    return true;
  }
  if (value.get_double().get(out->number) != simdjson::SUCCESS) return false;
  const auto money = ReadMoney(fmt::format("{}", out->number), 0);
  if (money) out->major = *money;
  return money.has_value();
}

template <typename T>
bool ReadWord(dom::element value, T (*of_word)(std::string_view), T* out) {
  std::string_view word;
  if (value.get_string().get(word) != simdjson::SUCCESS) return false;
  *out = of_word(word);
  return *out != T::kUnknown || IsWordForUnknown(word);
}

using Metadata = std::vector<std::pair<std::string, std::string>>;

bool ReadMetadata(dom::element value, Metadata* out) {
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  size_t count = 0;
  for (const auto [key, member] : object) {
    if (count == out->size()) out->emplace_back();
    auto& [name, text] = (*out)[count++];  // keeps the strings' memory from line to line
    name.assign(key);
    if (!ReadText(member, &text)) return false;
  }
  out->resize(count);
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(out->begin(), out->end(), by_key)) std::stable_sort(out->begin(), out->end(), by_key);
  const auto same_key = [](const auto& a, const auto& b) { return a.first == b.first; };
  return std::adjacent_find(out->begin(), out->end(), same_key) == out->end();
}

bool ReadPaymentMember(std::string_view key, dom::element value, EventLine* out, Amount* amount) {
  pipeline::Payment* payment = &out->payment;
  constexpr int64_t kInt64Min = std::numeric_limits<int64_t>::min();
  if (key == "id") return ReadText(value, &payment->id);
  if (key == "provider") return ReadWord(value, ProviderOfWord, &payment->provider);
  if (key == "status") return ReadWord(value, StatusOfWord, &payment->status);
  if (key == "units") return amount->has_exact = ReadNumber(value, kInt64Min, kInt64Max, &amount->exact.units);
  if (key == "exponent") return ReadNumber(value, 0, pipeline::kMoneyExponentMax, &amount->exact.exponent);
  if (key == "amount") return ReadAmount(value, amount);
  if (key == "processed_at") return ReadNumber(value, kInt64Min, kInt64Max, &out->delivery.processed_at_s);
  if (key == "currency") return ReadText(value, &payment->currency);
  if (key == "customer_email") return ReadText(value, &payment->customer_email);
  if (key == "created_at") {
    return ReadNumber(value, kInt64Min, kInt64Max, &payment->created_at_s);
  }
  if (key == "metadata") return ReadMetadata(value, &payment->metadata);
  return true;
}

bool ReadPayment(dom::element value, EventLine* out) {
  pipeline::Payment* payment = &out->payment;
  Amount amount;
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  payment->id.clear();
  payment->provider = pipeline::Provider::kUnknown;
  payment->status = pipeline::PaymentStatus::kUnknown;
  payment->amount = {};
  payment->currency.clear();
  payment->customer_email.clear();
  payment->created_at_s = 0;
  bool has_metadata = false;
  for (const auto [key, member] : object) {
    if (!ReadPaymentMember(key, member, out, &amount)) return false;
    has_metadata |= key == "metadata";
  }
  if (!has_metadata) payment->metadata.clear();
  payment->amount = amount.has_exact || !amount.has_major ? amount.exact : amount.major;
  out->delivery.amount_differs = amount.has_exact && amount.has_major && NearestDouble(amount.exact) != amount.number;
  return !payment->id.empty();
}

bool ReadConnection(dom::object object, EventLine* out) {
  Connection& connection = out->connection;
  connection = {};
  connection.started_ns = out->time_ns;
  connection.number = out->connection_number.value_or(0);
  std::string sent_log_id;
  bool tells_resumed = false;
  for (const auto [key, value] : object) {
    bool right = true;
    if (key == "server") right = ReadText(value, &connection.server);
    if (key == "server_id") right = ReadText(value, &connection.server_id);
    if (key == "resumed") right = tells_resumed = value.get_bool().get(connection.resumed) == simdjson::SUCCESS;
    if (key == "live_only") right = value.get_bool().get(connection.live_only) == simdjson::SUCCESS;
    if (key == "token") {
      right = ReadToken(value, &connection.log_id, &connection.token);
      connection.has_start = right;
    }
    if (key == "sent") right = ReadToken(value, &sent_log_id, &connection.sent);
    if (key == "subscription") right = ReadText(value, &connection.subscription);
    if (!right) return false;
  }
  // A stream that goes on from somewhere was asked to, unless its client says that it was not.
  const auto goes_on = [](const TokenPart& at) { return at.after >= 0; };
  if (!tells_resumed) {
    connection.resumed =
        !connection.sent.empty() || (out->connection_number.value_or(1) > 1 && !connection.live_only &&
                                     std::any_of(connection.token.begin(), connection.token.end(), goes_on));
  }
  return true;
}

bool ReadKind(dom::element value, DeliveryKind* kind) {
  std::string_view word;
  if (value.get_string().get(word) != simdjson::SUCCESS || (word != "existing" && word != "new")) return false;
  *kind = word == "existing" ? DeliveryKind::kExisting : DeliveryKind::kNew;
  return true;
}

bool ReadDelivery(dom::object object, EventLine* out) {
  Delivery& delivery = out->delivery;
  delivery = {};
  delivery.time_ns = out->time_ns;
  delivery.connection = out->connection_number.value_or(0);
  const bool event = out->type == EventLine::Type::kEvent;
  delivery.kind = event ? DeliveryKind::kUntold : DeliveryKind::kDropped;
  bool has_payment = false;
  for (const auto [key, value] : object) {
    bool right = true;
    if (key == "p") right = ReadNumber(value, 0, kInt32Max, &delivery.partition);
    if (key == "o") right = ReadNumber(value, 0, kInt64Max, &delivery.offset);
    if (event && key == "crc32c") right = ReadNumber(value, 0, kUint32Max, &delivery.crc32c);
    if (event && key == "kind") right = ReadKind(value, &delivery.kind);
    if (event && key == "payment") right = has_payment = ReadPayment(value, out);
    if (!right) return false;
  }
  if ((delivery.partition < 0) != (delivery.offset < 0)) return false;  // both or neither
  if (!event) return delivery.offset >= 0;
  if (!has_payment) return false;
  delivery.content_hash = CanonicalHash(out->payment);
  delivery.id_hash = IdHash(out->payment.id);
  return true;
}

bool ReadEnd(dom::object object, EventLine* out) {
  out->code = -1;
  out->message.clear();
  out->attempt = {};
  std::string sent_log_id;
  bool resumed = false, tells_resumed = false;
  for (const auto [key, value] : object) {
    bool right = true;
    if (key == "code") right = ReadNumber(value, -1, kInt32Max, &out->code);
    if (key == "message") right = ReadText(value, &out->message);
    if (key == "resumed") right = tells_resumed = value.get_bool().get(resumed) == simdjson::SUCCESS;
    if (key == "sent") right = ReadToken(value, &sent_log_id, &out->attempt.sent);
    if (!right) return false;
  }
  out->attempt.code = out->code;
  out->attempt.message = out->message;
  out->attempt.tells_token = !out->attempt.sent.empty() || (tells_resumed && !resumed);
  return true;
}

// [[partition, offset], ...]
bool ReadBookmarks(dom::object object, EventLine* out) {
  out->bookmarks.clear();
  dom::array positions;
  if (object["positions"].get(positions) != simdjson::SUCCESS) return false;
  for (const dom::element item : positions) {
    dom::array pair;
    Bookmark& bookmark = out->bookmarks.emplace_back();
    bookmark.time_ns = out->time_ns;
    bookmark.connection = out->connection_number.value_or(0);
    if (item.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
        !ReadNumber(pair.at(0).value(), 0, kInt32Max, &bookmark.partition) ||
        !ReadNumber(pair.at(1).value(), 0, kInt64Max, &bookmark.offset)) {
      return false;
    }
  }
  return true;
}

bool ReadOutcome(dom::object object, AckLine* out) {
  OutcomeSeen& outcome = out->outcome;
  outcome = {};
  outcome.acked_ns = out->time_ns;
  bool has_outcome = false;
  for (const auto [key, value] : object) {
    bool right = true;
    if (key == "seq") right = ReadNumber(value, 1, kInt64Max, &outcome.sequence);
    if (key == "partition") right = ReadNumber(value, -1, kInt32Max, &outcome.partition);
    if (key == "offset") right = ReadNumber(value, -1, kInt64Max, &outcome.offset);
    if (key == "outcome") {
      std::string_view word;
      right = has_outcome =
          value.get_string().get(word) == simdjson::SUCCESS && (word == "ok" || word == "fail" || word == "unknown");
      outcome.outcome = word == "ok" ? Outcome::kOk : word == "fail" ? Outcome::kFail : Outcome::kUnknown;
    }
    if (!right) return false;
  }
  return has_outcome && outcome.sequence != 0;
}

}  // namespace

struct LogLineParser::State {
  bool ParseObject(std::string_view line, dom::object* object) {
    if (line.size() > kLineBytesMax || pipeline::CheckLine(line) == pipeline::LineState::kBroken) return false;
    dom::element document;
    return json.parse(line.data(), line.size(), /*realloc_if_needed=*/false).get(document) == simdjson::SUCCESS &&
           document.get_object().get(*object) == simdjson::SUCCESS;
  }
  bool ReadSend(dom::object object, AckLine* out);

  dom::parser json{kLineBytesMax};
  RecordReader reader;
};

bool LogLineParser::State::ReadSend(dom::object object, AckLine* out) {
  out->send = {};
  Send& send = out->send.send;
  send.planned_ns = send.sent_ns = out->time_ns;
  out->send.find_phase = true;
  std::string_view key_text;
  std::optional<std::string_view> value_text;
  bool has_value = false;
  for (const auto [key, value] : object) {
    bool right = true;
    if (key == "seq") right = ReadNumber(value, 1, kInt64Max, &out->send.sequence);
    if (key == "partition") right = ReadNumber(value, -1, kInt32Max, &send.partition);
    if (key == "key" && !value.is_null()) right = value.get_string().get(key_text) == simdjson::SUCCESS;
    if (key == "value") {
      has_value = true;
      std::string_view text;
      right = value.is_null() || value.get_string().get(text) == simdjson::SUCCESS;
      if (right && !value.is_null()) value_text = text;
    }
    if (!right) return false;
  }
  if (out->send.sequence == 0 || !has_value) return false;
  if (reader.Read(key_text, value_text, &out->payment) != pipeline::RejectReason::kNone) {
    out->payment = {};
    return true;  // it was sent all the same
  }
  send.content_hash = CanonicalHash(out->payment);
  out->send.id_hash = IdHash(out->payment.id);
  return true;
}

LogLineParser::LogLineParser() : state_(std::make_unique<State>()) {}
LogLineParser::~LogLineParser() = default;

bool LogLineParser::ParseEvent(std::string_view line, EventLine* out) {
  dom::object object;
  std::string_view type;
  if (!state_->ParseObject(line, &object) || !ReadHead(object, &type, &out->time_ns)) return false;
  out->connection_number.reset();
  if (dom::element number; object["conn"].get(number) == simdjson::SUCCESS) {
    if (!ReadNumber(number, 0, kUint32Max, &out->connection_number.emplace())) return false;
  }
  if (type == "event" || type == "drop") {
    out->type = type == "event" ? EventLine::Type::kEvent : EventLine::Type::kDrop;
    return ReadDelivery(object, out);
  }
  if (type == "connection") {
    out->type = EventLine::Type::kConnection;
    return ReadConnection(object, out);
  }
  if (type == "end") {
    out->type = EventLine::Type::kEnd;
    return ReadEnd(object, out);
  }
  out->type = EventLine::Type::kBookmark;
  return type == "bookmark" && ReadBookmarks(object, out);
}

bool LogLineParser::ParseAck(std::string_view line, AckLine* out) {
  dom::object object;
  std::string_view type;
  if (!state_->ParseObject(line, &object) || !ReadHead(object, &type, &out->time_ns)) return false;
  if (type == "send") {
    out->type = AckLine::Type::kSend;
    return state_->ReadSend(object, out);
  }
  if (type == "outcome") {
    out->type = AckLine::Type::kOutcome;
    return ReadOutcome(object, out);
  }
  out->type = type == "start" ? AckLine::Type::kStart : AckLine::Type::kEnd;
  return type == "start" || type == "end";
}

std::string_view EventLine::rec_text() const { return RecTextOf(payment); }

uint64_t IdHash(std::string_view id) { return XXH3_64bits(id.data(), id.size()); }

std::string_view RecTextOf(const pipeline::Payment& payment) {
  const auto found = std::lower_bound(payment.metadata.begin(), payment.metadata.end(), kRecKey,
                                      [](const auto& entry, std::string_view key) { return entry.first < key; });
  return found != payment.metadata.end() && found->first == kRecKey ? std::string_view{found->second}
                                                                    : std::string_view();
}

}  // namespace harness
