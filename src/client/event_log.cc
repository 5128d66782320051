#include "client/event_log.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>

#include "payment/codec.h"
#include "payment/status_codes.h"

namespace pipeline {
namespace {

template <typename... Args>
void Add(std::string* out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(*out), format, std::forward<Args>(args)...);
}

void AppendStringMember(std::string_view name, std::string_view value, std::string* out) {
  Add(out, ",\"{}\":", name);
  AppendJsonString(value, out);
}

void AppendToken(const Token& token, std::string* out) {
  *out += R"({"log_id":)";
  AppendJsonString(token.log_id, out);
  *out += R"(,"partitions":[)";
  bool first = true;
  for (const auto& [partition, at] : token.partitions) {
    Add(out, R"({}{{"p":{},"after":{})", first ? "" : ",", partition, at.after);
    first = false;
    if (at.record_crc32c) Add(out, R"(,"crc32c":{})", *at.record_crc32c);
    if (at.snapshot_until) Add(out, R"(,"snapshot_until":{})", *at.snapshot_until);
    *out += '}';
  }
  *out += "]}";
}

}  // namespace

void AppendPaymentJson(const Payment& payment, int64_t processed_at_s, std::string* out,
                       std::optional<double> amount_beside) {
  *out += R"({"id":)";
  AppendJsonString(payment.id, out);
  Add(out, R"(,"provider":"{}","units":{},"exponent":{})", ProviderName(payment.provider), payment.amount.units,
      payment.amount.exponent);
  if (amount_beside && std::isfinite(*amount_beside)) Add(out, R"(,"amount":{})", *amount_beside);
  *out += R"(,"currency":)";
  AppendJsonString(payment.currency, out);
  Add(out, R"(,"status":"{}","customer_email":)", StatusName(payment.status));
  AppendJsonString(payment.customer_email, out);
  Add(out, R"(,"created_at":{},"processed_at":{},"metadata":{{)", payment.created_at_s, processed_at_s);
  bool first = true;
  for (const auto& [key, value] : payment.metadata) {
    if (!first) *out += ',';
    first = false;
    AppendJsonString(key, out);
    *out += ':';
    AppendJsonString(value, out);
  }
  *out += "}}";
}

void AppendConnectionEntry(const StreamStarted& start, const Filter& filter, const Token* sent, std::string* out) {
  Add(out, R"({{"type":"connection","t":{},"conn":{})", start.time_ns, start.connection);
  AppendStringMember("server", start.server, out);
  AppendStringMember("server_id", start.server_id, out);
  if (!start.subscription.empty()) AppendStringMember("subscription", start.subscription, out);
  Add(out, R"(,"provider":"{}","status":"{}")", ProviderName(filter.provider), StatusName(filter.status));
  if (start.has_start) {
    *out += R"(,"token":)";
    AppendToken(start.token, out);
  }
  Add(out, R"(,"resumed":{})", start.resumed);
  if (start.resumed && sent != nullptr) {
    *out += R"(,"sent":)";
    AppendToken(*sent, out);
  }
  *out += '}';
}

void AppendEventEntry(const ReceivedEvent& event, std::string* out) {
  Add(out, R"({{"type":"event","t":{},"conn":{},"kind":"{}")", event.time_ns, event.connection,
      event.existing ? "existing" : "new");
  if (event.offset >= 0) Add(out, R"(,"p":{},"o":{})", event.partition, event.offset);
  if (event.record_crc32c) Add(out, R"(,"crc32c":{})", *event.record_crc32c);
  *out += R"(,"payment":)";
  AppendPaymentJson(event.payment, event.processed_at_s, out, event.amount_beside);
  *out += '}';
}

void AppendDropEntry(const ReceivedEvent& event, std::string* out) {
  Add(out, R"({{"type":"drop","t":{},"conn":{},"p":{},"o":{}}})", event.time_ns, event.connection, event.partition,
      event.offset);
}

void AppendBookmarkEntry(int64_t time_ns, uint32_t connection,
                         const std::vector<std::pair<int32_t, int64_t>>& positions, std::string* out) {
  Add(out, R"({{"type":"bookmark","t":{},"conn":{},"positions":[)", time_ns, connection);
  for (size_t i = 0; i < positions.size(); ++i) {
    Add(out, "{}[{},{}]", i == 0 ? "" : ",", positions[i].first, positions[i].second);
  }
  *out += "]}";
}

void AppendEndEntry(const StreamEnded& end, std::string* out) {
  Add(out, R"({{"type":"end","t":{},"conn":{},"code":{},"status":"{}")", end.time_ns, end.connection, end.code,
      StatusCodeName(end.code));
  AppendStringMember("message", end.message, out);
  if (!end.gaps.empty()) {
    *out += R"(,"gap":[)";
    for (size_t i = 0; i < end.gaps.size(); ++i) {
      Add(out, R"({}{{"p":{},"wanted":{},"earliest":{}}})", i == 0 ? "" : ",", end.gaps[i].partition,
          end.gaps[i].wanted, end.gaps[i].earliest);
    }
    *out += ']';
  }
  if (end.connection == 0) Add(out, R"(,"resumed":{})", end.sent.has_value());
  if (end.connection == 0 && end.sent) {
    *out += R"(,"sent":)";
    AppendToken(*end.sent, out);
  }
  *out += '}';
}

std::string StatusCodeName(int code) {
  if (code < 0 || code >= static_cast<int>(kStatusCodeNames.size())) return std::to_string(code);
  return std::string(kStatusCodeNames[static_cast<size_t>(code)]);
}

// ---- reading ----

struct LogDecoder::Parser {
  simdjson::dom::parser json;
};

LogDecoder::LogDecoder() : parser_(std::make_unique<Parser>()) {}
LogDecoder::~LogDecoder() = default;

namespace {

using simdjson::dom::element;
using simdjson::dom::object;

[[noreturn]] void Fail(std::string_view member, std::string_view allowed) {
  throw std::runtime_error(fmt::format("member \"{}\" is not {}", member, allowed));
}

// nullopt: absent.
std::optional<int64_t> Integer(const object& json, std::string_view name, int64_t min, int64_t max) {
  element value;
  if (json.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number < min || number > max) {
    Fail(name, fmt::format("a whole number from {} to {}", min, max));
  }
  return number;
}

int64_t NeededInteger(const object& json, std::string_view name, int64_t min, int64_t max) {
  const std::optional<int64_t> number = Integer(json, name, min, max);
  if (!number) throw std::runtime_error(fmt::format("member \"{}\" is missing", name));
  return *number;
}

constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();
constexpr int64_t kPartitionMax = std::numeric_limits<int32_t>::max();
constexpr int64_t kUint32Max = std::numeric_limits<uint32_t>::max();

std::string Text(const object& json, std::string_view name, std::string_view absent) {
  element value;
  if (json.at_key(name).get(value) != simdjson::SUCCESS) return std::string(absent);
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) Fail(name, "a string");
  return std::string(text);
}

std::optional<uint32_t> Checksum(const object& json) {
  const std::optional<int64_t> number = Integer(json, "crc32c", 0, kUint32Max);
  if (!number) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

std::optional<Token> ReadToken(const object& json, std::string_view name) {
  element value;
  if (json.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  object token;
  simdjson::dom::array partitions;
  if (value.get(token) != simdjson::SUCCESS || token.at_key("partitions").get(partitions) != simdjson::SUCCESS) {
    Fail(name, "a token: {\"log_id\", \"partitions\": [...]}");
  }
  Token read;
  read.log_id = Text(token, "log_id", "");
  if (read.log_id.empty()) Fail(name, "a token with a log id");
  for (const element item : partitions) {
    object part;
    if (item.get(part) != simdjson::SUCCESS) Fail(name, "a token whose partitions are objects");
    TokenPart at{.after = NeededInteger(part, "after", -1, kInt64Max),
                 .record_crc32c = Checksum(part),
                 .snapshot_until = Integer(part, "snapshot_until", -1, kInt64Max)};
    const auto partition = static_cast<int32_t>(NeededInteger(part, "p", 0, kPartitionMax));
    if (!read.partitions.emplace(partition, at).second) Fail(name, "a token that names each partition once");
  }
  return read;
}

Filter FilterOf(const object& json) {
  const std::string provider = Text(json, "provider", "UNKNOWN");
  const std::string status = Text(json, "status", "UNKNOWN");
  const Filter filter{.provider = ProviderFromText(provider), .status = StatusFromText(status)};
  if (ProviderName(filter.provider) != provider) Fail("provider", "STRIPE, RAZORPAY, PAYPAL or UNKNOWN");
  if (StatusName(filter.status) != status) Fail("status", "PENDING, COMPLETED, FAILED, REFUNDED or UNKNOWN");
  return filter;
}

uint32_t ConnectionNumber(const object& json) {
  return static_cast<uint32_t>(Integer(json, "conn", 0, kUint32Max).value_or(0));
}

ConnectionEntry DecodeConnection(const object& json) {
  ConnectionEntry entry{.connection = ConnectionNumber(json),
                        .filter = FilterOf(json),
                        .resumed = false,
                        .token = ReadToken(json, "token"),
                        .sent = ReadToken(json, "sent")};
  element resumed;
  if (json.at_key("resumed").get(resumed) == simdjson::SUCCESS && resumed.get(entry.resumed) != simdjson::SUCCESS) {
    Fail("resumed", "true or false");
  }
  return entry;
}

EventEntry DecodeEvent(const object& json) {
  EventEntry entry{
      .connection = ConnectionNumber(json), .partition = -1, .offset = -1, .record_crc32c = Checksum(json)};
  if (const std::optional<int64_t> offset = Integer(json, "o", 0, kInt64Max)) {
    entry.offset = *offset;
    entry.partition = static_cast<int32_t>(NeededInteger(json, "p", 0, kPartitionMax));
  }
  return entry;
}

BookmarkEntry DecodeBookmark(const object& json) {
  BookmarkEntry entry{.connection = ConnectionNumber(json), .positions = {}};
  constexpr std::string_view kAllowed = "a list of [partition, offset] pairs";
  simdjson::dom::array positions;
  if (json.at_key("positions").get(positions) != simdjson::SUCCESS) Fail("positions", kAllowed);
  for (const element item : positions) {
    simdjson::dom::array pair;
    int64_t partition = 0;
    int64_t offset = 0;
    if (item.get(pair) != simdjson::SUCCESS || pair.size() != 2 || pair.at(0).get(partition) != simdjson::SUCCESS ||
        pair.at(1).get(offset) != simdjson::SUCCESS || partition < 0 || partition > kPartitionMax || offset < -1) {
      Fail("positions", kAllowed);
    }
    entry.positions.emplace_back(static_cast<int32_t>(partition), offset);
  }
  return entry;
}

}  // namespace

LogEntry LogDecoder::Decode(std::string_view line) {
  object json;
  // at_key on an element would throw for a value that is no object; get() reports it instead.
  if (parser_->json.parse(line.data(), line.size()).get(json) != simdjson::SUCCESS) {
    throw std::runtime_error("not a JSON object");
  }
  const std::string type = Text(json, "type", "");
  if (type.empty()) throw std::runtime_error("member \"type\" is missing");
  if (type == "connection") return DecodeConnection(json);
  if (type == "event") return DecodeEvent(json);
  if (type == "bookmark") return DecodeBookmark(json);
  return OtherEntry{type};
}

namespace {

std::string FilterText(const Filter& filter) {
  return fmt::format("provider {}, status {}", ProviderName(filter.provider), StatusName(filter.status));
}

}  // namespace

void LogReplay::Apply(const LogEntry& entry) {
  if (const auto* connection = std::get_if<ConnectionEntry>(&entry)) {
    if (connection->filter != filter_) {
      throw std::runtime_error(fmt::format("made for another filter: {}; asked for: {}", FilterText(connection->filter),
                                           FilterText(filter_)));
    }
    last_connection_ = std::max(last_connection_, connection->connection);
    if (!connection->token) {
      held_token_.Reset();  // a server without positions: each of its connections begins afresh
      return;
    }
    if (connection->resumed && connection->sent) held_token_.Set(*connection->sent);
    held_token_.OnStart(*connection->token, connection->resumed);
  } else if (const auto* event = std::get_if<EventEntry>(&entry)) {
    if (event->offset >= 0 && held_token_.known()) {
      held_token_.OnEvent(event->partition, event->offset, event->record_crc32c);
    }
  } else if (const auto* bookmark = std::get_if<BookmarkEntry>(&entry)) {
    if (!held_token_.known()) return;
    for (const auto& [partition, offset] : bookmark->positions) held_token_.OnBookmark(partition, offset);
  }
}

}  // namespace pipeline
