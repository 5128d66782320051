#include "harness/report/live_frame.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kClientsShown = 6;
constexpr size_t kBarColumns = 24;

// The share of the phase that is over, 0 to 1.
double Progress(const LiveState& state, int64_t now_ns) {
  double share = 0;
  if (state.phase_duration_ns > 0) {
    share = static_cast<double>(now_ns - state.phase_begin_ns) / static_cast<double>(state.phase_duration_ns);
  } else if (state.phase_count > 0) {
    share = static_cast<double>(state.counts.sent - state.sent_at_phase_begin) / static_cast<double>(state.phase_count);
  }
  return std::clamp(share, 0.0, 1.0);
}

std::string Seconds(int64_t duration_ns) {
  return fmt::format("{:.1f}", static_cast<double>(std::max<int64_t>(duration_ns, 0)) / 1e9);
}

// "steady 4.2 of 12.0 s, 7.8 s left"; "burst 40,000 of 100,000 sent"; "draining".
std::string Where(const LiveState& state, int64_t now_ns) {
  if (!state.step.empty() || state.phase.empty()) {
    return Printable(state.step.empty() ? "starting" : state.step) + " " + Seconds(now_ns - state.run_begin_ns) + " s";
  }
  if (state.phase_duration_ns > 0) {
    const int64_t elapsed_ns = std::min(now_ns - state.phase_begin_ns, state.phase_duration_ns);
    return fmt::format("{} {} of {} s, {} s left", Printable(state.phase), Seconds(elapsed_ns),
                       Seconds(state.phase_duration_ns), Seconds(state.phase_duration_ns - elapsed_ns));
  }
  const int64_t sent = std::clamp<int64_t>(state.counts.sent - state.sent_at_phase_begin, 0, state.phase_count);
  return fmt::format("{} {} of {} sent", Printable(state.phase), CountText(sent), CountText(state.phase_count));
}

std::string ClientLine(const LiveState& state) {
  std::string line;
  for (size_t i = 0; i < std::min(state.counts.clients.size(), kClientsShown); ++i) {
    const ClientCounts& client = state.counts.clients[i];
    line += (line.empty() ? "" : " · ") + Printable(client.name) + " " + CountText(client.delivered);
    line += client.left ? " (left)" : client.awaited ? " (not there yet)" : client.connected ? "" : " (disconnected)";
  }
  if (state.counts.clients.size() > kClientsShown) {
    line += fmt::format(" · and {}", CountText(static_cast<int64_t>(state.counts.clients.size() - kClientsShown)));
  }
  return line;
}

std::string Fitted(const ConsoleStyle& style, const std::string& line) {
  const std::string clipped = style.width_columns > 0 ? Clipped(line, TextColumns(style)) : line;
  return style.utf8 ? clipped : Ascii(clipped);
}

}  // namespace

LiveRates RatesBetween(const LiveCounts& before, const LiveCounts& now, int64_t elapsed_ns) {
  if (elapsed_ns <= 0) return {};
  const double seconds = static_cast<double>(elapsed_ns) / 1e9;
  const auto rate = [&](int64_t from, int64_t to) {
    return static_cast<double>(std::max<int64_t>(0, to - from)) / seconds;
  };
  return {rate(before.sent, now.sent), rate(before.acked, now.acked), rate(before.delivered_min, now.delivered_min)};
}

std::vector<std::string> TerminalFrame(const LiveState& state, const LiveRates& rates, int64_t now_ns,
                                       const ConsoleStyle& style) {
  std::vector<std::string> lines{Where(state, now_ns)};
  if (state.step.empty() && !state.phase.empty()) {
    const size_t columns = std::min(kBarColumns, TextColumns(style));
    const auto filled = static_cast<size_t>(Progress(state, now_ns) * static_cast<double>(columns));
    std::string bar;
    for (size_t i = 0; i < columns; ++i) bar += i < filled ? "█" : "░";
    lines.push_back(bar);
  }
  const auto add = [&](std::string_view name, int64_t count, double per_s) {
    lines.push_back("  " + PadRight(name, 12) + PadLeft(CountText(count), 13) + PadLeft(RateText(per_s), 14));
  };
  add("offered", state.counts.sent, rates.sent_per_s);
  add("acknowledged", state.counts.acked, rates.acked_per_s);
  add("delivered", state.counts.delivered_min, rates.delivered_per_s);
  lines.push_back("  " + PadRight("lag", 12) + PadLeft(CountText(state.counts.lag_max), 13));
  if (!state.counts.clients.empty()) lines.push_back("  " + ClientLine(state));
  for (std::string& line : lines) line = Fitted(style, line);
  lines.front() = Painted(style, Color::kBold, lines.front());
  return lines;
}

std::string PlainLine(const LiveState& state, const LiveRates& rates, int64_t now_ns, const ConsoleStyle& style) {
  std::string line = Where(state, now_ns);
  line += fmt::format(" · offered {} ({}) · acknowledged {} ({}) · delivered {} ({}) · lag {}",
                      CountText(state.counts.sent), RateText(rates.sent_per_s), CountText(state.counts.acked),
                      RateText(rates.acked_per_s), CountText(state.counts.delivered_min),
                      RateText(rates.delivered_per_s), CountText(state.counts.lag_max));
  return Fitted(style, line);
}

std::string NoticeLine(const LiveState& state, const std::string& notice, int64_t time_ns, const ConsoleStyle& style) {
  // Never clipped: a notice stays, and what it says may be wanted whole.
  const std::string when = state.load_begin_ns == 0 ? "" : MomentText(time_ns, state.load_begin_ns) + "  ";
  const std::string line = "  " + when + Printable(notice);
  return style.utf8 ? line : Ascii(line);
}

std::string Redraw(size_t previous_lines, const std::vector<std::string>& lines) {
  std::string text;
  if (previous_lines > 0) text += fmt::format("\x1b[{}A", previous_lines);
  text += "\r\x1b[J";
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace harness
