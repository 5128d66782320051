#include "server/ops/metrics_listener.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace pipeline {
namespace {

constexpr int kPortMax = 65535;
constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kIndex[] =
    "payment-server\n"
    "/metrics              for Prometheus\n"
    "/streams              the open streams: who is slow, and how far\n"
    "/streams?format=json  the same as JSON\n";

}  // namespace

std::string CheckMetricsAddress(const std::string& address) {
  std::string wrong = "found \"" + address + "\"; allowed: HOST:PORT, for instance 127.0.0.1:9464";
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return wrong;
  const std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (!bracketed && host.find(':') != std::string::npos) return wrong;
  if (host.find_first_of(", \t") != std::string::npos) return wrong;
  const bool digits = !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::stoi(port) <= kPortMax ? "" : wrong;
}

MetricsListener::MetricsListener(const std::string& address, std::shared_ptr<prometheus::Collectable> collector,
                                 StreamsPage streams) {
  const size_t colon = address.rfind(':');
  HttpPaths paths;
  paths["/"] = [](std::string_view) { return HttpContent{kText, kIndex}; };
  paths["/metrics"] = [collector = std::move(collector)](std::string_view) {
    return HttpContent{"text/plain; version=0.0.4; charset=utf-8",
                       prometheus::TextSerializer().Serialize(collector->Collect())};
  };
  paths["/streams"] = [streams](std::string_view query) { return streams.Show(query); };
  try {
    page_ =
        std::make_unique<HttpPage>(address.substr(0, colon), std::stoi(address.substr(colon + 1)), std::move(paths));
  } catch (const std::exception&) {
    throw std::runtime_error("can't listen on " + address +
                             " for metrics: the address is in use, or not one of this host");
  }
}

}  // namespace pipeline
