// Spans of time as sorted, disjoint half-open intervals: when load was offered, when a fault was on. Used by LIVE and
// by the metrics. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace harness {

struct Interval {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;  // not included
  bool operator==(const Interval&) const = default;
};

// Sorts, joins what touches, drops what is empty.
inline std::vector<Interval> United(std::vector<Interval> spans) {
  std::erase_if(spans, [](const Interval& span) { return span.begin_ns >= span.end_ns; });
  std::sort(spans.begin(), spans.end(), [](const Interval& a, const Interval& b) { return a.begin_ns < b.begin_ns; });
  std::vector<Interval> united;
  for (const Interval& span : spans) {
    if (!united.empty() && span.begin_ns <= united.back().end_ns) {
      united.back().end_ns = std::max(united.back().end_ns, span.end_ns);
    } else {
      united.push_back(span);
    }
  }
  return united;
}

// What is in both. Both united.
inline std::vector<Interval> Intersection(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  std::vector<Interval> both;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const Interval span{std::max(a[i].begin_ns, b[j].begin_ns), std::min(a[i].end_ns, b[j].end_ns)};
    if (span.begin_ns < span.end_ns) both.push_back(span);
    a[i].end_ns < b[j].end_ns ? ++i : ++j;
  }
  return both;
}

// What is in `a` and not in `b`. Both united.
inline std::vector<Interval> Difference(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  std::vector<Interval> rest;
  size_t j = 0;
  for (Interval span : a) {
    while (j < b.size() && b[j].end_ns <= span.begin_ns) ++j;
    for (size_t k = j; k < b.size() && b[k].begin_ns < span.end_ns; ++k) {
      if (span.begin_ns < b[k].begin_ns) rest.push_back({span.begin_ns, b[k].begin_ns});
      span.begin_ns = std::max(span.begin_ns, b[k].end_ns);
    }
    if (span.begin_ns < span.end_ns) rest.push_back(span);
  }
  return rest;
}

// Whether [begin_ns, end_ns] (ends included) meets any of `spans` (united). O(log n).
inline bool Meets(const std::vector<Interval>& spans, int64_t begin_ns, int64_t end_ns) {
  const auto after =
      std::partition_point(spans.begin(), spans.end(), [&](const Interval& span) { return span.end_ns <= begin_ns; });
  return after != spans.end() && after->begin_ns <= end_ns;
}

}  // namespace harness
