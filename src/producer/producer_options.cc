#include "producer/producer_options.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <random>
#include <tuple>
#include <utility>

#include "common/program.h"
#include "producer/payment_maker.h"
#include "text/decimal.h"
#include "text/duration.h"

namespace pipeline {
namespace {

constexpr int kExitNotAll = 1;
constexpr double kRatePerSMax = 10'000'000;
constexpr char kDescription[] = "Makes test payments and sends them to Kafka, one after the other.";
constexpr char kFooter[] =
    "\nExamples:\n"
    "  payment-producer 20                          twenty payments, one a second\n"
    "  payment-producer --count 0 --rate 500/s      500 a second until Ctrl+C\n"
    "\nExit codes: 0 all delivered, 1 not all, or standard output can't be written, 2 usage, 3 no broker reached.";

// The whole of `text` as a number.
template <typename T>
std::optional<T> Number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// An option whose text `parse` turns into its value; "" or what is allowed instead.
CLI::Option* AddText(CLI::App* app, const std::string& name, const std::string& type, const std::string& help,
                     const std::function<std::string(const std::string&)>& parse) {
  return app
      ->add_option_function<std::string>(
          name,
          [name, parse](const std::string& text) {
            const std::string allowed = parse(text);
            if (!allowed.empty()) {
              throw CLI::ValidationError(name, fmt::format("found \"{}\"; allowed is {}", text, allowed));
            }
          },
          help)
      ->type_name(type);
}

CLI::Option* AddDuration(CLI::App* app, const std::string& name, const std::string& help, int64_t* duration_ns) {
  return AddText(app, name, "DURATION", help, [duration_ns](const std::string& text) -> std::string {
    const auto parsed = ParseDurationNs(text);
    if (!parsed) return "a time with its unit, for instance 500ms or 1.5s";
    *duration_ns = *parsed;
    return "";
  });
}

}  // namespace

std::optional<double> ParseRate(std::string_view text) {
  if (!text.ends_with("/s")) return std::nullopt;
  text.remove_suffix(2);
  const std::optional<Decimal> decimal = TakeDecimal(&text);
  if (!decimal || !text.empty()) return std::nullopt;
  const double rate = static_cast<double>(decimal->whole) + static_cast<double>(decimal->billionths) / 1e9;
  if (!(rate > 0) || rate > kRatePerSMax) return std::nullopt;
  return rate;
}

std::optional<std::pair<int, int>> ParseRange(std::string_view text) {
  const size_t dots = text.find("..");
  const auto first = Number<int>(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : Number<int>(text.substr(dots + 2));
  if (!first || !last || *first < 1 || *last < *first || *last > kRecordsPerPaymentMax) return std::nullopt;
  return std::pair(*first, *last);
}

std::optional<int> ParseProducerOptions(const std::vector<std::string>& args, ProducerOptions* options) {
  CLI::App app(kDescription, "payment-producer");
  app.footer(kFooter);
  app.set_version_flag("--version",
                       VersionText("payment-producer", fmt::format("librdkafka {}", rd_kafka_version_str())));
  AddKafkaOptions(&app, &options->kafka);
  AddNumber(&app, "count,--count", &options->count, int64_t{0}, int64_t{1'000'000'000'000},
            "Records to send; 0: until stopped")
      ->type_name("N");
  CLI::Option* interval = AddDuration(&app, "--interval", "Time between two records [1s]", &options->interval_ns);
  AddText(&app, "--rate", "N/s", "Records a second, in place of --interval",
          [options](const std::string& text) -> std::string {
            const auto rate = ParseRate(text);
            if (!rate) return "a rate above 0 and up to 10000000/s, for instance 500/s";
            options->rate_per_s = *rate;
            return "";
          })
      ->excludes(interval);
  options->seed = std::random_device()() | (uint64_t{std::random_device()()} << 32);
  app.add_option("--seed", options->seed, "The same seed makes the same payments [random]")
      ->transform(DecimalNumber())
      ->type_name("N");
  AddText(&app, "--records-per-payment", "MIN..MAX", "Records of one payment's life [1]",
          [options](const std::string& text) -> std::string {
            const auto range = ParseRange(text);
            if (!range) return fmt::format("a number or MIN..MAX, from 1 to {}", kRecordsPerPaymentMax);
            std::tie(options->records_per_payment_min, options->records_per_payment_max) = *range;
            return "";
          });
  app.add_option("--rec-prefix", options->rec_prefix, "Puts \"rec\": \"RUN.NAME.<sequence>\" into the metadata")
      ->type_name("RUN.NAME");
  app.add_option("--ack-log", options->ack_log, "Records every send and its outcome in this file")->type_name("FILE");
  AddDuration(&app, "--connect-timeout", "Time to reach a broker [10s]", &options->connect_timeout_ns);
  AddDuration(&app, "--flush-timeout", "Time for the last outcomes at the end [30s]", &options->flush_timeout_ns);
  app.add_flag("--quiet", options->quiet, "No line for each record");
  std::vector<std::string> reversed = AcceptGoFlags(args, {"count", "interval", "rate", "seed"});
  std::reverse(reversed.begin(), reversed.end());
  try {
    ParseArguments(&app, std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return ExitForParse(app, error, kExitNotAll);
  }
  return std::nullopt;
}

}  // namespace pipeline
