#include "payment/timestamp.h"

#include <chrono>

#include "payment/money.h"

namespace pipeline {
namespace {

bool InCalendar(int64_t seconds) { return seconds >= kCalendarBeginS && seconds < kCalendarEndS; }

int64_t DividedRoundingDown(int64_t count, int64_t by) {
  const int64_t quotient = count / by;
  return count % by < 0 ? quotient - 1 : quotient;
}

// Takes a text apart from its front; once something was not there, it has failed for good.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  // Exactly so many digits, of a number from 0 to `max`.
  int64_t Number(size_t digits, int64_t max) {
    int64_t number = 0;
    for (size_t i = 0; i < digits; ++i) number = number * 10 + Digit();
    ok_ = ok_ && number <= max;
    return number;
  }
  // One of `allowed`.
  char Char(std::string_view allowed) {
    const char c = rest_.empty() ? '\0' : rest_.front();
    ok_ = ok_ && !rest_.empty() && allowed.find(c) != std::string_view::npos;
    if (ok_) rest_.remove_prefix(1);
    return c;
  }
  void SkipFraction() {
    if (!rest_.starts_with('.')) return;
    rest_.remove_prefix(1);
    Digit();
    while (ok_ && !rest_.empty() && IsDigit(rest_.front())) rest_.remove_prefix(1);
  }
  // Everything was there, and nothing more.
  bool Done() const { return ok_ && rest_.empty(); }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  int64_t Digit() { return Char("0123456789") - '0'; }

  std::string_view rest_;
  bool ok_ = true;
};

std::optional<int64_t> ParseDateTime(std::string_view text) {
  Scanner scanner(text);
  const auto year = std::chrono::year(static_cast<int>(scanner.Number(4, 9999)));
  scanner.Char("-");
  const auto month = std::chrono::month(static_cast<unsigned>(scanner.Number(2, 12)));
  scanner.Char("-");
  const auto day = std::chrono::day(static_cast<unsigned>(scanner.Number(2, 31)));
  scanner.Char("Tt");
  int64_t seconds = scanner.Number(2, 23) * 3600;
  scanner.Char(":");
  seconds += scanner.Number(2, 59) * 60;
  scanner.Char(":");
  seconds += scanner.Number(2, 60);
  scanner.SkipFraction();
  const char zone = scanner.Char("Zz+-");
  if (zone == '+' || zone == '-') {
    int64_t ahead = scanner.Number(2, 23) * 3600;
    scanner.Char(":");
    ahead += scanner.Number(2, 59) * 60;
    seconds += zone == '+' ? -ahead : ahead;
  }
  const std::chrono::year_month_day date(year, month, day);
  if (!scanner.Done() || !date.ok()) return std::nullopt;
  seconds += int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86'400;
  if (!InCalendar(seconds)) return std::nullopt;
  return seconds;
}

}  // namespace

int64_t EpochSeconds(int64_t count) {
  int64_t seconds = count;
  for (int64_t in_a_second = 1000; !InCalendar(seconds); in_a_second *= 1000) {
    seconds = DividedRoundingDown(count, in_a_second);
  }
  return seconds;
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  if (const auto count = ParseFloor(text)) return EpochSeconds(*count);
  return ParseDateTime(text);
}

}  // namespace pipeline
