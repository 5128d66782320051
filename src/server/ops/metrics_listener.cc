#include "server/ops/metrics_listener.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <stdexcept>
#include <utility>
#include <vector>

namespace pipeline {
namespace {

// A scraper that sends or reads nothing for this long is let go; two may be served at once.
constexpr char kRequestTimeoutMs[] = "5000";
constexpr char kThreads[] = "2";
constexpr int kPortMax = 65535;

// Connects and leaves. When that is not possible, nothing happens.
void Knock(std::string host, int port) {
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    static_cast<void>(connect(fd, found->ai_addr, found->ai_addrlen));
    close(fd);
  }
  freeaddrinfo(found);
}

}  // namespace

std::string CheckMetricsAddress(const std::string& address) {
  std::string wrong = "found \"" + address + "\"; allowed: HOST:PORT, for instance 127.0.0.1:9464";
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return wrong;
  const std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (!bracketed && host.find(':') != std::string::npos) return wrong;
  // The HTTP server takes a list.
  if (host.find_first_of(", \t") != std::string::npos) return wrong;
  const bool digits = !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::stoi(port) <= kPortMax ? "" : wrong;
}

MetricsListener::MetricsListener(const std::string& address, std::shared_ptr<prometheus::Collectable> collector)
    : host_(address.substr(0, address.rfind(':'))), collector_(std::move(collector)) {
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", address, "num_threads", kThreads, "request_timeout_ms", kRequestTimeoutMs});
  } catch (const std::exception&) {
    throw std::runtime_error("can't listen on " + address +
                             " for metrics: the address is in use, or not one of this host");
  }
  exposer_->RegisterCollectable(collector_);
}

// The HTTP server looks whether it is to end every two seconds, or when somebody comes.
MetricsListener::~MetricsListener() {
  const int port = this->port();
  std::future<void> ended = std::async(std::launch::async, [this] { exposer_.reset(); });
  do {
    Knock(host_, port);
  } while (ended.wait_for(std::chrono::milliseconds(2)) != std::future_status::ready);
}

int MetricsListener::port() const { return exposer_->GetListeningPorts().at(0); }

}  // namespace pipeline
