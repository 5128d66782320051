#include "client/command.h"

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string_view>
#include <tuple>

#include "common/clock.h"
#include "common/program.h"
#include "common/settings.h"
#include "text/duration.h"

namespace pipeline {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int kListLimitMax = 100;

constexpr char kFooter[] = R"(
Examples:
  payment-client                                      payments as they come, from localhost:50051
  payment-client --server pay1.example.com,pay2.example.com:50052 --backoff 100ms..2s
  payment-client --provider stripe --status completed --json | jq .payment.id
  payment-client --event-log events.jsonl             keeps every payment and the token; run again, it goes on there
  payment-client get pay_001
  payment-client list --provider paypal --limit 20
  payment-client list --all --json

Exit codes:
  0  stopped by SIGINT, SIGTERM or SIGHUP, or nobody reads standard output any more; `get` and `list`: answered
  1  the last attempt failed, or a status that is not retried, or the event log or standard output can't be written
  2  wrong usage, or an event log that can't be gone on with (damaged, made for another filter, in use)
  6  gap: the server no longer has the records after the last one received (--on-gap=fail); the range is printed

Settings come from options, then from the environment, then from .env in the working directory:
  GRPC_SERVER_HOST  host[:port], several with commas
  GRPC_SERVER_PORT  the port of those without one)";

// The options as text, before they mean anything.
struct Words {
  std::string servers = "localhost";
  int port = 50051;
  std::string provider;
  std::string status;
  std::string backoff = "3s";
  std::string keepalive = "10s,5s";
  std::string connect_timeout = "5s";
  std::string timeout = "10s";
  std::string on_gap = "fail";
  std::string rpc = "auto";
  std::string resume = "token";
};

int64_t Duration(const std::string& option, const std::string& text) {
  const std::optional<int64_t> duration_ns = ParseDurationNs(text);
  if (!duration_ns || *duration_ns < kMillisecondNs) {
    throw SettingsError(option + ": found \"" + text + "\"; allowed: 1ms to 24h, as in 500ms, 5s, 2m");
  }
  return *duration_ns;
}

Filter FilterOf(const Words& words) {
  Filter filter;
  if (!words.provider.empty()) {
    filter.provider = ProviderFromText(words.provider);
    if (filter.provider == Provider::kUnknown) {
      throw SettingsError("--provider: found \"" + words.provider + "\"; allowed: stripe, razorpay, paypal");
    }
  }
  if (!words.status.empty()) {
    filter.status = StatusFromText(words.status);
    if (filter.status == PaymentStatus::kUnknown) {
      throw SettingsError("--status: found \"" + words.status + "\"; allowed: pending, completed, failed, refunded");
    }
  }
  return filter;
}

void Interpret(const Words& words, ClientCommand* command) {
  SubscriptionOptions& options = command->subscription;
  options.servers = ServerAddresses(words.servers, words.port);
  options.filter = FilterOf(words);
  const auto backoff = ParseBackoff(words.backoff);
  if (!backoff) {
    throw SettingsError("--backoff: found \"" + words.backoff +
                        "\"; allowed: MIN..MAX, as in 100ms..2s, or a fixed delay, as in 3s");
  }
  std::tie(options.reconnect.delay_min_ns, options.reconnect.delay_max_ns) = *backoff;
  const auto keepalive = ParseKeepalive(words.keepalive);
  if (!keepalive) {
    throw SettingsError("--keepalive: found \"" + words.keepalive + "\"; allowed: TIME,TIMEOUT, as in 10s,5s");
  }
  std::tie(options.keepalive_time_ns, options.keepalive_timeout_ns) = *keepalive;
  options.connect_timeout_ns = Duration("--connect-timeout", words.connect_timeout);
  command->timeout_ns = Duration("--timeout", words.timeout);
  options.on_gap = words.on_gap == "snapshot"   ? OnGap::kSnapshot
                   : words.on_gap == "earliest" ? OnGap::kEarliest
                                                : OnGap::kFail;
  options.resume = words.resume == "token";
  options.rpc = words.rpc == "subscribe" ? StreamRpc::kSubscribe
                : words.rpc == "stream"  ? StreamRpc::kStream
                                         : StreamRpc::kAuto;
  options.jitter_seed = static_cast<uint64_t>(MonotonicNs());
}

}  // namespace

std::optional<std::pair<int64_t, int64_t>> ParseBackoff(std::string_view text) {
  constexpr std::string_view kTo = "..";
  const size_t dots = text.find(kTo);
  const std::optional<int64_t> min_ns = ParseDurationNs(text.substr(0, dots));
  const std::optional<int64_t> max_ns =
      dots == std::string_view::npos ? min_ns : ParseDurationNs(text.substr(dots + kTo.size()));
  if (!min_ns || !max_ns || *min_ns <= 0 || *min_ns > *max_ns) return std::nullopt;
  return std::pair(*min_ns, *max_ns);
}

std::optional<std::pair<int64_t, int64_t>> ParseKeepalive(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> time_ns = ParseDurationNs(text.substr(0, comma));
  const std::optional<int64_t> timeout_ns = ParseDurationNs(text.substr(comma + 1));
  if (!time_ns || !timeout_ns || *time_ns < kMillisecondNs || *timeout_ns < kMillisecondNs) return std::nullopt;
  return std::pair(*time_ns, *timeout_ns);
}

ClientParse ParseClientCommand(std::vector<std::string> args) {
  ClientParse result;
  ClientCommand& command = result.command;
  Words words;
  CLI::App app("Shows the payments of a payment-server, and goes on where it was when the stream breaks.",
               "payment-client");
  app.footer(kFooter);
  app.set_version_flag("--version", VersionText("payment-client", "gRPC " + grpc::Version()));
  app.require_subcommand(0, 1);

  app.add_option("--server", words.servers, "host[:port], several with commas: the next one after a failure")
      ->envname("GRPC_SERVER_HOST")
      ->capture_default_str();
  AddNumber(&app, "--port", &words.port, 1, 65535, "Port of servers without one")->envname("GRPC_SERVER_PORT");
  app.add_option("--provider", words.provider, "Only this one: stripe, razorpay, paypal");
  app.add_option("--status", words.status, "Only this one: pending, completed, failed, refunded");
  app.add_flag("--json", command.json, "One JSON object a line; everything else goes to standard error");
  app.add_flag("--mask-personal", command.mask_personal,
               "E-mail addresses are shown as s***@example.com, in JSON too; an event log keeps them whole");
  app.add_option("--connect-timeout", words.connect_timeout, "How long one attempt to connect may take")
      ->capture_default_str();
  app.add_option(
         "--keepalive", words.keepalive,
         "TIME,TIMEOUT: ping an idle server after TIME, give it TIMEOUT to answer; TIME doubles for a server that "
         "finds it too often")
      ->capture_default_str();
  const std::vector<CLI::Option*> stream_only = {
      app.add_option(
          "--event-log", command.subscription.event_log_path,
          "File that every payment is written to before it is shown; a new start goes on after its last entry"),
      app.add_option("--backoff", words.backoff, "Wait before an attempt: fixed, or MIN..MAX, exponential with jitter")
          ->capture_default_str(),
      AddNumber(
          &app, "--attempts", &command.subscription.reconnect.attempts_max, 0, 1'000'000,
          "Failed attempts in a row before giving up; 0: no limit. No failure: a stream that brought news, or stood "
          "longer than the waits are, or was ended for its pings"),
      app.add_option(
             "--on-gap", words.on_gap,
             "When the server can't go on where this client was: fail, start again with a snapshot (payments come "
             "again as existing), or go on at the earliest record left")
          ->check(CLI::IsMember({"fail", "snapshot", "earliest"}))
          ->capture_default_str(),
      app.add_option("--resume", words.resume,
                     "token: a new stream goes on where the one before ended; none: each begins anew, with a snapshot")
          ->check(CLI::IsMember({"token", "none"}))
          ->capture_default_str(),
      app.add_option("--rpc", words.rpc,
                     "subscribe (SubscribePayments: many payments a message, and bookmarks), stream (StreamPayments), "
                     "or auto: subscribe where the server offers it")
          ->check(CLI::IsMember({"auto", "subscribe", "stream"}))
          ->capture_default_str()};

  app.add_subcommand("stream", "Payments as they come (the default)")->fallthrough();
  CLI::App* get = app.add_subcommand("get", "One payment")->fallthrough();
  get->add_option("ID", command.payment_id, "The payment's id")->required()->check([](const std::string& id) {
    return id.empty() ? "found an empty id; allowed: the id of a payment" : std::string();
  });
  CLI::App* list = app.add_subcommand("list", "The payments there are now, a page at a time")->fallthrough();
  AddNumber(list, "--limit", &command.limit, 1, kListLimitMax, "Payments on a page");
  list->add_option("--cursor", command.cursor, "Where the page begins, as the page before said");
  list->add_flag("--all", command.all, "All pages, from --cursor on");
  for (CLI::App* sub : {get, list}) {
    sub->add_option("--timeout", words.timeout, "How long one call may take")->capture_default_str();
  }

  try {
    LoadDotEnv();
    std::reverse(args.begin(), args.end());  // as CLI11 takes them
    ParseArguments(&app, std::move(args));
    if (get->parsed()) command.action = ClientAction::kGet;
    if (list->parsed()) command.action = ClientAction::kList;
    for (const CLI::Option* option : stream_only) {
      if (command.action != ClientAction::kStream && option->count() > 0) {
        throw SettingsError(option->get_name() + ": allowed with `stream` only");
      }
    }
    Interpret(words, &command);
  } catch (const CLI::ParseError& error) {
    result.exit_code = ExitForParse(app, error, kExitFailed);
  } catch (const SettingsError& error) {
    std::cerr << "payment-client: " << error.what() << "\n";
    result.exit_code = kExitUsage;
  }
  return result;
}

}  // namespace pipeline
