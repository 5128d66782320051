#include "harness/report/latency_files.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "harness/report/write_whole.h"

namespace harness {
namespace {

// "2026-01-31T10:00:00Z" in seconds since the epoch; 0: not known.
double StartedS(const std::string& started_at) {
  std::tm time{};
  const char* end = strptime(started_at.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  return end == nullptr || *end != '\0' ? 0 : static_cast<double>(timegm(&time));
}

std::vector<TaggedHistogram> Overall(const Metrics& metrics) {
  return {{"load.schedule_lag", &metrics.schedule_lag},
          {"produce.ack", &metrics.produce_ack},
          {"ack.server", &metrics.ack_server},
          {"server.queue", &metrics.server_queue},
          {"server.client", &metrics.server_client},
          {"e2e.latency", &metrics.e2e},
          {"e2e.service", &metrics.service},
          {"host.hiccup", &metrics.hiccup}};
}

}  // namespace

std::vector<TaggedHistogram> LatenciesOf(const Metrics& metrics) {
  std::vector<TaggedHistogram> clients;
  for (const ClientFigures& client : metrics.clients) {
    const bool planned = !client.e2e.empty();
    const LatencyHistogram& histogram = planned ? client.e2e : client.service;
    if (!histogram.empty()) clients.push_back({(planned ? "e2e.latency@" : "e2e.service@") + client.name, &histogram});
  }
  if (clients.size() > kClientsLogged) {
    std::stable_sort(clients.begin(), clients.end(), [](const TaggedHistogram& a, const TaggedHistogram& b) {
      return a.histogram->AtQuantile(0.99) > b.histogram->AtQuantile(0.99);
    });
    clients.resize(kClientsLogged);
  }
  std::vector<TaggedHistogram> all = Overall(metrics);
  all.insert(all.end(), clients.begin(), clients.end());
  return all;
}

void WriteLatencyFiles(const Report& report, const std::string& dir) {
  for (const TaggedHistogram& tagged : Overall(report.metrics)) {
    const std::string text = HdrPercentiles(*tagged.histogram);
    if (!text.empty()) WriteWhole(dir + "/" + tagged.tag + ".hgrm", text);
  }
  const double length_s = static_cast<double>(report.history.load_end_ns - report.history.load_begin_ns) / 1e9;
  WriteWhole(dir + "/" + kLatencyLogName,
             HdrLog(LatenciesOf(report.metrics), StartedS(report.facts.started_at), length_s));
}

}  // namespace harness
