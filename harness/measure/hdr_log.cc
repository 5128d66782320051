#include "harness/measure/hdr_log.h"

#include <absl/strings/escaping.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "text/words.h"

namespace harness {
namespace {

constexpr uint32_t kCookie = 0x1c849313;            // V2, with words of 1 to 9 bytes
constexpr uint32_t kCompressedCookie = 0x1c849314;  // likewise, compressed
constexpr size_t kHeaderBytes = 40;
constexpr size_t kPayloadBytesMax = size_t{1} << 20;  // 9 bytes for each bucket are a third of this
constexpr int kDigits = 3;
constexpr int kTicksPerHalfDistance = 5;
constexpr double kNsPerMs = 1e6;
constexpr char kNegative[] = ".negative";
constexpr char kGreatest[] = ": greatest value in ns: ";

// A bucket's index in HdrHistogram's layout, and its count; ascending.
using Counts = std::vector<std::pair<size_t, int64_t>>;

void Add(size_t index, int64_t count, Counts* counts) {
  if (!counts->empty() && counts->back().first == index) {
    counts->back().second += count;
  } else {
    counts->emplace_back(index, count);
  }
}

Counts CountsOf(const LatencyHistogram& histogram, bool negative) {
  Counts counts;
  histogram.ForEachBucket([&](int64_t value_ns, int64_t count) {
    if ((value_ns < 0) != negative) return;
    const int64_t magnitude = value_ns < 0 ? -std::max(value_ns, -LatencyHistogram::kHighest) : value_ns;
    Add(LatencyHistogram::IndexOf(std::min(magnitude, LatencyHistogram::kHighest)), count, &counts);
  });
  if (negative) std::reverse(counts.begin(), counts.end());  // the most negative came first
  return counts;
}

void Put(uint64_t value, int bytes, std::string* out) {
  for (int i = bytes - 1; i >= 0; --i) *out += static_cast<char>(value >> (8 * i) & 0xFF);
}

uint64_t Get(std::string_view from, size_t at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(from[at + static_cast<size_t>(i)]);
  return value;
}

// ZigZag, then 7 bits a byte, the lowest first; a ninth byte has 8.
void PutWord(int64_t value, std::string* out) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (int i = 0; i < 8 && rest > 0x7F; ++i) {
    *out += static_cast<char>((rest & 0x7F) | 0x80);
    rest >>= 7;
  }
  *out += static_cast<char>(rest);
}

std::optional<int64_t> TakeWord(std::string_view* from) {
  uint64_t value = 0;
  for (int i = 0; i < 9; ++i) {
    if (from->empty()) return std::nullopt;
    const auto byte = static_cast<uint8_t>(from->front());
    from->remove_prefix(1);
    const bool last = i == 8 || byte < 0x80;
    value |= static_cast<uint64_t>(last ? byte : byte & 0x7F) << (7 * i);
    if (last) break;
  }
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

std::string Payload(const Counts& counts) {
  std::string payload;
  size_t next = 0;
  for (const auto& [index, count] : counts) {
    if (index > next) PutWord(-static_cast<int64_t>(index - next), &payload);  // so many empty buckets
    PutWord(count, &payload);
    next = index + 1;
  }
  return payload;
}

std::string Encoded(const Counts& counts) {
  const std::string payload = Payload(counts);
  std::string plain;
  Put(kCookie, 4, &plain);
  Put(payload.size(), 4, &plain);
  Put(0, 4, &plain);  // the first bucket's index
  Put(kDigits, 4, &plain);
  Put(1, 8, &plain);  // the lowest discernible value
  Put(static_cast<uint64_t>(LatencyHistogram::kHighest), 8, &plain);
  Put(std::bit_cast<uint64_t>(1.0), 8, &plain);  // conversion from whole numbers
  plain += payload;
  uLongf bytes = compressBound(plain.size());
  std::string packed(bytes, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &bytes, reinterpret_cast<const Bytef*>(plain.data()), plain.size());
  packed.resize(bytes);
  std::string whole;
  Put(kCompressedCookie, 4, &whole);
  Put(packed.size(), 4, &whole);
  std::string text;
  absl::Base64Escape(whole + packed, &text);
  return text;
}

std::optional<LatencyHistogram> Decoded(std::string_view text, int64_t greatest_ns) {
  std::string whole;
  if (!absl::Base64Unescape({text.data(), text.size()}, &whole) || whole.size() < 8) return std::nullopt;
  if (Get(whole, 0, 4) != kCompressedCookie || Get(whole, 4, 4) != whole.size() - 8) return std::nullopt;
  std::string plain(kHeaderBytes + kPayloadBytesMax, '\0');
  uLongf bytes = plain.size();
  if (uncompress(reinterpret_cast<Bytef*>(plain.data()), &bytes, reinterpret_cast<const Bytef*>(whole.data() + 8),
                 whole.size() - 8) != Z_OK) {
    return std::nullopt;
  }
  plain.resize(bytes);
  const bool is_ours = plain.size() >= kHeaderBytes && Get(plain, 0, 4) == kCookie && Get(plain, 8, 4) == 0 &&
                       Get(plain, 12, 4) == kDigits && Get(plain, 16, 8) == 1;
  if (!is_ours || Get(plain, 4, 4) != plain.size() - kHeaderBytes) return std::nullopt;
  LatencyHistogram histogram;
  std::string_view payload = std::string_view(plain).substr(kHeaderBytes);
  for (size_t index = 0; !payload.empty();) {
    const auto word = TakeWord(&payload);
    if (!word || *word == INT64_MIN) return std::nullopt;
    if (*word < 0) {
      index += static_cast<size_t>(-*word);
      continue;
    }
    if (index > LatencyHistogram::IndexOf(LatencyHistogram::kHighest)) return std::nullopt;
    histogram.Record(std::min(LatencyHistogram::HighestOf(index), greatest_ns), *word);
    ++index;
  }
  return histogram;
}

// As HdrHistogram says it: the values of a bucket are equivalent, and its middle stands for them.
struct Moments {
  double mean = 0;
  double deviation = 0;
};
double Middle(int64_t value_ns) {
  const int64_t magnitude = std::abs(value_ns);
  const size_t index = LatencyHistogram::IndexOf(magnitude);
  const int64_t width = LatencyHistogram::HighestOf(index) - LatencyHistogram::LowestOf(index) + 1;
  const auto middle = static_cast<double>(LatencyHistogram::LowestOf(index) + width / 2);
  return value_ns < 0 ? -middle : middle;
}

struct Row {
  int64_t value_ns = 0;  // the highest of its bucket
  int64_t count = 0;
};
std::vector<Row> Rows(const LatencyHistogram& histogram) {
  std::vector<Row> rows;
  histogram.ForEachBucket([&](int64_t value_ns, int64_t count) {
    const int64_t in_range = std::clamp(value_ns, -LatencyHistogram::kHighest, LatencyHistogram::kHighest);
    const size_t index = LatencyHistogram::IndexOf(std::abs(in_range));
    rows.push_back({in_range < 0 ? -LatencyHistogram::LowestOf(index) : LatencyHistogram::HighestOf(index), count});
  });
  return rows;
}

Moments MomentsOf(const std::vector<Row>& rows, int64_t total) {
  Moments moments;
  for (const Row& row : rows) moments.mean += Middle(row.value_ns) * static_cast<double>(row.count);
  moments.mean /= static_cast<double>(total);
  for (const Row& row : rows) {
    const double distance = Middle(row.value_ns) - moments.mean;
    moments.deviation += distance * distance * static_cast<double>(row.count);
  }
  moments.deviation = std::sqrt(moments.deviation / static_cast<double>(total));
  return moments;
}

// The next level of an iteration that halves its distance to 100 % every kTicksPerHalfDistance steps.
double NextLevel(double level) {
  const double halvings = std::floor(std::log2(100 / (100 - level))) + 1;
  return level + 100 / (kTicksPerHalfDistance * std::pow(2, halvings));
}

}  // namespace

std::string HdrPercentiles(const LatencyHistogram& histogram) {
  if (histogram.empty()) return "";
  std::string text =
      fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  const std::vector<Row> rows = Rows(histogram);
  const int64_t total = histogram.count();
  const auto add = [&](int64_t value_ns, double level, int64_t count) {
    text += fmt::format("{:12.3f} {:2.12f} {:10}", static_cast<double>(value_ns) / kNsPerMs, level / 100, count);
    text += level < 100 ? fmt::format(" {:14.2f}\n", 1 / (1 - level / 100)) : "\n";
  };
  double level = 0;
  int64_t count = 0;
  for (const Row& row : rows) {
    count += row.count;
    while (100.0 * static_cast<double>(count) / static_cast<double>(total) >= level) {
      add(row.value_ns, level, count);
      if (count == total) break;
      level = NextLevel(level);
    }
  }
  add(rows.back().value_ns, 100, total);
  const Moments moments = MomentsOf(rows, total);
  text += fmt::format("#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", moments.mean / kNsPerMs,
                      moments.deviation / kNsPerMs);
  text += fmt::format("#[Max     = {:12.3f}, Total count    = {:12}]\n",
                      static_cast<double>(rows.back().value_ns) / kNsPerMs, total);
  return text + fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", LatencyHistogram::kBuckets,
                            LatencyHistogram::kSubBuckets);
}

std::string HdrLog(const std::vector<TaggedHistogram>& histograms, double started_s, double length_s) {
  std::string log = fmt::format(
      "#[Histogram log format version 1.3]\n#[StartTime: {:.3f} (seconds since epoch)]\n"
      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
      started_s);
  for (const TaggedHistogram& tagged : histograms) {
    for (const bool negative : {false, true}) {
      const Counts counts = CountsOf(*tagged.histogram, negative);
      if (counts.empty()) continue;
      const double max_ms = static_cast<double>(LatencyHistogram::HighestOf(counts.back().first)) / kNsPerMs;
      log += fmt::format("Tag={}{},0.000,{:.3f},{:.3f},{}\n", tagged.tag, negative ? kNegative : "", length_s, max_ms,
                         Encoded(counts));
    }
    if (const auto greatest = tagged.histogram->MaxFinite()) {
      log += fmt::format("#[{}{}{}]\n", tagged.tag, kGreatest, *greatest);
    }
    if (const int64_t without_end = tagged.histogram->without_end_count(); without_end > 0) {
      log += fmt::format("#[{}: {} without end, in the last bucket]\n", tagged.tag, without_end);
    }
  }
  return log;
}

std::optional<LatencyHistogram> FromHdrLog(std::string_view log, std::string_view tag) {
  const std::string begin = "Tag=" + std::string(tag);
  const std::string note = "#[" + std::string(tag) + kGreatest;
  std::string_view encoded;
  int64_t greatest_ns = LatencyHistogram::kHighest;
  for (const std::string_view line : pipeline::Split(log, '\n')) {
    const std::vector<std::string_view> cells = pipeline::Split(line, ',');
    if (cells.size() == 5 && cells[0] == begin && encoded.empty()) encoded = cells[4];
    if (!line.starts_with(note)) continue;
    int64_t value_ns = 0;
    std::from_chars(line.data() + note.size(), line.data() + line.size(), value_ns);
    greatest_ns = std::clamp<int64_t>(value_ns, 0, LatencyHistogram::kHighest);
  }
  return encoded.empty() ? std::nullopt : Decoded(encoded, greatest_ns);
}

}  // namespace harness
