// Histograms as HdrHistogram's own tools read them (hdrhistogram.github.io): percentile tables (*.hgrm) and logs of
// V2-encoded, zlib-compressed, base64 histograms (*.hlog). Called by report/latency_files.cc and by `harness check`,
// which reads one back. Pure; throws nothing.
//
// Both layouts are the same (lowest discernible value 1 ns, 3 digits), so nothing is lost but this: HdrHistogram knows
// neither negative values nor such without end. What lies above 1 h, and what never came, stands in its last bucket
// (3,600 s); of negative values a log has the magnitudes in a histogram of their own, whose tag ends in ".negative".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/measure/latency_histogram.h"

namespace harness {

// The table that HdrHistogram prints (outputPercentileDistribution, 5 ticks per half distance), values in ms. Negative
// values stand in it as such. Empty for an empty histogram.
std::string HdrPercentiles(const LatencyHistogram& histogram);

struct TaggedHistogram {
  std::string tag;  // without commas and white space
  const LatencyHistogram* histogram = nullptr;
};
// A log with one interval: it began at `started_s` (epoch) and lasted `length_s`. Empty histograms are left out.
std::string HdrLog(const std::vector<TaggedHistogram>& histograms, double started_s, double length_s);

// The first histogram of that tag in a log that HdrLog made, without its negative values and with its exact maximum (a
// comment tells it); nullopt: there is none, or it
// can't be read.
std::optional<LatencyHistogram> FromHdrLog(std::string_view log, std::string_view tag);

}  // namespace harness
