// Answers Prometheus' scrapes and who asks for the state of the streams: GET /metrics and GET /streams on a port of
// their own, on a thread of their own. Made by PaymentServer when it is asked for.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "server/ops/http_page.h"
#include "server/ops/streams_page.h"

namespace pipeline {

class MetricsListener {
 public:
  // `address`: HOST:PORT, an IPv6 host in brackets; port 0: a free one. Throws std::runtime_error with the address when
  // it can't listen there (the port is in use).
  // What both tell outlives this.
  MetricsListener(const std::string& address, std::shared_ptr<prometheus::Collectable> collector, StreamsPage streams);

  int port() const { return page_->port(); }

 private:
  std::unique_ptr<HttpPage> page_;
};

// What is wrong with HOST:PORT as `--metrics-listen` takes it; empty: nothing. Pure.
std::string CheckMetricsAddress(const std::string& address);

}  // namespace pipeline
