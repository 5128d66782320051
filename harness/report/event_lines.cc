#include "harness/report/event_lines.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "harness/report/names.h"
#include "harness/report/text.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kTimeColumns = 15;
constexpr size_t kPlaceColumns = 22;
constexpr size_t kRecColumns = 30;

// The columns of CSV, which are the members of JSON lines; what does not apply stays null.
constexpr std::array kColumns = {"time_ns",   "since_load_ns", "event",      "who",    "what",    "rec", "payment_id",
                                 "partition", "offset",        "connection", "crc32c", "content", "text"};
using Row = std::array<Json, kColumns.size()>;

Json TextOrNull(std::string text) { return text.empty() ? Json(nullptr) : Json(std::move(text)); }
Json NumberOrNull(int64_t number) { return number < 0 ? Json(nullptr) : Json(number); }
Json HashOrNull(uint64_t hash) { return hash == 0 ? Json(nullptr) : Json(fmt::format("{:016x}", hash)); }

std::string What(const History& history, const RunEvent& event) {
  switch (event.type) {
    case EventType::kOutcome:
      return std::string(OutcomeName(SendOf(history, event).outcome));
    case EventType::kDelivered:
      return std::string(DeliveryKindName(DeliveryOf(history, event).kind));
    case EventType::kServerRead: {
      const pipeline::RejectReason reason = ServerEventOf(history, event).reason;
      return reason == pipeline::RejectReason::kNone ? "accepted" : std::string(pipeline::RejectReasonName(reason));
    }
    case EventType::kFaultStruck:
    case EventType::kFaultHealed:
      return history.faults[event.actor].type;
    default:
      return "";
  }
}

struct Content {
  std::optional<uint32_t> crc32c;
  uint64_t hash = 0;
};
Content ContentOf(const History& history, const RunEvent& event) {
  switch (event.type) {
    case EventType::kSent:
      return {std::nullopt, SendOf(history, event).content_hash};
    case EventType::kLogged:
      return {LogRecordOf(history, event).crc32c, LogRecordOf(history, event).content_hash};
    case EventType::kDelivered:
      return {DeliveryOf(history, event).crc32c, DeliveryOf(history, event).content_hash};
    default:
      return {};
  }
}

Json ConnectionNumber(const History& history, const RunEvent& event) {
  if (event.type == EventType::kDelivered) return DeliveryOf(history, event).connection + 1;
  const bool is_connection = event.type == EventType::kConnected || event.type == EventType::kDisconnected;
  return is_connection ? Json(event.index + 1) : Json(nullptr);
}

Row RowOf(const History& history, const RunEvent& event) {
  const RecordSeen record = RecordOf(history, event);
  const Content content = ContentOf(history, event);
  const std::optional<int64_t> since = SinceLoadBegin(history, event.time_ns);
  return {event.time_ns == 0 ? Json(nullptr) : Json(event.time_ns),
          since ? Json(*since) : Json(nullptr),
          EventTypeName(event.type),
          TextOrNull(ActorName(history, event)),
          TextOrNull(What(history, event)),
          TextOrNull(RecText(history, record.rec)),
          TextOrNull(std::string{PaymentId(history, record.id_hash)}),
          NumberOrNull(record.partition),
          NumberOrNull(record.offset),
          ConnectionNumber(history, event),
          content.crc32c ? Json(*content.crc32c) : Json(nullptr),
          HashOrNull(content.hash),
          TextOrNull(EventText(history, event))};
}

std::string CsvCell(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  std::string text = Printable(value.get_ref<const std::string&>());
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string TimeCell(const History& history, int64_t time_ns) {
  return PadLeft(time_ns == 0 ? "never" : MomentText(time_ns, history.load_begin_ns), kTimeColumns);
}

}  // namespace

std::string EventJson(const History& history, const RunEvent& event) {
  Json line = Json::object();
  Row row = RowOf(history, event);
  for (size_t i = 0; i < row.size(); ++i) {
    if (!row[i].is_null()) line[kColumns[i]] = std::move(row[i]);
  }
  // What came from outside (ids, status messages) may not be UTF-8: replaced, never thrown at.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string EventCsvHeader() {
  std::string line;
  for (const char* name : kColumns) line += (line.empty() ? "" : ",") + std::string(name);
  return line;
}

std::string EventCsv(const History& history, const RunEvent& event) {
  std::string line;
  bool is_first = true;
  for (const Json& value : RowOf(history, event)) {
    if (!std::exchange(is_first, false)) line += ',';
    line += CsvCell(value);
  }
  return line;
}

std::string EventRowHeader() {
  return PadLeft("time", kTimeColumns) + "  " + PadRight("where", kPlaceColumns) + "  " +
         PadRight("record", kRecColumns) + "  what";
}

std::string EventRow(const History& history, const RunEvent& event) {
  const RecordSeen record = RecordOf(history, event);
  return TimeCell(history, event.time_ns) + "  " + PadRight(Printable(EventPlace(history, event)), kPlaceColumns) +
         "  " + PadRight(Printable(RecText(history, record.rec)), kRecColumns) + "  " +
         Printable(EventText(history, event));
}

std::string RecordHeading(const History& history, const RecordName& record, std::span<const RunEvent> life) {
  std::string text = record.rec.has_value() ? RecText(history, record.rec)
                     : record.id_hash != 0  ? "records without a rec and without a position"
                                            : "a record without a rec";
  for (const RunEvent& event : life) {
    const uint64_t id_hash = RecordOf(history, event).id_hash;
    if (id_hash == 0) continue;
    text += ", payment " + PaymentIdText(history, id_hash);
    break;
  }
  for (const RecordPosition& position : record.positions) {
    text += fmt::format(", partition {} offset {}", position.partition, position.offset);
  }
  return Printable(text);
}

std::string LifeRow(const History& history, const RecordName& record, const RunEvent& event) {
  const int32_t partition = record.positions.empty() ? -1 : record.positions.front().partition;
  std::string line = TimeCell(history, event.time_ns) + "  " +
                     PadRight(Printable(EventPlace(history, event)), kPlaceColumns) + "  " +
                     Printable(EventText(history, event, partition));
  // What stands at its place and says to be another record.
  const Rec rec = RecordOf(history, event).rec;
  if (rec.has_value() && rec != record.rec) line += Printable(", as " + RecText(history, rec));
  return line;
}

std::string AbsenceRow(const Absence& absence) {
  return PadLeft("never", kTimeColumns) + "  " + PadRight(Printable(absence.place), kPlaceColumns) + "  " +
         absence.sentence;
}

}  // namespace harness
