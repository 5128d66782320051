#include "harness/contract/timestamp.h"

#include <array>
#include <cstddef>
#include <string>

#include "harness/contract/decimal.h"

namespace harness {
namespace {

constexpr int64_t kFirstS = -62'167'219'200;  // 0000-01-01T00:00:00Z
constexpr int64_t kLastS = 253'402'300'799;   // 9999-12-31T23:59:59Z

int64_t SecondsOf(int64_t count) {
  if (kFirstS <= count && count <= kLastS) return count;
  const int64_t remainder = count % 1000;
  return SecondsOf((count - remainder) / 1000 - (remainder < 0 ? 1 : 0));
}

bool IsLeap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int64_t DaysOfMonth(int64_t year, int64_t month) {
  constexpr std::array<int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && IsLeap(year) ? 1 : 0);
}

// From 0000-01-01. `year` is 0 to 9999, `month` and `day` are of the calendar.
int64_t DaysBefore(int64_t year, int64_t month, int64_t day) {
  const int64_t last = year - 1;
  int64_t days = year == 0 ? 0 : year * 365 + last / 4 - last / 100 + last / 400 + 1;  // the year 0 is a leap year
  for (int64_t m = 1; m < month; ++m) days += DaysOfMonth(year, m);
  return days + day - 1;
}

// Whether `text` has the shape: 0 stands for a digit, T and Z for themselves in any case, the rest for itself.
bool HasShape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    const bool same = text[i] == shape[i] || (shape[i] >= 'A' && text[i] == shape[i] - 'A' + 'a');
    if (shape[i] == '0' ? !digit : !same) return false;
  }
  return true;
}

int64_t At(std::string_view text, size_t begin, size_t size) {
  return std::stoll(std::string(text.substr(begin, size)));
}

// "Z", "+01:00": how many seconds ahead of UTC.
std::optional<int64_t> ReadZone(std::string_view text) {
  if (HasShape(text, "Z")) return 0;
  if (!HasShape(text, "+00:00") && !HasShape(text, "-00:00")) return std::nullopt;
  const int64_t hours = At(text, 1, 2);
  const int64_t minutes = At(text, 4, 2);
  if (hours > 23 || minutes > 59) return std::nullopt;
  const int64_t seconds = hours * 3600 + minutes * 60;
  return text.front() == '-' ? -seconds : seconds;
}

std::optional<int64_t> ReadDateTime(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (!HasShape(text.substr(0, kShape.size()), kShape)) return std::nullopt;
  std::string_view zone = text.substr(kShape.size());
  if (zone.starts_with('.')) {
    const size_t end = zone.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) return std::nullopt;
    zone.remove_prefix(end);
  }
  const auto ahead = ReadZone(zone);
  const int64_t year = At(text, 0, 4);
  const int64_t month = At(text, 5, 2);
  const int64_t day = At(text, 8, 2);
  const int64_t hour = At(text, 11, 2);
  const int64_t minute = At(text, 14, 2);
  const int64_t second = At(text, 17, 2);
  if (!ahead || month < 1 || month > 12 || day < 1 || day > DaysOfMonth(year, month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const int64_t of_the_day = hour * 3600 + minute * 60 + second - *ahead;
  const int64_t seconds = kFirstS + DaysBefore(year, month, day) * 86'400 + of_the_day;
  if (seconds < kFirstS || seconds > kLastS) return std::nullopt;
  return seconds;
}

}  // namespace

std::optional<int64_t> ReadTimestamp(std::string_view text) {
  if (const auto count = ReadSeconds(text)) return SecondsOf(*count);
  return ReadDateTime(text);
}

}  // namespace harness
