// Answers Prometheus' scrapes: GET /metrics on a port of its own, on a thread of its own. Made by PaymentServer when it
// is asked for.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "server/ops/http_page.h"

namespace pipeline {

class MetricsListener {
 public:
  // `address`: HOST:PORT, an IPv6 host in brackets; port 0: a free one. Throws std::runtime_error with the address when
  // it can't listen there (the port is in use).
  MetricsListener(const std::string& address, std::shared_ptr<prometheus::Collectable> collector);

  int port() const { return page_->port(); }

 private:
  std::unique_ptr<HttpPage> page_;
};

// What is wrong with HOST:PORT as `--metrics-listen` takes it; empty: nothing. Pure.
std::string CheckMetricsAddress(const std::string& address);

}  // namespace pipeline
