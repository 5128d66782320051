#include "harness/observe/server_lines.h"

#include <simdjson.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/line_file.h"
#include "harness/observe/line_members.h"
#include "harness/observe/log_lines.h"

namespace harness {
namespace {

namespace dom = simdjson::dom;

bool ReadReason(dom::element value, pipeline::RejectReason* reason) {
  std::string_view word;
  if (value.get_string().get(word) != simdjson::SUCCESS) return false;
  for (int i = 1; i < pipeline::kRejectReasonCount; ++i) {
    *reason = static_cast<pipeline::RejectReason>(i);
    if (word == pipeline::RejectReasonName(*reason)) return true;
  }
  return false;
}

// [partition, offset, ns since `time_ns`], and why it was rejected where `rejects`.
bool ReadRecord(dom::element value, int64_t time_ns, bool rejects, ServerRecord* record) {
  dom::array items;
  if (value.get_array().get(items) != simdjson::SUCCESS) return false;
  size_t count = 0;
  int64_t since_ns = 0;
  for (const dom::element item : items) {
    bool right = false;
    if (count == 0) right = ReadNumber(item, 0, kInt32Max, &record->partition);
    if (count == 1) right = ReadNumber(item, 0, kInt64Max, &record->offset);
    if (count == 2) right = ReadNumber(item, 0, kInt64Max - std::max<int64_t>(time_ns, 0), &since_ns);
    if (count == 3) right = rejects && ReadReason(item, &record->reason);
    if (!right) return false;
    ++count;
  }
  record->time_ns = time_ns + since_ns;
  return count >= 2;
}

bool ReadRecords(dom::object object, const char* member, int64_t time_ns, ServerRecords* out) {
  dom::array records;
  if (object[member].get_array().get(records) != simdjson::SUCCESS) return false;
  for (const dom::element record : records) {
    if (out->records.size() >= kServerRecordsMax) return false;
    if (!ReadRecord(record, time_ns, out->number == 0, &out->records.emplace_back())) return false;
  }
  return !out->records.empty();
}

bool ReadBegan(dom::object object, ServerBegan* out) {
  ServerStream& stream = out->stream;
  std::string log_id;
  for (const auto [key, value] : object) {
    bool right = true;
    if (key == "peer") right = ReadText(value, &stream.peer);
    if (key == "token") right = ReadToken(value, &log_id, &stream.token);
    if (key == "sent") right = stream.resumed = ReadToken(value, &log_id, &stream.sent);
    if (!right) return false;
  }
  return true;
}

bool ReadEnded(dom::object object, ServerEnded* out) {
  for (const auto [key, value] : object) {
    bool right = true;
    if (key == "code") right = ReadNumber(value, -1, kInt32Max, &out->code);
    if (key == "reason") right = ReadText(value, &out->reason);
    if (!right) return false;
  }
  return true;
}

bool ReadStarted(dom::object object, ServerStarted* out) {
  for (const auto [key, value] : object) {
    bool right = true;
    if (key == "pid") right = ReadNumber(value, 0, kInt64Max, &out->pid);
    if (key == "server_id") right = ReadText(value, &out->server_id);
    if (!right) return false;
  }
  return true;
}

// A member that has to be there.
bool ReadNeeded(dom::object object, const char* member, int64_t min, int64_t* out) {
  dom::element value;
  return object[member].get(value) == simdjson::SUCCESS && ReadNumber(value, min, kInt64Max, out);
}

bool ReadSeen(dom::object object, std::string_view type, int64_t time_ns, ServerSeen* out) {
  int64_t number = 0;
  if (type == "start") {
    ServerStarted& seen = out->emplace<ServerStarted>();
    seen.time_ns = time_ns;
    return ReadStarted(object, &seen);
  }
  if (type == "read") return ReadRecords(object, "records", time_ns, &out->emplace<ServerRecords>());
  if (type == "stop") {
    *out = ServerStopped{time_ns};
    return true;
  }
  if (type == "cut") return ReadNeeded(object, "lost", 1, &out->emplace<ServerCut>().lost);
  if (!ReadNeeded(object, "sub", 1, &number)) return false;
  if (type == "begin") {
    ServerBegan& seen = out->emplace<ServerBegan>();
    seen.stream.number = static_cast<uint64_t>(number);
    seen.stream.began_ns = time_ns;
    return ReadBegan(object, &seen);
  }
  if (type == "write") {
    ServerRecords& seen = out->emplace<ServerRecords>();
    seen.number = static_cast<uint64_t>(number);
    return ReadRecords(object, "events", time_ns, &seen);
  }
  ServerEnded& seen = out->emplace<ServerEnded>();
  seen.time_ns = time_ns;
  seen.number = static_cast<uint64_t>(number);
  return type == "end" && ReadEnded(object, &seen);
}

}  // namespace

struct ServerLineParser::State {
  dom::parser json{kLineBytesMax};
};

ServerLineParser::ServerLineParser() : state_(std::make_unique<State>()) {}
ServerLineParser::~ServerLineParser() = default;

bool ServerLineParser::Parse(std::string_view line, ServerSeen* out) {
  if (line.size() > kLineBytesMax || pipeline::CheckLine(line) == pipeline::LineState::kBroken) return false;
  dom::element document;
  dom::object object;
  std::string_view type;
  int64_t time_ns = 0;
  return state_->json.parse(line.data(), line.size(), /*realloc_if_needed=*/false).get(document) == simdjson::SUCCESS &&
         document.get_object().get(object) == simdjson::SUCCESS && ReadHead(object, &type, &time_ns) &&
         ReadSeen(object, type, time_ns, out);
}

}  // namespace harness
