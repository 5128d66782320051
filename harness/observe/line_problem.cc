#include "harness/observe/line_problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "common/line_file.h"
#include "harness/contract/record_reader.h"
#include "harness/observe/log_lines.h"
#include "payment/money.h"
#include "payment/record_decoder.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kFoundBytesMax = 60;
constexpr size_t kLineTextBytesMax = 200;
constexpr int64_t kInt64Min = std::numeric_limits<int64_t>::min();
constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();
constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();
constexpr int64_t kUint32Max = std::numeric_limits<uint32_t>::max();

enum class Shape : uint8_t {
  kText,
  kFilledText,  // not empty
  kTextOrNull,
  kInteger,
  kAmount,
  kBool,
  kWord,       // one of `words`
  kScalars,    // an object of texts, as `metadata`
  kToken,      // {"log_id", "partitions": [{…}]}
  kPositions,  // [[p, o], …]
  kReads,      // [[p, o, ns, reason?], …]
  kWrites,     // [[p, o, ns], …]
  kPayment,
  kProvider,
  kStatus,
};

struct Rule {
  std::string_view member;
  Shape shape = Shape::kText;
  bool needed = false;
  int64_t min = 0;
  int64_t max = kInt64Max;
  std::string_view words = {};  // "\"ok\", \"fail\" or \"unknown\""
};

struct Type {
  std::string_view name;
  std::span<const Rule> rules;
  std::string_view example;
};

constexpr Rule kPayment[] = {{"id", Shape::kFilledText, true},
                             {"provider", Shape::kProvider},
                             {"status", Shape::kStatus},
                             {"units", Shape::kInteger, false, kInt64Min},
                             {"exponent", Shape::kInteger, false, 0, pipeline::kMoneyExponentMax},
                             {"amount", Shape::kAmount},
                             {"currency"},
                             {"customer_email"},
                             {"created_at", Shape::kInteger, false, kInt64Min},
                             {"processed_at", Shape::kInteger, false, kInt64Min},
                             {"metadata", Shape::kScalars}};
constexpr Rule kTokenPartition[] = {{"p", Shape::kInteger, true, 0, kInt32Max},
                                    {"after", Shape::kInteger, false, -1},
                                    {"snapshot_until", Shape::kInteger, false, -1}};

constexpr Rule kConnection[] = {
    {"server"},      {"server_id"}, {"resumed", Shape::kBool}, {"token", Shape::kToken}, {"sent", Shape::kToken},
    {"subscription"}};
constexpr Rule kEvent[] = {{"p", Shape::kInteger, false, 0, kInt32Max},
                           {"o", Shape::kInteger},
                           {"crc32c", Shape::kInteger, false, 0, kUint32Max},
                           {"kind", Shape::kWord, false, 0, 0, R"("existing" or "new")"},
                           {"payment", Shape::kPayment, true}};
constexpr Rule kDrop[] = {{"p", Shape::kInteger, true, 0, kInt32Max}, {"o", Shape::kInteger, true}};
constexpr Rule kBookmark[] = {{"positions", Shape::kPositions, true}};
constexpr Rule kEnd[] = {{"code", Shape::kInteger, false, -1, kInt32Max}, {"message"}};
constexpr Type kEventTypes[] = {
    {"event", kEvent,
     R"({"type":"event","t":123,"conn":1,"kind":"new","p":0,"o":7,"payment":{"id":"pay_1","amount":1.5}})"},
    {"connection", kConnection, R"({"type":"connection","t":123,"conn":1,"server":"127.0.0.1:50051","resumed":false})"},
    {"drop", kDrop, R"({"type":"drop","t":123,"conn":1,"p":0,"o":7})"},
    {"bookmark", kBookmark, R"({"type":"bookmark","t":123,"conn":1,"positions":[[0,7]]})"},
    {"end", kEnd, R"({"type":"end","t":123,"conn":1,"code":14,"message":"Socket closed"})"}};

constexpr Rule kSend[] = {{"seq", Shape::kInteger, true, 1},
                          {"partition", Shape::kInteger, false, -1, kInt32Max},
                          {"key", Shape::kTextOrNull},
                          {"value", Shape::kTextOrNull, true}};
constexpr Rule kOutcome[] = {{"seq", Shape::kInteger, true, 1},
                             {"outcome", Shape::kWord, true, 0, 0, R"("ok", "fail" or "unknown")"},
                             {"partition", Shape::kInteger, false, -1, kInt32Max},
                             {"offset", Shape::kInteger, false, -1}};
constexpr Type kAckTypes[] = {
    {"send", kSend, R"({"type":"send","t":123,"seq":1,"key":"pay_1","value":"{\"id\":\"pay_1\",\"amount\":150}"})"},
    {"outcome", kOutcome, R"({"type":"outcome","t":123,"seq":1,"outcome":"ok","partition":0,"offset":7})"},
    {"start", {}, R"({"type":"start","t":123,"producer":"run.load"})"},
    {"end", {}, R"({"type":"end","t":123,"sent":1,"ok":1,"failed":0,"unknown":0})"}};

constexpr Rule kStart[] = {{"pid", Shape::kInteger}, {"server_id"}};
constexpr Rule kRead[] = {{"records", Shape::kReads, true}};
constexpr Rule kBegin[] = {
    {"sub", Shape::kInteger, true, 1}, {"peer"}, {"token", Shape::kToken}, {"sent", Shape::kToken}};
constexpr Rule kWrite[] = {{"sub", Shape::kInteger, true, 1}, {"events", Shape::kWrites, true}};
constexpr Rule kStreamEnd[] = {
    {"sub", Shape::kInteger, true, 1}, {"code", Shape::kInteger, false, -1, kInt32Max}, {"reason"}};
constexpr Rule kCut[] = {{"lost", Shape::kInteger, true, 1}};
constexpr Type kServerTypes[] = {
    {"start", kStart, R"({"type":"start","t":123,"pid":4711,"server_id":"host#1"})"},
    {"read", kRead, R"({"type":"read","t":123,"records":[[0,7,0],[0,8,15]]})"},
    {"begin", kBegin, R"({"type":"begin","t":123,"sub":1,"peer":"127.0.0.1:4711","token":{"partitions":[]}})"},
    {"write", kWrite, R"({"type":"write","t":123,"sub":1,"events":[[0,7,0],[0,8,15]]})"},
    {"end", kStreamEnd, R"({"type":"end","t":123,"sub":1,"code":14,"reason":"shutdown"})"},
    {"cut", kCut, R"({"type":"cut","t":123,"lost":12})"},
    {"stop", {}, R"({"type":"stop","t":123})"}};

std::span<const Type> TypesOf(LogKind kind) {
  switch (kind) {
    case LogKind::kAckLog:
      return kAckTypes;
    case LogKind::kServerJournal:
      return kServerTypes;
    case LogKind::kEventLog:
      break;
  }
  return kEventTypes;
}

// One line of text of at most `bytes` and a little, whatever stands in it.
std::string Cut(std::string_view text, size_t bytes) {
  const bool cut = text.size() > bytes;
  std::string clean = Json(std::string(text.substr(0, bytes))).dump(-1, ' ', false, Json::error_handler_t::replace);
  clean = clean.substr(1, clean.size() - 2);  // escaped as in a JSON string, without its quotes
  for (size_t at = clean.find("\\\""); at != std::string::npos; at = clean.find("\\\"", at + 1)) clean.erase(at, 1);
  return cut ? clean + "…" : clean;
}

std::string Found(const Json& value) {
  const std::string text = Cut(value.dump(-1, ' ', false, Json::error_handler_t::replace), kFoundBytesMax);
  return value.is_number() || value.is_boolean() || value.is_null() ? text
                                                                    : fmt::format("{} ({})", text, value.type_name());
}

std::string IntegerText(const Rule& rule) {
  if (rule.min == kInt64Min) return "a whole number of 64 bits";
  if (rule.max == kInt64Max) return fmt::format("a whole number, {} or more", rule.min);
  return fmt::format("a whole number from {} to {}", rule.min, rule.max);
}

std::string Allowed(const Rule& rule) {
  switch (rule.shape) {
    case Shape::kText:
      return "a string";
    case Shape::kFilledText:
      return "a string that is not empty";
    case Shape::kTextOrNull:
      return "a string or null";
    case Shape::kInteger:
      return IntegerText(rule);
    case Shape::kAmount:
      return "a number in major units that fits 64 bits with at most 18 decimal digits";
    case Shape::kBool:
      return "true or false";
    case Shape::kWord:
      return std::string(rule.words);
    case Shape::kScalars:
      return "an object whose members are strings, each there once";
    case Shape::kToken:
      return R"(an object like {"log_id":"…","partitions":[{"p":0,"after":6}]})";
    case Shape::kPositions:
      return "a list of [partition, offset]";
    case Shape::kReads:
      return "a list of [partition, offset, ns since t] and why it was rejected, at most 4096";
    case Shape::kWrites:
      return "a list of [partition, offset, ns since t], at most 4096";
    case Shape::kPayment:
      return R"(an object with an "id")";
    case Shape::kProvider:
      return R"("STRIPE", "RAZORPAY", "PAYPAL" or "UNKNOWN")";
    case Shape::kStatus:
      return R"("PENDING", "COMPLETED", "FAILED", "REFUNDED" or "UNKNOWN")";
  }
  return "";
}

bool IsInteger(const Json& value, int64_t min, int64_t max) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(kInt64Max)) return false;
  const auto number = value.get<int64_t>();
  return number >= min && number <= max;
}

bool IsAmount(const Json& value) {
  if (IsInteger(value, kInt64Min, kInt64Max)) return true;
  return value.is_number() && pipeline::ParseMoney(fmt::format("{}", value.get<double>()), 0).has_value();
}

bool IsOneOf(const Json& value, std::string_view words) {
  return value.is_string() && words.find("\"" + value.get<std::string>() + "\"") != std::string_view::npos;
}

template <typename T>
bool IsWord(const Json& value, T (*of_word)(std::string_view)) {
  if (!value.is_string()) return false;
  const auto& word = value.get_ref<const std::string&>();
  return of_word(word) != T::kUnknown || IsWordForUnknown(word);
}

bool IsText(const Json& value, std::string_view text) {
  return value.is_string() && value.get_ref<const std::string&>() == text;
}

// `since_ns_max`: how far its time may be from its line's.
bool IsPlace(const Json& value, bool rejects, int64_t since_ns_max) {
  if (!value.is_array() || value.size() < 2 || value.size() > (rejects ? 4 : 3)) return false;
  if (!IsInteger(value[0], 0, kInt32Max) || !IsInteger(value[1], 0, kInt64Max)) return false;
  if (value.size() > 2 && !IsInteger(value[2], 0, since_ns_max)) return false;
  if (value.size() < 4) return true;
  for (int i = 1; i < pipeline::kRejectReasonCount; ++i) {
    if (IsText(value[3], pipeline::RejectReasonName(static_cast<pipeline::RejectReason>(i)))) return true;
  }
  return false;
}

bool ArePlaces(const Json& value, bool rejects, int64_t since_ns_max) {
  return value.is_array() && !value.empty() && value.size() <= 4096 &&
         std::all_of(value.begin(), value.end(),
                     [&](const Json& place) { return IsPlace(place, rejects, since_ns_max); });
}

bool ArePositions(const Json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& pair) {
           return pair.is_array() && pair.size() == 2 && IsInteger(pair[0], 0, kInt32Max) &&
                  IsInteger(pair[1], 0, kInt64Max);
         });
}

// `time_ns`: the line's.
std::optional<LineProblem> ProblemOf(const Json& object, std::span<const Rule> rules, const std::string& prefix,
                                     int64_t time_ns = 0);

std::optional<LineProblem> ProblemOfToken(const Json& value, const std::string& path) {
  const auto log_id = value.find("log_id");
  if (log_id != value.end() && !log_id->is_string()) {
    return LineProblem{path + ".log_id", Found(*log_id), "a string", {}};
  }
  const auto partitions = value.find("partitions");
  if (partitions == value.end()) return std::nullopt;
  if (!partitions->is_array()) return LineProblem{path + ".partitions", Found(*partitions), "a list", {}};
  for (size_t i = 0; i < partitions->size(); ++i) {
    const Json& partition = (*partitions)[i];
    const std::string at = fmt::format("{}.partitions[{}]", path, i);
    if (!partition.is_object()) return LineProblem{at, Found(partition), "an object", {}};
    if (auto problem = ProblemOf(partition, kTokenPartition, at + ".")) return problem;
  }
  return std::nullopt;
}

std::optional<LineProblem> ProblemOfValue(const Json& value, const Rule& rule, const std::string& path,
                                          int64_t time_ns) {
  const auto unless = [&](bool right) -> std::optional<LineProblem> {
    return right ? std::nullopt : std::optional(LineProblem{path, Found(value), Allowed(rule), {}});
  };
  switch (rule.shape) {
    case Shape::kText:
      return unless(value.is_string());
    case Shape::kFilledText:
      return unless(value.is_string() && !value.get_ref<const std::string&>().empty());
    case Shape::kTextOrNull:
      return unless(value.is_string() || value.is_null());
    case Shape::kInteger:
      return unless(IsInteger(value, rule.min, rule.max));
    case Shape::kAmount:
      return unless(IsAmount(value));
    case Shape::kBool:
      return unless(value.is_boolean());
    case Shape::kWord:
      return unless(IsOneOf(value, rule.words));
    case Shape::kPositions:
      return unless(ArePositions(value));
    case Shape::kReads:
      return unless(ArePlaces(value, true, kInt64Max - std::max<int64_t>(time_ns, 0)));
    case Shape::kWrites:
      return unless(ArePlaces(value, false, kInt64Max - std::max<int64_t>(time_ns, 0)));
    case Shape::kScalars:
      if (!value.is_object()) return unless(false);
      for (const auto& [key, member] : value.items()) {
        if (!member.is_string()) {
          return LineProblem{path + "." + Cut(key, kFoundBytesMax), Found(member), "a string", {}};
        }
      }
      return std::nullopt;
    case Shape::kToken:
      return value.is_object() ? ProblemOfToken(value, path) : unless(false);
    case Shape::kProvider:
      return unless(IsWord(value, ProviderOfWord));
    case Shape::kStatus:
      return unless(IsWord(value, StatusOfWord));
    case Shape::kPayment:
      return value.is_object() ? ProblemOf(value, kPayment, path + ".") : unless(false);
  }
  return std::nullopt;
}

std::optional<LineProblem> ProblemOf(const Json& object, std::span<const Rule> rules, const std::string& prefix,
                                     int64_t time_ns) {
  for (const Rule& rule : rules) {
    const auto member = object.find(rule.member);
    const std::string path = prefix + std::string(rule.member);
    if (member == object.end()) {
      if (rule.needed) return LineProblem{path, "nothing", Allowed(rule), {}};
    } else if (auto problem = ProblemOfValue(*member, rule, path, time_ns)) {
      return problem;
    }
  }
  return std::nullopt;
}

std::string TypeNames(std::span<const Type> types) {
  std::string names;
  for (size_t i = 0; i < types.size(); ++i) {
    names += fmt::format("{}\"{}\"", i == 0 ? "" : i + 1 == types.size() ? " or " : ", ", types[i].name);
  }
  return names;
}

// The members that every line has, and those that belong together.
std::optional<LineProblem> ProblemOfLine(const Json& line, LogKind kind, const Type& type) {
  static constexpr Rule kHead[] = {{"t", Shape::kInteger, true, kInt64Min}};
  static constexpr Rule kConn[] = {{"conn", Shape::kInteger, false, 0, kUint32Max}};
  if (auto problem = ProblemOf(line, kHead, "")) return problem;
  if (kind == LogKind::kEventLog) {
    if (auto problem = ProblemOf(line, kConn, "")) return problem;
  }
  if (auto problem = ProblemOf(line, type.rules, "", line["t"].get<int64_t>())) return problem;
  if (kind == LogKind::kEventLog && line.contains("p") != line.contains("o") && type.name == "event") {
    return LineProblem{line.contains("p") ? "o" : "p", "nothing", "\"p\" and \"o\" together, or neither", {}};
  }
  return std::nullopt;
}

LineProblem OfJson(LogKind kind, const Json& line) {
  const std::span<const Type> types = TypesOf(kind);
  const std::string example(types.front().example);
  if (!line.is_object()) return {"", Found(line), "a JSON object", example};
  const auto name = line.find("type");
  if (name == line.end()) return {"type", "nothing", TypeNames(types), example};
  const auto type =
      std::find_if(types.begin(), types.end(), [&](const Type& known) { return IsText(*name, known.name); });
  if (type == types.end()) return {"type", Found(*name), TypeNames(types), example};
  LineProblem problem =
      ProblemOfLine(line, kind, *type)
          .value_or(LineProblem{"", "a line that could not be understood", "see docs/formats.md", {}});
  problem.example = type->example;
  return problem;
}

}  // namespace

bool IsAboutContent(std::string_view member) {
  for (const std::string_view given : {"payment", "p", "o", "crc32c", "kind", "positions", "token"}) {
    if (member == given ||
        (member.starts_with(given) && (member[given.size()] == '.' || member[given.size()] == '['))) {
      return true;
    }
  }
  return member.empty();
}

LineProblem FindLineProblem(LogKind kind, std::string_view line) {
  const std::string example(TypesOf(kind).front().example);
  if (line.size() > kLineBytesMax) {
    return {"", fmt::format("{} bytes", line.size()), fmt::format("{} bytes at most", kLineBytesMax), example};
  }
  try {
    const Json json = Json::parse(line);
    if (json.is_object() && pipeline::CheckLine(line) == pipeline::LineState::kBroken) {
      return {"crc", json.contains("crc") ? Found(json["crc"]) : "nothing",
              "the CRC-32C of what stands before it, as the last member, or no \"crc\" at all", example};
    }
    LineProblem problem = OfJson(kind, json);
    problem.is_whole = json.is_object();
    return problem;
  } catch (const Json::out_of_range&) {
    return {"", "a number that is too large for any member", "numbers of 64 bits", example, true};
  } catch (const Json::parse_error& error) {
    return {"", fmt::format("no JSON from byte {} on", error.byte), "one JSON object a line", example};
  }
}

std::string LineProblemText(const LineProblem& problem, std::string_view line) {
  return fmt::format("{}{}; allowed is {}. A right line: {}. This one: {}",
                     problem.member.empty() ? "" : problem.member + " is ", problem.found, problem.allowed,
                     problem.example, line.empty() ? "empty" : Cut(line, kLineTextBytesMax));
}

}  // namespace harness
