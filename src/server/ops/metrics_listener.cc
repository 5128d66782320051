#include "server/ops/metrics_listener.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace pipeline {
namespace {

constexpr int kPortMax = 65535;

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

MetricsListener::MetricsListener(const std::string& address, std::shared_ptr<prometheus::Collectable> collector) {
  const size_t colon = address.rfind(':');
  try {
    page_ = std::make_unique<HttpPage>(
        address.substr(0, colon), std::stoi(address.substr(colon + 1)), "/metrics",
        [collector = std::move(collector)] { return prometheus::TextSerializer().Serialize(collector->Collect()); });
  } catch (const std::exception&) {
    throw std::runtime_error("can't listen on " + address +
                             " for metrics: the address is in use, or not one of this host");
  }
}

}  // namespace pipeline
