#include "client/display.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "client/event_log.h"
#include "payment/codec.h"
#include "payment/money.h"
#include "payment/timestamp.h"
#include "text/duration.h"

namespace pipeline {
namespace {

// A server may send an id or an address of a megabyte; a person wants to see a line.
constexpr int kFieldColumnsMax = 120;
constexpr int kMessageColumnsMax = 600;
constexpr int kIndent = 3;

std::string Joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

int64_t RoundTo(int64_t value, int64_t unit) { return (value + unit / 2) / unit * unit; }

}  // namespace

std::string UtcText(int64_t epoch_time) {
  const auto time = static_cast<time_t>(EpochSeconds(epoch_time));
  tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string ClientDisplay::Line(std::string_view text) const {
  const std::string printable = Printable(text, style_.utf8, kMessageColumnsMax);
  // Broken at spaces: each word is a piece, with the spaces before it.
  std::vector<Piece> words;
  for (std::string_view rest = printable; !rest.empty();) {
    const size_t begin = std::min(rest.find_first_not_of(' '), rest.size());
    const size_t end = std::min(rest.find(' ', begin), rest.size());
    words.push_back({rest.substr(0, begin), std::string(rest.substr(begin, end - begin))});
    rest.remove_prefix(end);
  }
  if (!words.empty()) words[0].text.insert(0, words[0].separator);  // indentation
  return JoinWrapped(words, kIndent, style_) + "\n";
}

std::string ClientDisplay::Banner(const SubscriptionOptions& options) const {
  std::string text = Line("Payment client");
  text += Line("  Connecting to: " + Joined(options.servers));
  text += Line("  Auto-reconnect: enabled");
  if (!(options.filter == Filter{})) {
    std::vector<std::string> words;
    if (options.filter.provider != Provider::kUnknown) {
      words.push_back(fmt::format("provider {}", ProviderName(options.filter.provider)));
    }
    if (options.filter.status != PaymentStatus::kUnknown) {
      words.push_back(fmt::format("status {}", StatusName(options.filter.status)));
    }
    text += Line("  Filter: " + Joined(words));
  }
  if (!options.event_log_path.empty()) text += Line("  Event log: " + options.event_log_path);
  return text;
}

std::string ClientDisplay::Field(std::string_view text) const { return Printable(text, style_.utf8, kFieldColumnsMax); }

std::string ClientDisplay::AmountText(const Payment& payment) const {
  // Without UTF-8 there is no "₹": the code says which currency it is.
  if (style_.utf8) return Field(Display(payment.amount, payment.currency));
  return Field(fmt::format("{} {}", ToText(payment.amount, IsoDigits(payment.currency)), payment.currency));
}

std::string ClientDisplay::PaymentLine(std::string_view symbol, const Payment& payment) const {
  const std::vector<Piece> pieces = {{"", fmt::format("{}[{}]", symbol, UtcText(payment.created_at_s))},
                                     {" ", Field(payment.id)},
                                     {" | ", std::string(ProviderName(payment.provider))},
                                     {" | ", AmountText(payment)},
                                     {" | ", std::string(StatusName(payment.status))}};
  return JoinWrapped(pieces, kIndent, style_) + "\n";
}

std::string ClientDisplay::EventLine(const ReceivedEvent& event) const {
  if (style_.utf8) return PaymentLine(event.existing ? "📦 " : "🆕 ", event.payment);
  return PaymentLine(event.existing ? "OLD " : "NEW ", event.payment);
}

std::string ClientDisplay::ListLine(const Payment& payment) const { return PaymentLine("", payment); }

std::string ClientDisplay::ListEnd(int64_t shown, int64_t total, const std::string& cursor) const {
  std::string text = fmt::format("{} of {} payments", shown, total);
  if (!cursor.empty()) text += "; the next page: --cursor " + cursor;
  return Line(text);
}

std::string ClientDisplay::Details(const Payment& payment, int64_t processed_at_s) const {
  const auto field = [this](std::string_view name, const std::string& value) {
    return JoinWrapped({{"", fmt::format("  {:<11}", fmt::format("{}:", name))}, {" ", value}}, kIndent, style_) + "\n";
  };
  std::string text = JoinWrapped({{"", Field(payment.id)}}, kIndent, style_) + "\n";
  text += field("Provider", std::string(ProviderName(payment.provider)));
  text += field("Amount", AmountText(payment));
  text += field("Status", std::string(StatusName(payment.status)));
  text += field("Email", Field(payment.customer_email));
  text += field("Created", UtcText(payment.created_at_s));
  text += field("Processed", UtcText(processed_at_s));
  for (const auto& [key, value] : payment.metadata) text += field("Metadata", Field(key) + " = " + Field(value));
  return text;
}

std::string ClientDisplay::StartedLine(const StreamStarted& start) const {
  std::string text = "Connected to " + start.server;
  if (!start.server_id.empty()) text += " (" + start.server_id + ")";
  return Line(text + (start.resumed ? ", resuming" : ""));
}

std::string ClientDisplay::EndedLine(const StreamEnded& end) const {
  if (end.code == 0) return Line("Stream ended by server");
  return Line(fmt::format("Stream error (code {}): {}", end.code,
                          end.message.empty() ? StatusCodeName(end.code) : end.message));
}

std::string ClientDisplay::ReconnectingLine(int attempt, int attempts_max, int64_t wait_ns) const {
  const std::string wait = DurationText(RoundTo(wait_ns, 1'000'000));
  if (attempt == 0) return Line(fmt::format("Reconnecting in {}...", wait));
  const std::string of = attempts_max > 0 ? fmt::format("/{}", attempts_max) : "";
  return Line(fmt::format("Reconnecting in {} (attempt {}{})...", wait, attempt, of));
}

std::string ClientDisplay::GapLines(const std::vector<Gap>& gaps) const {
  std::string text;
  for (const Gap& gap : gaps) {
    if (gap.wanted < gap.earliest) {
      text += Line(fmt::format("Gap in partition {}: offsets {} to {} are gone, the earliest left is {}", gap.partition,
                               gap.wanted, gap.earliest - 1, gap.earliest));
    } else {
      text += Line(fmt::format("Gap in partition {}: offset {} is not there, the earliest left is {}", gap.partition,
                               gap.wanted, gap.earliest));
    }
  }
  return text;
}

std::string ClientDisplay::SessionBox(const SessionNumbers& numbers) const {
  std::vector<std::string> rows = {
      fmt::format("Total:      {}", numbers.existing + numbers.fresh), fmt::format("Existing:   {}", numbers.existing),
      fmt::format("New:        {}", numbers.fresh), fmt::format("Dropped:    {}", numbers.dropped)};
  if (numbers.skipped > 0) rows.push_back(fmt::format("Skipped:    {}", numbers.skipped));
  rows.push_back(fmt::format("Duration:   {}", DurationText(RoundTo(numbers.duration_ns, 10'000'000))));
  rows.push_back(fmt::format("Reconnects: {}", numbers.reconnects));
  constexpr std::string_view kTitle = "Session";
  size_t width = 26;
  for (const std::string& row : rows) width = std::max(width, row.size());

  std::string text;
  // Too narrow for a frame: the numbers alone.
  if (style_.columns > 0 && static_cast<int>(width) + 4 > style_.columns) {
    text += Line(kTitle);
    for (const std::string& row : rows) text += Line(row);
    return text;
  }
  const auto rule = [&](std::string_view left, std::string_view line, std::string_view right) {
    text += left;
    for (size_t i = 0; i < width + 2; ++i) text += line;
    text += right;
    text += '\n';
  };
  const std::string_view side = style_.utf8 ? "│" : "|";
  const auto row_of = [&](std::string_view row) { text += fmt::format("{} {:<{}} {}\n", side, row, width, side); };
  style_.utf8 ? rule("┌", "─", "┐") : rule("+", "-", "+");
  row_of(kTitle);
  style_.utf8 ? rule("├", "─", "┤") : rule("+", "-", "+");
  for (const std::string& row : rows) row_of(row);
  style_.utf8 ? rule("└", "─", "┘") : rule("+", "-", "+");
  return text;
}

std::string EventJsonLine(const ReceivedEvent& event) {
  std::string json = fmt::format(R"({{"kind":"{}")", event.existing ? "existing" : "new");
  if (event.offset >= 0) json += fmt::format(R"(,"p":{},"o":{})", event.partition, event.offset);
  if (event.record_crc32c) json += fmt::format(R"(,"crc32c":{})", *event.record_crc32c);
  json += R"(,"payment":)";
  AppendPaymentJson(event.payment, event.processed_at_s, &json);
  return PrintableJson(json + "}\n");
}

std::string PaymentJsonLine(const Payment& payment, int64_t processed_at_s) {
  std::string json = R"({"payment":)";
  AppendPaymentJson(payment, processed_at_s, &json);
  return PrintableJson(json + "}\n");
}

std::string ListEndJsonLine(int64_t total, const std::string& cursor) {
  std::string json = fmt::format(R"({{"total_count":{},"next_cursor":)", total);
  AppendJsonString(cursor, &json);
  return PrintableJson(json + "}\n");
}

}  // namespace pipeline
