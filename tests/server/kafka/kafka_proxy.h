// Stands between Kafka and who writes to it, and can keep a write from Kafka for as long as a test wants: also when who
// wrote it has gone. For the tests of dead letters. Real sockets; a thread for each connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pipeline {

class KafkaProxy {
 public:
  // `broker`: HOST:PORT of the only one, as it is told to clients too (an IPv4 address).
  explicit KafkaProxy(const std::string& broker);
  ~KafkaProxy();
  KafkaProxy(const KafkaProxy&) = delete;
  KafkaProxy& operator=(const KafkaProxy&) = delete;

  const std::string& address() const { return address_; }
  // The next write that comes is kept back, and what follows it on its connection.
  void HoldNextWrite() { hold_next_ = true; }
  bool holds() const { return holding_; }
  void LetGo() { holding_ = false; }
  // Kafka has answered to what was kept.
  bool taken_in() const { return taken_in_; }
  // That came, kept ones too.
  int writes() const { return writes_; }

 private:
  void Accept();
  void Serve(int client);

  std::string broker_host_;
  uint16_t broker_port_ = 0;
  uint16_t port_ = 0;
  std::string address_;
  int listener_ = -1;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> hold_next_ = false;
  std::atomic<bool> holding_ = false;
  std::atomic<bool> taken_in_ = false;
  std::atomic<int> writes_ = 0;
  std::mutex mutex_;
  std::vector<std::thread> serving_;  // under mutex_
  std::thread accepting_;
};

}  // namespace pipeline
