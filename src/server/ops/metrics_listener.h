// Answers Prometheus' scrapes: GET /metrics on a port of its own, on threads of its own. Made by PaymentServer when it
// is asked for.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <memory>
#include <string>

namespace pipeline {

class MetricsListener {
 public:
  // `address`: HOST:PORT, an IPv6 host in brackets; port 0: a free one. Throws std::runtime_error with the address when
  // it can't listen there (the port is in use).
  MetricsListener(const std::string& address, std::shared_ptr<prometheus::Collectable> collector);
  ~MetricsListener();  // waits for scrapes that are being answered
  MetricsListener(const MetricsListener&) = delete;
  MetricsListener& operator=(const MetricsListener&) = delete;

  int port() const;

 private:
  std::string host_;
  std::shared_ptr<prometheus::Collectable> collector_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

// What is wrong with HOST:PORT as `--metrics-listen` takes it; empty: nothing. Pure.
std::string CheckMetricsAddress(const std::string& address);

}  // namespace pipeline
