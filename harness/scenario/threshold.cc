#include "harness/scenario/threshold.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/metric_table.h"
#include "harness/scenario/error_list.h"
#include "harness/scenario/quantity.h"
#include "text/duration.h"
#include "text/words.h"

namespace harness {
namespace {

constexpr std::string_view kForm =
    "allowed: METRIC{SELECTORS} [pNN or max] COMPARISON LIMIT, for instance \"e2e.latency{phase=steady} p99 < 100ms\"";

constexpr std::string_view kSpace = " \t";

std::string Name(std::string_view text) { return Quoted(text); }

std::vector<std::string> Strings(const std::vector<std::string_view>& views) { return {views.begin(), views.end()}; }

// Reads a threshold from left to right; each step throws std::runtime_error with a sentence.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) { threshold_.text = text; }

  Threshold Parse() {
    ReadMetric();
    SkipSpace();
    if (rest_.starts_with('{')) ReadSelectors();
    const auto& allowed = metric_->selectors;
    const bool takes_slo = std::find(allowed.begin(), allowed.end(), "slo") != allowed.end();
    if (takes_slo && !threshold_.selectors.contains("slo")) {
      Fail(threshold_.metric + " needs the latency that counts as recovered, for instance \"" + threshold_.metric +
           "{slo=100ms}\"");
    }
    SkipSpace();
    ReadQuantile();
    SkipSpace();
    ReadComparison();
    SkipSpace();
    ReadLimit();
    return threshold_;
  }

 private:
  [[noreturn]] static void Fail(const std::string& sentence) { throw std::runtime_error(sentence); }

  void SkipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }

  std::string_view TakeUntil(std::string_view stops) {
    const std::string_view word = rest_.substr(0, rest_.find_first_of(stops));
    rest_.remove_prefix(word.size());
    return word;
  }

  void ReadMetric() {
    SkipSpace();
    const std::string_view name = TakeUntil(" \t{}<>=,");
    if (name.empty()) Fail("no metric at the beginning; " + std::string(kForm));
    const MetricRow* row = FindMetric(name, &threshold_.process);
    if (row == nullptr) {
      std::vector<std::string> known;
      for (const MetricRow& one : MetricTable()) known.emplace_back(one.definition.name);
      Fail("unknown metric " + Name(name) + DidYouMean(name, known) + "; allowed: " + QuotedList(known));
    }
    metric_ = &row->definition;
    threshold_.metric = name;
    threshold_.unit = metric_->unit;
  }

  void ReadSelectors() {
    rest_.remove_prefix(1);
    const size_t close = rest_.find('}');
    if (close == std::string_view::npos) Fail("\"{\" without \"}\"; " + std::string(kForm));
    const std::string_view list = rest_.substr(0, close);
    rest_.remove_prefix(close + 1);
    if (pipeline::Stripped(list, kSpace).empty()) return;
    if (metric_->selectors.empty()) Fail(threshold_.metric + " has no selectors; found " + Name(list));
    for (const std::string_view selector : pipeline::Split(list, ',')) {
      ReadSelector(pipeline::Stripped(selector, kSpace));
    }
  }

  void ReadSelector(std::string_view selector) {
    const size_t equals = selector.find('=');
    const std::string_view key = pipeline::Stripped(selector.substr(0, equals), kSpace);
    const std::string_view value =
        equals == std::string_view::npos ? "" : pipeline::Stripped(selector.substr(equals + 1), kSpace);
    const auto& allowed = metric_->selectors;
    if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
      Fail("unknown selector " + Name(key) + DidYouMean(key, Strings(allowed)) + "; " + threshold_.metric + " allows " +
           QuotedList(Strings(allowed)));
    }
    if ((key == "each") != (equals == std::string_view::npos)) {
      Fail(key == "each" ? "\"each\" takes no value"
                         : "the selector " + Name(key) + " needs a value, " + Name(std::string(key) + "=..."));
    }
    if (key != "each" && value.empty()) Fail("the selector " + Name(key) + " has an empty value");
    if (key == "excluding" && value != "faults") {
      Fail("found \"excluding=" + std::string(value) + "\"; allowed: \"excluding=faults\"");
    }
    if (key == "from" && value != "fault") {
      Fail("found \"from=" + std::string(value) + "\"; allowed: \"from=fault\"");
    }
    const bool is_time = key == "after" || key == "slo" || key == "window";
    if (is_time && !pipeline::ParseDurationNs(value)) {
      Fail("found " + Name(selector) + "; allowed: a time with its unit, " + Name(std::string(key) + "=10s"));
    }
    if (!threshold_.selectors.emplace(key, value).second) Fail("the selector " + Name(key) + " stands twice");
  }

  void ReadQuantile() {
    const std::string_view word = TakeUntil(" \t<>={},");
    if (word == "max") {
      threshold_.maximum = true;
    } else if (word.starts_with('p')) {
      threshold_.quantile = Quantile(word);
    } else if (!word.empty()) {
      Fail("found " + Name(word) + " before the comparison; allowed: \"p50\" to \"p99.99\" or \"max\"");
    }
    if (metric_->needs_quantile && word.empty()) {
      Fail(threshold_.metric + " needs a percentile before the comparison, \"p50\" to \"p99.99\", or \"max\"");
    }
    if (!metric_->takes_quantile() && !word.empty()) {
      Fail(threshold_.metric + " is no time and has no percentile; found " + Name(word));
    }
  }

  static double Quantile(std::string_view word) {
    double percent = 0;
    const auto [end, error] =
        std::from_chars(word.data() + 1, word.data() + word.size(), percent, std::chars_format::fixed);
    if (error != std::errc{} || end != word.data() + word.size() || !(percent > 0 && percent < 100)) {
      Fail("found the percentile " + Name(word) +
           "; allowed: above \"p0\" and below \"p100\", for instance \"p99.9\", or \"max\"");
    }
    return percent / 100;
  }

  void ReadComparison() {
    constexpr std::array<std::pair<std::string_view, Comparison>, 5> kSigns = {{{"<", Comparison::kLess},
                                                                                {"<=", Comparison::kLessEqual},
                                                                                {">", Comparison::kGreater},
                                                                                {">=", Comparison::kGreaterEqual},
                                                                                {"==", Comparison::kEqual}}};
    const size_t length = std::min(rest_.find_first_not_of("<>=!"), rest_.size());
    const std::string_view sign = rest_.substr(0, length);
    rest_.remove_prefix(length);
    for (const auto& [text, comparison] : kSigns) {
      if (text != sign) continue;
      threshold_.comparison = comparison;
      return;
    }
    if (sign.empty()) {
      Fail((rest_.empty() ? "no comparison" : "found " + Name(rest_) + " in place of a comparison") +
           ("; " + std::string(kForm)));
    }
    Fail("unknown comparison " + Name(sign) + "; allowed: \"<\", \"<=\", \">\", \">=\" or \"==\"");
  }

  void ReadLimit() {
    const std::string_view word = pipeline::Stripped(rest_, kSpace);
    if (word.empty()) Fail("no limit after the comparison; " + std::string(kForm));
    const std::optional<double> limit = Limit(metric_->unit, word);
    if (!limit)
      Fail("found the limit " + Name(word) + "; " + threshold_.metric + " is " + std::string(Allowed(metric_->unit)));
    threshold_.limit = *limit;
  }

  static std::optional<double> Limit(MetricUnit unit, std::string_view word) {
    switch (unit) {
      case MetricUnit::kTime:
        return pipeline::ParseDurationNs(word);
      case MetricUnit::kCount:
        return Number<uint64_t>(word, uint64_t{1} << 52);
      case MetricUnit::kRate:
        return ParseRatePerS(word);
      case MetricUnit::kShare: {
        const auto percent = word.ends_with('%') ? Number<double>(word.substr(0, word.size() - 1), 100) : std::nullopt;
        return percent ? std::optional(*percent / 100) : std::nullopt;
      }
      case MetricUnit::kBytes:
        return ParseBytes(word);
      case MetricUnit::kByteRate:
        return word.ends_with("/s") ? ParseBytes(word.substr(0, word.size() - 2)) : std::nullopt;
    }
    return std::nullopt;
  }

  // 0 to `highest`, and nothing else in `word`.
  template <typename Value>
  static std::optional<double> Number(std::string_view word, Value highest) {
    Value value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    const bool whole = error == std::errc{} && end == word.data() + word.size();
    if (!whole || !(value >= 0 && value <= highest)) return std::nullopt;
    return static_cast<double>(value);
  }

  static std::string_view Allowed(MetricUnit unit) {
    switch (unit) {
      case MetricUnit::kTime:
        return "a time: allowed is one with its unit (ns, us, ms, s, m, h) up to 24h, for instance \"100ms\"";
      case MetricUnit::kCount:
        return "a count: allowed is a whole number without a unit";
      case MetricUnit::kRate:
        return "a rate: allowed is a number per second, for instance \"500/s\"";
      case MetricUnit::kShare:
        return "a share: allowed is \"0%\" to \"100%\"";
      case MetricUnit::kBytes:
        return "a size: allowed is one in KiB, MiB or GiB, for instance \"64MiB\"";
      case MetricUnit::kByteRate:
        return "a rate of bytes: allowed is a size per second, for instance \"64MiB/s\"";
    }
    return "";
  }

  std::string_view rest_;
  const MetricDefinition* metric_ = nullptr;
  Threshold threshold_;
};

}  // namespace

std::variant<Threshold, std::string> ParseThreshold(std::string_view text) {
  try {
    return Parser(text).Parse();
  } catch (const std::runtime_error& error) {
    return std::string(error.what());
  }
}

}  // namespace harness
