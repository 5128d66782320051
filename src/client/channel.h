// The client's channels to its servers: how one is made, and how long one lives. Called by the streams and the unary
// calls. MakeChannel is thread-safe, a Channels is not.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace pipeline {

struct ChannelOptions {
  int64_t keepalive_time_ns = 10'000'000'000;
  int64_t keepalive_timeout_ns = 5'000'000'000;
  int64_t connect_timeout_ns = 5'000'000'000;
  std::string service_config_json;  // empty: none
};

// A channel with a connection of its own, shared with no other channel. A proxy of the environment is used where
// ProxyFor() (proxy.h) names one.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server, const ChannelOptions& options);

// Beyond this a server's complaint about pings changes nothing.
inline constexpr int64_t kKeepaliveTimeMaxNs = 7'200'000'000'000;

// One channel a server. It lives as long as its connection does, or can be made again at once: so calls that follow one
// another share a connection. A channel that failed to connect is replaced, because it waits in a back-off of its own:
// an attempt of the reconnect policy is one real attempt to connect.
class Channels {
 public:
  explicit Channels(ChannelOptions options) : options_(std::move(options)) {}

  std::shared_ptr<grpc::Channel> To(const std::string& server);
  // The next call gets a new channel.
  void Forget(const std::string& server);
  // `server` found the pings too many. Its next channel pings half as often (gRFC A8): the new interval, or nullopt
  // when it was at kKeepaliveTimeMaxNs or beyond.
  std::optional<int64_t> PingLess(const std::string& server);
  int64_t keepalive_time_ns(const std::string& server) const;

 private:
  struct Entry {
    std::shared_ptr<grpc::Channel> channel;  // null: the next call makes one
    int64_t keepalive_time_ns = 0;           // 0: as in the options
  };

  const ChannelOptions options_;
  std::map<std::string, Entry> entries_;
};

}  // namespace pipeline
