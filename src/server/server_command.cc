#include "server/server_command.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "common/program.h"
#include "common/settings.h"
#include "server/calls/descriptors.h"
#include "server/ops/metrics_listener.h"
#include "text/duration.h"

namespace pipeline {
namespace {

// A word that stands for a value of an enumeration. The option's type name says which there are.
template <typename Value>
CLI::Validator OneOf(std::map<std::string_view, Value> words) {
  const auto replace = [words = std::move(words)](std::string& word) {
    const auto found = words.find(word);
    std::string allowed;
    for (const auto& [name, value] : words) allowed.append(allowed.empty() ? "" : ", ").append(name);
    if (found == words.end()) return fmt::format("found \"{}\"; allowed: {}", word, allowed);
    word = std::to_string(static_cast<int>(found->second));
    return std::string();
  };
  return {replace, ""};
}

constexpr int kExitOutputLost = 3;
constexpr int64_t kWindowBytesMin = 1024LL * 1024;

constexpr char kFooter[] = R"(Example:
  payment-server --brokers localhost:9092 --topic payments.raw --port 50051
  payment-server --journal server.jsonl            what it reads and what each stream is sent, a JSON line at a time
  grpcurl -plaintext -d '{"limit":5}' localhost:50051 payment.PaymentService/ListPayments

Health (grpc.health.v1) is SERVING once the records found at start are loaded, until Kafka has been away for
--unready-after.
Exit codes: 0 stopped by SIGINT, SIGTERM or SIGHUP, 2 wrong usage, 3 a port is in use, the topic can't be
served, the limits do not fit the open files that the process may have, the server does not reach itself any
more, or standard output can't be written at the start.)";

// "10s,5s": time and timeout.
std::string ReadKeepalive(const std::string& text, ServerOptions* options) {
  const size_t comma = text.find(',');
  const auto time_ns = ParseDurationNs(text.substr(0, comma));
  const auto timeout_ns = comma == std::string::npos ? std::nullopt : ParseDurationNs(text.substr(comma + 1));
  if (!time_ns || !timeout_ns || *time_ns == 0 || *timeout_ns == 0) {
    return "found \"" + text + "\"; allowed: TIME,TIMEOUT, for instance 10s,5s";
  }
  options->keepalive_time_ns = *time_ns;
  options->keepalive_timeout_ns = *timeout_ns;
  return "";
}

std::string ReadDuration(const std::string& text, int64_t* duration_ns) {
  const auto parsed_ns = ParseDurationNs(text);
  if (!parsed_ns) return "found \"" + text + "\"; allowed: a duration, for instance 500ms or 5s";
  *duration_ns = *parsed_ns;
  return "";
}

// An option that is a duration; `least_ns`: 1 where 0 means nothing.
void AddDuration(CLI::App* app, const std::string& name, int64_t* value_ns, const std::string& help,
                 int64_t least_ns = 0) {
  app->add_option_function<std::string>(
         name,
         [name, value_ns, least_ns](const std::string& text) {
           std::string wrong = ReadDuration(text, value_ns);
           if (wrong.empty() && *value_ns < least_ns) wrong = "found \"" + text + "\"; allowed: more than nothing";
           if (!wrong.empty()) throw CLI::ValidationError(name, wrong);
         },
         help)
      ->type_name("DURATION");
}

void AddLimits(CLI::App* app, ServerOptions* options) {
  constexpr int64_t kLeast = 1;
  constexpr int64_t kMost = 1'000'000;
  AddNumber(app, "--max-calls", &options->calls_max, kLeast, kMost,
            "Streams and waiting calls open at once; more are refused");
  AddNumber(app, "--max-calls-per-peer", &options->calls_per_peer_max, kLeast, kMost,
            "The same, of one host (a proxy is one, and so is an IPv6 /64): no client takes all that there are");
  AddNumber(app, "--max-connections", &options->connections_max, kLeast, kMost,
            "Connections open at once; more are closed (default: 1000 more than calls, or what the limit of open files "
            "allows)")
      ->default_str("");
  AddNumber(app, "--max-connections-per-peer", &options->connections_per_peer_max, kLeast, kMost,
            "The same, of one host (default: 100 more than calls)")
      ->default_str("");
  AddDuration(app, "--handshake-timeout", &options->handshake_timeout_ns,
              "A connection that does not speak HTTP/2 by then is closed (default 10s)", 1);
  AddDuration(app, "--connection-idle", &options->connection_idle_ns,
              "A connection that has no call for so long is ended (default 5m)", 1);
  AddDuration(app, "--max-connection-age", &options->connection_age_ns,
              "A connection about so old is ended, so that streams spread over replicas again (default 0s: never)");
  AddDuration(app, "--max-connection-age-grace", &options->connection_age_grace_ns,
              "Its calls may take so long to end by themselves (default 30s); streams are cut then, and resume");
}

}  // namespace

std::optional<int> ParseServerOptions(std::vector<std::string> args, ServerOptions* options) {
  CLI::App app("Reads a Kafka topic of payments, keeps them, and serves them over gRPC.", "payment-server");
  app.footer(kFooter);
  app.set_version_flag(
      "--version",
      VersionText("payment-server", fmt::format("librdkafka {}, gRPC {}", rd_kafka_version_str(), grpc::Version())));
  AddKafkaOptions(&app, &options->kafka);
  AddNumber(&app, "--port", &options->port, 0, 65535,
            "Port to listen on; 0: a free one, which is printed (env GRPC_PORT)")
      ->envname("GRPC_PORT");
  app.add_option("--listen", options->listen,
                 "Address to listen on; 0.0.0.0 or ::, all of them: whoever reaches it reads all payments, as there is "
                 "no TLS")
      ->capture_default_str();
  app.add_option("--window-bytes", options->window_bytes_max,
                 "Newest records kept ready for streams, for instance 64MB; older ones are read from Kafka again")
      ->transform(CLI::AsSizeValue(false))
      ->transform(DecimalSize())
      ->check(CLI::Range(kWindowBytesMin, int64_t{1} << 50, "at least 1MB"))
      ->capture_default_str();
  app.add_option(
         "--slow-subscriber", options->slow_subscriber,
         "A stream that falls off the window: catch-up reads it from Kafka until it is back, disconnect ends it "
         "(it may resume)")
      ->transform(
          OneOf<SlowSubscriber>({{SlowSubscriberName(SlowSubscriber::kCatchUp), SlowSubscriber::kCatchUp},
                                 {SlowSubscriberName(SlowSubscriber::kDisconnect), SlowSubscriber::kDisconnect}}))
      ->type_name("catch-up|disconnect")
      ->default_str("catch-up");
  AddNumber(&app, "--max-payments", &options->payments_max, int64_t{1}, int64_t{1} << 50,
            "Payments kept; when the topic has more, only resumed streams are served (docs/limits.md)");
  app.add_option("--max-store-bytes", options->store_bytes_max,
                 "The same, in bytes of them, for instance 4GB (default: half of the memory that the machine or the "
                 "container has, without the window)")
      ->transform(CLI::AsSizeValue(false))
      ->transform(DecimalSize())
      ->check(CLI::Range(kWindowBytesMin, int64_t{1} << 50, "at least 1MB"))
      ->type_name("SIZE");
  AddLimits(&app, options);
  app.add_option("--journal", options->journal_path,
                 "Appends what was read from Kafka and written to each stream to this file (docs/formats.md)")
      ->type_name("FILE");
  app.add_option_function<std::string>(
         "--dlq", [options](const std::string& text) { options->dead_letters.enabled = text == "on"; },
         "Writes rejected records, unchanged, to the dead-letter topic, each once; for one replica of a topic")
      ->type_name("on|off")
      ->check(CLI::IsMember({"on", "off"}))
      ->default_str("off");
  app.add_option("--tombstones", options->tombstones,
                 "A record with a key and no value: reject counts it as no payment, delete takes away what was kept "
                 "under its key, as on a compacted topic it always does")
      ->transform(OneOf<Tombstones>({{"reject", Tombstones::kReject}, {"delete", Tombstones::kDelete}}))
      ->type_name("reject|delete")
      ->default_str("reject");
  app.add_option("--dlq-topic", options->dead_letters.topic,
                 "The dead-letter topic (default: the topic's name with .dlq); created where Kafka creates topics that "
                 "are asked for")
      ->check(TopicName())
      ->type_name("TOPIC");
  app.add_option_function<std::string>(
         "--metrics-listen",
         [options](const std::string& text) {
           const std::string wrong = CheckMetricsAddress(text);
           if (!wrong.empty()) throw CLI::ValidationError("--metrics-listen", wrong);
           options->metrics_listen = text;
         },
         "Answers Prometheus at http://HOST:PORT/metrics (docs/metrics.md); port 0: a free one, which is printed")
      ->type_name("HOST:PORT");
  app.add_flag("--demo-data", options->demo_data,
               "Adds payments pay_001 to pay_003, served by GetPayment and ListPayments even without Kafka");
  AddDuration(&app, "--drain-timeout", &options->drain_timeout_ns,
              "How long open calls may take to end when the server is stopped (default 5s)");
  app.add_option_function<std::string>(
         "--unready-after",
         [options](const std::string& text) {
           const std::string wrong = ReadDuration(text, &options->unready_after_ns);
           if (!wrong.empty()) throw CLI::ValidationError("--unready-after", wrong);
         },
         "How long Kafka may be away until health of a loaded server is NOT_SERVING (default 15s)")
      ->type_name("DURATION");
  app.add_option_function<std::string>(
         "--keepalive",
         [options](const std::string& text) {
           const std::string wrong = ReadKeepalive(text, options);
           if (!wrong.empty()) throw CLI::ValidationError("--keepalive", wrong);
         },
         "When an idle connection is probed, and how long the answer may take (default 10s,5s)")
      ->type_name("TIME,TIMEOUT");
  try {
    std::reverse(args.begin(), args.end());  // as CLI11 wants a vector
    ParseArguments(&app, std::move(args));
    options->calls_max_given = app.count("--max-calls") > 0;
    options->calls_per_peer_max_given = app.count("--max-calls-per-peer") > 0;
    const std::string dead_letters = DeadLetterTopicName(options->dead_letters, options->kafka);
    if (options->dead_letters.enabled && dead_letters == options->kafka.topic) {
      throw CLI::ValidationError("--dlq-topic", "found the topic that is read; allowed: another one");
    }
    // The topic's own name may be so long that it has no room for what is appended.
    const std::string wrong = CheckTopicName(dead_letters);
    if (options->dead_letters.enabled && !wrong.empty()) throw CLI::ValidationError("--dlq-topic", wrong);
  } catch (const CLI::ParseError& error) {
    return ExitForParse(app, error, kExitOutputLost);
  }
  return std::nullopt;
}

void FitToDescriptors(ServerOptions* options) {
  const DescriptorPlan plan =
      PlanDescriptors({options->calls_max, options->calls_per_peer_max, options->connections_max,
                       options->connections_per_peer_max, options->calls_max_given, options->calls_per_peer_max_given},
                      RaiseDescriptorLimit());
  if (!plan.error.empty()) throw std::runtime_error(plan.error);
  if (!plan.lowered.empty()) spdlog::warn("[SERVER] {}", plan.lowered);
  options->calls_max = plan.limits.calls_max;
  options->calls_per_peer_max = plan.limits.calls_per_peer_max;
  options->connections_max = plan.limits.connections_max;
  options->connections_per_peer_max = plan.limits.connections_per_peer_max;
}

std::string ServerBanner(const ServerOptions& options, int port, int metrics_port) {
  const KafkaSettings& kafka = options.kafka;
  const std::string sasl = kafka.sasl_mechanism.empty() ? "" : ", SASL " + kafka.sasl_mechanism;
  const std::string metrics =
      metrics_port == 0
          ? ""
          : fmt::format("  Metrics: http://{}:{}/metrics\n",
                        options.metrics_listen.substr(0, options.metrics_listen.rfind(':')), metrics_port);
  const std::string dlq =
      options.dead_letters.enabled ? "  DLQ:   " + DeadLetterTopicName(options.dead_letters, kafka) + "\n" : "";
  return fmt::format(
      "payment-server {}\n"
      "  gRPC:  {}:{}\n"
      "  Kafka: {}, topic {}\n"
      "  SSL:   {}{}\n"
      "{}{}",
      PIPELINE_VERSION, options.listen, port, kafka.brokers, kafka.topic, kafka.ssl ? "enabled" : "disabled", sasl,
      metrics, dlq);
}

}  // namespace pipeline
