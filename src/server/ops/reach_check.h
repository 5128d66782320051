// Finds out whether the server can be reached: dials it now and then, as a client would, and waits for the first answer
// of HTTP/2. When none comes, the accepting thread or gRPC's has stopped. Made by PaymentServer; runs on a thread of
// its own.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace pipeline {

// What follows from whether the server was reached, dial by dial. Pure.
class ReachJudge {
 public:
  enum class Says : uint8_t { kNothing, kLost, kBack, kEnd };

  // One that is not reached so often in a row is to end. One that never was does not: it may be that only it itself
  // can't come here (a firewall).
  explicit ReachJudge(int misses_max) : misses_max_(misses_max) {}
  Says Judge(bool reached);
  bool lost() const { return misses_ > 0; }

 private:
  const int misses_max_;
  int misses_ = 0;
  bool ever_ = false;
};

struct ReachOptions {
  int64_t every_ns = 5'000'000'000;    // between two dials
  int64_t timeout_ns = 5'000'000'000;  // of one
  int misses_max = 6;
};

class ReachCheck {
 public:
  struct Hooks {
    // Told the port that the next dial comes from, before it does; 0 after it.
    std::function<void(int port)> dialling;
    // The server was reached before and has not been for misses_max dials: why. Called at most once.
    std::function<void(const std::string& reason)> on_deaf;
  };

  // `listener`: a listening socket, whose address is dialled (127.0.0.1 for one of all addresses).
  ReachCheck(int listener, const ReachOptions& options, Hooks hooks);
  ~ReachCheck();
  ReachCheck(const ReachCheck&) = delete;
  ReachCheck& operator=(const ReachCheck&) = delete;

  bool reachable() const { return reachable_; }  // at the last dial; true before the first
  int64_t dials() const { return dials_; }       // so far
  int64_t misses() const { return misses_; }     // of them, those that were not answered

 private:
  void Run();
  const ReachOptions options_;
  const Hooks hooks_;
  sockaddr_storage address_{};
  socklen_t address_size_ = 0;
  std::atomic<bool> reachable_ = true;
  std::atomic<int64_t> dials_ = 0;
  std::atomic<int64_t> misses_ = 0;
  int stop_fd_ = -1;  // readable: stop
  std::thread thread_;
};

// Dials `address` and waits until an HTTP/2 server has acknowledged what a client says first; no longer than
// `timeout_ns`, or until `stop_fd` is readable (-1: there is none). `dialling` as in ReachCheck::Hooks. "": it has;
// else what happened.
std::string Dial(const sockaddr_storage& address, socklen_t address_size, int64_t timeout_ns, int stop_fd,
                 const std::function<void(int port)>& dialling);

}  // namespace pipeline
