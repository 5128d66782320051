// Where clients come in: the listening sockets, who accepts at them, and the watch over whether that works. Made by
// PaymentServer, whose thread calls Listen, Start and Stop; the numbers are read by the metrics' threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/mutex.h"
#include "server/calls/acceptor.h"
#include "server/calls/connection_table.h"
#include "server/calls/listening_sockets.h"
#include "server/ops/reach_check.h"
#include "server/ops/server_counters.h"

namespace pipeline {

class ClientPort {
 public:
  ClientPort(const ConnectionLimits& limits, ServerCounters* counters) : limits_(limits), counters_(counters) {}
  ~ClientPort() { Stop(); }
  ClientPort(const ClientPort&) = delete;
  ClientPort& operator=(const ClientPort&) = delete;

  // Connections queue up in the kernel from now on. Arguments and exceptions of ListeningSockets.
  void Listen(const std::string& host, int port, int64_t unacknowledged_ns);
  // After Listen(). Accepts them. `on_deaf`: ReachCheck::Hooks.
  void Start(Acceptor::Handover handover, const ReachOptions& reach,
             std::function<void(const std::string& reason)> on_deaf);
  // Nobody comes in any more, and nothing listens.
  void Stop();

  int port() const { return port_; }
  const ConnectionLimits& limits() const { return limits_; }

  struct Numbers {
    int64_t connections = 0;
    int64_t most_of_a_peer = 0;
    bool reachable = false;
    int64_t dials = 0;
    int64_t misses = 0;
  };
  Numbers numbers() const;  // thread-safe

 private:
  const ConnectionLimits limits_;
  ServerCounters* const counters_;
  int port_ = 0;
  std::unique_ptr<ListeningSockets> sockets_;
  mutable Mutex mutex_;
  std::unique_ptr<Acceptor> acceptor_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<ReachCheck> reach_check_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pipeline
