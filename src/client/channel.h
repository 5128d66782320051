// How the client's channels to a server are made. Called by the streams and the unary calls; thread-safe.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>

namespace pipeline {

struct ChannelOptions {
  int64_t keepalive_time_ns = 10'000'000'000;
  int64_t keepalive_timeout_ns = 5'000'000'000;
  int64_t connect_timeout_ns = 5'000'000'000;
  std::string service_config_json;  // empty: none
};

// A channel with a connection of its own, shared with no other channel: each begins without the back-off that an
// earlier one ran into, so that an attempt of the reconnect policy is one real attempt to connect. A proxy of
// the environment is used where ProxyFor() (proxy.h) names one.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server, const ChannelOptions& options);

}  // namespace pipeline
