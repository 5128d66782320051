#include "harness/broker/broker_protocol.h"

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace harness {
namespace {

using Json = nlohmann::json;
using Handler = std::function<void(const Json& request, BrokerActions* actions, Json* answer)>;

const Json& Member(const Json& request, const char* name) {
  const auto found = request.find(name);
  if (found == request.end()) throw std::runtime_error(std::string("\"") + name + "\" is missing");
  return *found;
}

std::string Text(const Json& request, const char* name) {
  const Json& member = Member(request, name);
  if (!member.is_string()) throw std::runtime_error(std::string("\"") + name + "\" must be a text");
  return member.get<std::string>();
}

int Int(const Json& request, const char* name) {
  const Json& member = Member(request, name);
  // Larger ones than any command takes must not wrap into its range.
  if (!member.is_number_integer() || member.get<double>() < INT32_MIN || member.get<double>() > INT32_MAX) {
    throw std::runtime_error(std::string("\"") + name + "\" must be a whole number of 32 bits");
  }
  return member.get<int>();
}

const std::map<std::string, Handler>& Handlers() {
  static const auto* const handlers = new std::map<std::string, Handler>{
      {"ping", [](const Json&, BrokerActions*, Json*) {}},
      {"create_topic", [](const Json& request, BrokerActions* actions,
                          Json*) { actions->CreateTopic(Text(request, "topic"), Int(request, "partitions")); }},
  };
  return *handlers;
}

Json Answer(std::string_view line, BrokerActions* actions) {
  Json answer{{"id", 0}, {"ok", false}};
  const Json request = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object()) {
    answer["error"] = "not a JSON object";
    return answer;
  }
  if (const auto id = request.find("id"); id != request.end() && id->is_number_integer()) answer["id"] = *id;
  try {
    const std::string command = Text(request, "command");
    const auto handler = Handlers().find(command);
    if (handler == Handlers().end()) throw std::runtime_error("unknown command \"" + command + "\"");
    handler->second(request, actions, &answer);
    answer["ok"] = true;
  } catch (const std::exception& error) {
    answer["error"] = error.what();
  }
  return answer;
}

}  // namespace

std::string AnswerBrokerCommand(std::string_view line, BrokerActions* actions) {
  if (line.size() > kBrokerLineBytesMax) line = {};
  // Texts of the request may come back in an error, whatever bytes they hold.
  return Answer(line, actions).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> BrokerCommandNames() {
  std::vector<std::string> names;
  for (const auto& [name, handler] : Handlers()) names.push_back(name);
  return names;
}

}  // namespace harness
