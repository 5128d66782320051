#include "stream/list_cursor.h"

#include <absl/strings/str_cat.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <charconv>
#include <system_error>

namespace pipeline {
namespace {

// c1-<partition>-<first offset>-<checksum>, numbers in hex. Partitions are shifted by one, for the built-in payments.
constexpr std::string_view kPrefix = "c1-";
constexpr size_t kCursorMax = 64;
constexpr int kHex = 16;

std::string Hex(uint64_t number) { return absl::StrCat(absl::Hex(number)); }

std::string Checksum(std::string_view place, const Filter& filter, std::string_view log_id) {
  std::string text(place);
  text.push_back(static_cast<char>('0' + static_cast<int>(filter.provider)));
  text.push_back(static_cast<char>('0' + static_cast<int>(filter.status)));
  text.append(log_id);
  return Hex(XXH3_64bits(text.data(), text.size()));
}

}  // namespace

std::string EncodeListCursor(const ListPlace& place, const Filter& filter, std::string_view log_id) {
  std::string text(kPrefix);
  text += Hex(static_cast<uint64_t>(static_cast<int64_t>(place.partition) + 1)) + "-";
  text += Hex(static_cast<uint64_t>(place.first_offset)) + "-";
  return text + Checksum(text, filter, log_id);
}

std::optional<ListPlace> DecodeListCursor(std::string_view cursor, const Filter& filter, std::string_view log_id) {
  if (cursor.size() > kCursorMax || cursor.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  const char* at = cursor.data() + kPrefix.size();
  const char* end = cursor.data() + cursor.size();
  std::array<uint64_t, 2> numbers{};
  for (uint64_t& number : numbers) {
    const auto read = std::from_chars(at, end, number, kHex);
    if (read.ec != std::errc() || read.ptr == end || *read.ptr != '-') return std::nullopt;
    at = read.ptr + 1;
  }
  if (numbers[0] > INT32_MAX || numbers[1] > INT64_MAX) return std::nullopt;
  const ListPlace place = {static_cast<int32_t>(static_cast<int64_t>(numbers[0]) - 1),
                           static_cast<int64_t>(numbers[1])};
  // One spelling for each place, and the right checksum.
  if (EncodeListCursor(place, filter, log_id) != cursor) return std::nullopt;
  return place;
}

}  // namespace pipeline
