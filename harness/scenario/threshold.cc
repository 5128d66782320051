#include "harness/scenario/threshold.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "harness/scenario/error_list.h"
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
    std::vector<std::string> known;
    for (const MetricDefinition& definition : MetricDefinitions()) {
      if (definition.name == name) metric_ = &definition;
      known.emplace_back(definition.name);
    }
    if (name.empty()) Fail("no metric at the beginning; " + std::string(kForm));
    if (metric_ == nullptr) {
      Fail("unknown metric " + Name(name) + DidYouMean(name, known) + "; allowed: " + QuotedList(known));
    }
    threshold_.metric = name;
    threshold_.is_time = metric_->is_time;
  }

  void ReadSelectors() {
    rest_.remove_prefix(1);
    const size_t close = rest_.find('}');
    if (close == std::string_view::npos) Fail("\"{\" without \"}\"; " + std::string(kForm));
    const std::string_view list = rest_.substr(0, close);
    rest_.remove_prefix(close + 1);
    if (pipeline::Stripped(list, kSpace).empty()) return;
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
    if (key == "after" && !pipeline::ParseDurationNs(value)) {
      Fail("found \"after=" + std::string(value) + "\"; allowed: a time with its unit, \"after=10s\"");
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
    if (!metric_->is_time && !word.empty()) {
      Fail(threshold_.metric + " is a count and has no percentile; found " + Name(word));
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
    if (metric_->is_time) {
      const auto limit = pipeline::ParseDurationNs(word);
      if (!limit) {
        Fail("found the limit " + Name(word) + "; " + threshold_.metric +
             " is a time: allowed is one with its unit (ns, us, ms, s, m, h) up to 24h, for instance \"100ms\"");
      }
      threshold_.limit = static_cast<double>(*limit);
      return;
    }
    uint64_t limit = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), limit);
    if (error != std::errc{} || end != word.data() + word.size() || limit > uint64_t{1} << 52) {
      Fail("found the limit " + Name(word) + "; " + threshold_.metric +
           " is a count: allowed is a whole number without a unit");
    }
    threshold_.limit = static_cast<double>(limit);
  }

  std::string_view rest_;
  const MetricDefinition* metric_ = nullptr;
  Threshold threshold_;
};

}  // namespace

const std::vector<MetricDefinition>& MetricDefinitions() {
  static const std::vector<MetricDefinition> metrics = {
      {"recovery.reconnect",
       true,
       false,
       {"each", "fault", "client"},
       "from the break of a stream to the first message of the client's next one, per fault and client"},
      {"client.reconnects",
       false,
       false,
       {"client", "fault", "phase"},
       "streams that a client opened after its first one"},
      {"e2e.latency",
       true,
       true,
       {"phase", "client", "fault", "during", "after", "excluding"},
       "from a record's planned send to its arrival at the client"},
  };
  return metrics;
}

std::variant<Threshold, std::string> ParseThreshold(std::string_view text) {
  try {
    return Parser(text).Parse();
  } catch (const std::runtime_error& error) {
    return std::string(error.what());
  }
}

}  // namespace harness
