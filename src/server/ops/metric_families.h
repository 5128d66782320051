// Builds what a Prometheus scrape answers with: one family after another, each with its samples. Used by the metrics
// collectors, on the scraping thread. Pure; not thread-safe.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipeline {

class MetricFamilies {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  // The family that the following samples belong to. A counter only grows; its name ends in "_total".
  void Counter(std::string_view name, std::string_view help);
  void Gauge(std::string_view name, std::string_view help);
  // A sample of the family named last.
  void Add(double value, const Labels& labels = {});

  // A family with one sample.
  void Counter(std::string_view name, std::string_view help, double value);
  void Gauge(std::string_view name, std::string_view help, double value);

  std::vector<prometheus::MetricFamily> Take() { return std::move(families_); }

 private:
  void Begin(std::string_view name, std::string_view help, prometheus::MetricType type);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace pipeline
