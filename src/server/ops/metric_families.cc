#include "server/ops/metric_families.h"

namespace pipeline {

void MetricFamilies::Begin(std::string_view name, std::string_view help, prometheus::MetricType type) {
  prometheus::MetricFamily& family = families_.emplace_back();
  family.name = name;
  family.help = help;
  family.type = type;
}

void MetricFamilies::Counter(std::string_view name, std::string_view help) {
  Begin(name, help, prometheus::MetricType::Counter);
}

void MetricFamilies::Gauge(std::string_view name, std::string_view help) {
  Begin(name, help, prometheus::MetricType::Gauge);
}

void MetricFamilies::Add(double value, const Labels& labels) {
  prometheus::MetricFamily& family = families_.back();
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  for (const auto& [key, text] : labels) metric.label.push_back({std::string(key), std::string(text)});
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void MetricFamilies::Counter(std::string_view name, std::string_view help, double value) {
  Counter(name, help);
  Add(value);
}

void MetricFamilies::Gauge(std::string_view name, std::string_view help, double value) {
  Gauge(name, help);
  Add(value);
}

}  // namespace pipeline
