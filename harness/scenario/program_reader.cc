#include "harness/scenario/program_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "harness/plan/program_args.h"
#include "harness/scenario/quantity.h"
#include "harness/scenario/record_plan_reader.h"
#include "harness/scenario/trigger_reader.h"
#include "text/duration.h"

namespace harness {
namespace {

using Words = std::vector<std::string>;

const Words& Placeholders(std::string_view kind) {
  static const auto* const words = new std::map<std::string_view, Words>{
      {"broker", {"{name}", "{run}", "{port}", "{directory}", "{scenario_directory}"}},
      {"server", {"{brokers}", "{topic}", "{name}", "{run}", "{port}", "{server_journal}", "{scenario_directory}"}},
      {"client", {"{brokers}", "{topic}", "{name}", "{run}", "{servers}", "{event_log}", "{scenario_directory}"}},
      {"producer", {"{brokers}", "{topic}", "{name}", "{run}", "{ack_log}", "{rec_prefix}", "{scenario_directory}"}}};
  return words->at(kind);
}

bool IsPlaceholderLetter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// Every "{name}" in `text`. Other braces are the program's own business.
Words PlaceholdersIn(std::string_view text) {
  Words found;
  for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    size_t end = open + 1;
    while (end < text.size() && IsPlaceholderLetter(text[end])) ++end;
    if (end > open + 1 && end < text.size() && text[end] == '}') found.emplace_back(text.substr(open, end + 1 - open));
  }
  return found;
}

// What a built-in client does unless it is told otherwise: a fixed pause.
constexpr int64_t kReconnectDelayNs = 3'000'000'000;

constexpr int64_t kBrokerReadyWithinNs = 90'000'000'000;
constexpr int64_t kBrokerEndWithinNs = 15'000'000'000;

// The shortest and the longest pause that `--backoff MIN..MAX` allows; nullopt when it is not of that form.
std::optional<std::pair<int64_t, int64_t>> BackoffNs(std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const auto low = pipeline::ParseDurationNs(text.substr(0, dots));
  const auto high = pipeline::ParseDurationNs(text.substr(dots + 2));
  if (!low || !high || *low > *high || *high <= 0) return std::nullopt;
  return std::pair(*low, *high);
}

class ProgramReader {
 public:
  explicit ProgramReader(ErrorList* errors) : errors_(errors) {}

  BrokerPlan ReadBroker(const Json& json, const std::string& at) {
    BrokerPlan broker;
    broker.brokers = json.value("brokers", broker.brokers);
    broker.partitions = json.value("partitions", broker.partitions);
    broker.program.ready_within_ns = kBrokerReadyWithinNs;
    broker.program.end_within_ns = kBrokerEndWithinNs;
    ReadProgram(json, at, "broker", &broker.program);
    broker.program.name = "broker";
    if (broker.program.command.empty()) {
      ForbidProgram(json, at, "without \"command\" the broker is no program");
      Forbid(json, at, "timeouts", "without \"command\" the broker is no program");
      return broker;
    }
    Forbid(json, at, "brokers", "it counts the mock's, and \"command\" takes the mock's place");
    if (!IsTold(broker.program, "{port}")) {
      errors_->AtValue(Below(at, "command"),
                       "nothing tells the broker where to listen; allowed: {port} in its command, args or env");
    }
    return broker;
  }

  ServerPlan ReadServer(const Json& json, const std::string& at) {
    ServerPlan server;
    ReadProgram(json, at, "server", &server);
    if (const auto start = json.find("start"); start != json.end()) {
      ReadTrigger(*start, Below(at, "start"), errors_, &server.start.emplace());
    }
    server.journal = json.value("journal", false);
    CheckJournal(at, server);
    if (const auto rss_max = json.find("rss_max"); rss_max != json.end()) {
      const auto bytes = ParseBytes(rss_max->get<std::string>());
      server.rss_bytes_max = bytes.value_or(0);
      if (server.rss_bytes_max == 0) {
        errors_->AtValue(Below(at, "rss_max"), "found " + Shown(*rss_max) + "; allowed: 1KiB to 1024GiB");
      }
    }
    return server;
  }

  ClientPlan ReadClient(const Json& json, const std::string& at) {
    ClientPlan client;
    ReadProgram(json, at, "client", &client);
    if (json.value("kind", "process") == "embedded") {
      client.kind = ClientKind::kEmbedded;
      ForbidProgram(json, at, "an embedded client is no program");
    } else {
      for (const char* key : {"count", "rpc", "max_batch_events", "start_over", "stop_over"}) {
        Forbid(json, at, key, "it needs \"kind\": \"embedded\"");
      }
    }
    client.count = json.value("count", 1);
    ReadSpan(json, at, &client);
    ReadCall(json, at, &client);
    client.resume_token = json.value("resume", "token") == "token";
    if (const auto server = json.find("server"); server != json.end()) {
      client.servers = server->is_string() ? Words{server->get<std::string>()} : server->get<Words>();
    }
    if (const auto filter = json.find("filter"); filter != json.end()) {
      client.filter.provider = ProviderOf(filter->value("provider", ""));
      client.filter.status = StatusOf(filter->value("status", ""));
    }
    ReadReconnectDelays(json, at, &client);
    return client;
  }

  ProducerPlan ReadProducer(const Json& json, const std::string& at) {
    ProducerPlan producer;
    ReadProgram(json, at, "producer", &producer);
    if (json.value("kind", "embedded") == "process") {
      producer.kind = ProducerKind::kProcess;
      for (const char* key : {"records_per_payment", "poison", "keys", "value_bytes"}) {
        Forbid(json, at, key, "a producer of kind \"process\" makes its own payments");
      }
    } else {
      ForbidProgram(json, at, "an embedded producer is no program; a program needs \"kind\": \"process\"");
      Forbid(json, at, "start", "an embedded producer follows the phases; \"start\" needs \"kind\": \"process\"");
    }
    producer.start = json.value("start", "");
    if (const auto poison = json.find("poison"); poison != json.end()) producer.poison = PoisonOf(*poison);
    if (const auto keys = json.find("keys"); keys != json.end()) {
      producer.keys = ReadKeys(*keys, Below(at, "keys"), errors_);
    }
    if (const auto bytes = json.find("value_bytes"); bytes != json.end()) {
      producer.value_size = ReadValueSize(*bytes, Below(at, "value_bytes"), errors_);
    }
    if (const auto records = json.find("records_per_payment"); records != json.end()) {
      producer.records_per_payment_min = records->value("min", 1);
      producer.records_per_payment_max = records->value("max", 1);
      if (producer.records_per_payment_min > producer.records_per_payment_max) {
        errors_->AtValue(Below(at, "records_per_payment"),
                         "found \"min\" " + std::to_string(producer.records_per_payment_min) + " above \"max\" " +
                             std::to_string(producer.records_per_payment_max) + "; allowed: min <= max");
      }
    }
    return producer;
  }

 private:
  static PoisonPlan PoisonOf(const Json& json) {
    PoisonPlan plan;
    plan.every = json.value("every", int64_t{0});
    const auto kinds = json.find("kinds");
    for (int i = 1; i < pipeline::kDecoderReasonCount; ++i) {
      const auto reason = static_cast<pipeline::RejectReason>(i);
      const bool wanted = kinds == json.end()
                              ? reason != pipeline::RejectReason::kOversized
                              : std::find(kinds->begin(), kinds->end(), RejectReasonName(reason)) != kinds->end();
      if (wanted) plan.kinds.push_back(reason);
    }
    return plan;
  }

  static pipeline::Provider ProviderOf(std::string_view word) {
    if (word == "stripe") return pipeline::Provider::kStripe;
    if (word == "razorpay") return pipeline::Provider::kRazorpay;
    return word == "paypal" ? pipeline::Provider::kPaypal : pipeline::Provider::kUnknown;
  }

  static pipeline::PaymentStatus StatusOf(std::string_view word) {
    if (word == "pending") return pipeline::PaymentStatus::kPending;
    if (word == "completed") return pipeline::PaymentStatus::kCompleted;
    if (word == "failed") return pipeline::PaymentStatus::kFailed;
    return word == "refunded" ? pipeline::PaymentStatus::kRefunded : pipeline::PaymentStatus::kUnknown;
  }

  // A foreign server has to be told where, and what nobody reads needs no place.
  void CheckJournal(const std::string& at, const ServerPlan& server) {
    const bool told = IsTold(server, "{server_journal}");
    if (server.journal && !server.command.empty() && !told) {
      errors_->AtValue(Below(at, "journal"),
                       "found true, and nothing tells the command where; allowed: {server_journal} in its command, "
                       "args or env");
    } else if (told && !server.journal) {
      errors_->AtValue(at, "{server_journal} is not allowed here: nobody reads it without \"journal\": true");
    }
  }

  void ReadProgram(const Json& json, const std::string& at, std::string_view kind, ProgramPlan* plan) {
    plan->name = json.value("name", "");
    plan->command = ReadWords(json, at, "command", kind);
    plan->args = ReadWords(json, at, "args", kind);
    if (!plan->command.empty() && plan->command.front().empty()) {
      errors_->AtValue(Below(Below(at, "command"), size_t{0}),
                       "found an empty text; allowed: the program's name or path");
    }
    if (const auto env = json.find("env"); env != json.end()) {
      for (const auto& variable : env->items()) {
        plan->env[variable.key()] = variable.value().get<std::string>();
        CheckPlaceholders(plan->env[variable.key()], Below(Below(at, "env"), variable.key()), kind);
      }
    }
    plan->cwd = json.value("cwd", "");
    CheckPlaceholders(plan->cwd, Below(at, "cwd"), kind);
    plan->exit_codes = json.value("exit_codes", std::vector<int>());
    if (const auto timeouts = json.find("timeouts"); timeouts != json.end()) {
      const std::string below = Below(at, "timeouts");
      const char* ready = kind == "client" ? "connected" : "ready";
      ReadDuration(*timeouts, below, ready, errors_, kPositive, &plan->ready_within_ns);
      ReadDuration(*timeouts, below, "end", errors_, kPositive, &plan->end_within_ns);
    }
  }

  // When a client joins and leaves, where it is not there from the first phase to the end.
  void ReadSpan(const Json& json, const std::string& at, ClientPlan* client) {
    for (const auto& [key, trigger] : {std::pair("start", &client->start), {"stop", &client->stop}}) {
      const auto when = json.find(key);
      if (when != json.end()) ReadTrigger(*when, Below(at, key), errors_, &trigger->emplace());
    }
    for (const auto& [key, over_ns, trigger] : {std::tuple("start_over", &client->start_over_ns, &client->start),
                                                {"stop_over", &client->stop_over_ns, &client->stop}}) {
      ReadDuration(json, at, key, errors_, kPositive, over_ns);
      if (!trigger->has_value()) {
        Forbid(json, at, key,
               std::string("it spreads over a time what ") + (trigger == &client->start ? "\"start\"" : "\"stop\"") +
                   " begins");
      }
    }
  }

  // How an embedded client subscribes.
  void ReadCall(const Json& json, const std::string& at, ClientPlan* client) {
    const std::string rpc = json.value("rpc", "");
    client->rpc = rpc == "StreamPayments"      ? ClientRpc::kStream
                  : rpc == "SubscribePayments" ? ClientRpc::kSubscribe
                                               : ClientRpc::kAny;
    client->batch_events_max = json.value("max_batch_events", int64_t{0});
    if (client->rpc == ClientRpc::kStream) {
      Forbid(json, at, "max_batch_events", "StreamPayments brings one event a message");
    }
  }

  Words ReadWords(const Json& json, const std::string& at, const std::string& key, std::string_view kind) {
    const auto list = json.find(key);
    if (list == json.end()) return {};
    Words words = list->get<Words>();
    for (size_t i = 0; i < words.size(); ++i) CheckPlaceholders(words[i], Below(Below(at, key), i), kind);
    return words;
  }

  void CheckPlaceholders(std::string_view text, const std::string& at, std::string_view kind) {
    const Words& known = Placeholders(kind);
    for (const std::string& placeholder : PlaceholdersIn(text)) {
      if (std::find(known.begin(), known.end(), placeholder) != known.end()) continue;
      errors_->AtValue(at, "unknown placeholder " + Quoted(placeholder) + DidYouMean(placeholder, known) +
                               "; allowed for a " + std::string(kind) + ": " + QuotedList(known));
    }
  }

  void ReadReconnectDelays(const Json& json, const std::string& at, ClientPlan* client) {
    if (client->command.empty()) {
      client->reconnect_delay_min_ns = kReconnectDelayNs;
      ReadBackoff(client->args, Below(at, "args"), client);
    }
    ReadDuration(json, at, "reconnect_delay_max", errors_, kPositive, &client->reconnect_delay_max_ns);
    if (!ReadDuration(json, at, "reconnect_delay_min", errors_, kPositive, &client->reconnect_delay_min_ns)) {
      // An embedded one follows these keys; a program does what its arguments say.
      if (client->kind == ClientKind::kEmbedded) {
        client->reconnect_delay_min_ns = std::min(client->reconnect_delay_min_ns, client->reconnect_delay_max_ns);
      }
    } else if (client->reconnect_delay_min_ns > client->reconnect_delay_max_ns) {
      errors_->AtValue(Below(at, "reconnect_delay_min"),
                       "found " + Shown(json.at("reconnect_delay_min")) + "; allowed: at most the longest pause");
    }
  }

  void ReadBackoff(const Words& args, const std::string& at, ClientPlan* client) {
    for (const FlagValue& value : ValuesOfFlag(args, "--backoff")) {
      if (const auto bounds = BackoffNs(value.text)) {
        std::tie(client->reconnect_delay_min_ns, client->reconnect_delay_max_ns) = *bounds;
      } else {
        errors_->AtValue(
            Below(at, value.word),
            "found " + Quoted(value.text) +
                " for --backoff; allowed: MIN..MAX, two times with their units, for instance \"100ms..2s\"");
      }
    }
  }

  void ForbidProgram(const Json& json, const std::string& at, const std::string& why) {
    for (const char* key : {"command", "args", "env", "cwd", "exit_codes"}) Forbid(json, at, key, why);
  }

  void Forbid(const Json& json, const std::string& at, const std::string& key, const std::string& why) {
    if (json.contains(key)) errors_->AtKey(Below(at, key), Quoted(key) + " is not allowed here: " + why);
  }

  ErrorList* errors_;
};

}  // namespace

void ReadPrograms(const Json& root, ErrorList* errors, Scenario* scenario) {
  ProgramReader reader(errors);
  if (const auto broker = root.find("broker"); broker != root.end()) {
    scenario->broker = reader.ReadBroker(*broker, "/broker");
  }
  ForEach(root, "servers",
          [&](const Json& json, const std::string& at) { scenario->servers.push_back(reader.ReadServer(json, at)); });
  ForEach(root, "clients",
          [&](const Json& json, const std::string& at) { scenario->clients.push_back(reader.ReadClient(json, at)); });
  ForEach(root, "producers", [&](const Json& json, const std::string& at) {
    scenario->producers.push_back(reader.ReadProducer(json, at));
  });
}

bool ReadDuration(const Json& json, const std::string& at, const std::string& key, ErrorList* errors,
                  DurationRange range, int64_t* time_ns) {
  const auto text = json.find(key);
  if (text == json.end()) return false;
  const auto parsed = pipeline::ParseDurationNs(text->get<std::string>());
  if (!parsed || (range == kPositive && *parsed == 0)) {
    errors->AtValue(Below(at, key), "found " + Shown(*text) +
                                        "; allowed: " + (range == kPositive ? "above 0 and " : "") + "at most 24h");
    return false;
  }
  *time_ns = *parsed;
  return true;
}

}  // namespace harness
