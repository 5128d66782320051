#include "server/calls/client_port.h"

#include <utility>

namespace pipeline {

void ClientPort::Listen(const std::string& host, int port, int64_t unacknowledged_ns) {
  sockets_ = std::make_unique<ListeningSockets>(host, port, unacknowledged_ns);
  port_ = sockets_->port();
}

void ClientPort::Start(Acceptor::Handover handover, const ReachOptions& reach,
                       std::function<void(const std::string& reason)> on_deaf) {
  const MutexLock lock(&mutex_);
  acceptor_ = std::make_unique<Acceptor>(sockets_.get(), limits_, counters_, std::move(handover));
  const auto dialling = [acceptor = acceptor_.get()](int own_port) { acceptor->ExpectSelf(own_port); };
  reach_check_ = std::make_unique<ReachCheck>(sockets_->descriptors().front(), reach,
                                              ReachCheck::Hooks{dialling, std::move(on_deaf)});
}

void ClientPort::Stop() {
  std::unique_ptr<ReachCheck> reach_check;
  std::unique_ptr<Acceptor> acceptor;
  {
    const MutexLock lock(&mutex_);
    reach_check = std::move(reach_check_);
    acceptor = std::move(acceptor_);
  }
  // Outside the mutex, the one that uses the other first.
  reach_check.reset();
  acceptor.reset();
  sockets_.reset();
}

ClientPort::Numbers ClientPort::numbers() const {
  const MutexLock lock(&mutex_);
  Numbers numbers;
  if (acceptor_ != nullptr) {
    numbers.connections = acceptor_->connections();
    numbers.most_of_a_peer = acceptor_->most_of_a_peer();
  }
  if (reach_check_ != nullptr) {
    numbers.reachable = reach_check_->reachable();
    numbers.dials = reach_check_->dials();
    numbers.misses = reach_check_->misses();
  }
  return numbers;
}

}  // namespace pipeline
