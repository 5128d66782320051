// The table of metrics is whole: each name stands once, in the page for people too, and each row can be measured.
#include "harness/measure/metric_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "harness/measure/metric_text.h"
#include "tests/measure/measure_testing.h"

namespace harness {
namespace {

std::string Limit(MetricUnit unit) {
  switch (unit) {
    case MetricUnit::kTime:
      return "1s";
    case MetricUnit::kCount:
      return "1";
    case MetricUnit::kRate:
      return "1/s";
    case MetricUnit::kShare:
      return "1%";
    case MetricUnit::kBytes:
      return "1MiB";
    case MetricUnit::kByteRate:
      return "1MiB/s";
  }
  return "";
}

TEST(MetricTableTest, EachNameStandsOnceAndIsFound) {
  std::set<std::string_view> names;
  for (const MetricRow& row : MetricTable()) {
    EXPECT_TRUE(names.insert(row.definition.name).second) << row.definition.name;
    EXPECT_EQ(FindMetric(row.definition.name), &row);
    EXPECT_FALSE(row.definition.description.empty());
  }
}

TEST(MetricTableTest, ANameMayHoldAPrograms) {
  std::string process;
  EXPECT_EQ(FindMetric("proc.server-1.cpu", &process)->definition.name, "proc.NAME.cpu");
  EXPECT_EQ(process, "server-1");
  EXPECT_EQ(FindMetric("e2e.latency", &process)->definition.name, "e2e.latency");
  EXPECT_EQ(process, "");
  for (const char* name : {"", "proc..cpu", "proc.cpu", "proc.x.cpus", "e2e", "e2e.latency.x"}) {
    EXPECT_EQ(FindMetric(name), nullptr) << name;
  }
}

// Of a run in which nothing happened no metric has a value.
TEST(MetricTableTest, OfNothingThereIsNoSample) {
  Story story;
  story.history.clients.clear();
  story.history.phases[0].planned = 0;
  for (const MetricRow& row : MetricTable()) {
    const MetricDefinition& metric = row.definition;
    std::string name(metric.name);
    if (const size_t at = name.find("NAME"); at != std::string::npos) name.replace(at, 4, "server-1");
    const bool takes_slo = name == "recovery.ttr";
    const std::string text =
        name + (takes_slo ? "{slo=1s}" : "") + (metric.needs_quantile ? " p50" : "") + " < " + Limit(metric.unit);
    const Measured measured = MeasuredOf(story, text);
    EXPECT_EQ(measured.value, std::nullopt) << text;
    EXPECT_EQ(measured.samples, 0) << text;
  }
}

TEST(MetricTableTest, ThePageForPeopleHasTheTable) {
  std::ifstream file(std::string(PIPELINE_SOURCE_DIR) + "/docs/measurement.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(page.find(MetricsTable()), std::string::npos)
      << "docs/measurement.md has another table than `harness metrics` prints:\n"
      << MetricsTable();
}

}  // namespace
}  // namespace harness
