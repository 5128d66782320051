#include "client/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "client/ping_complaints.h"
#include "client/proxy.h"

namespace pipeline {
namespace {

// A StreamStart of a few hundred partitions exceeds gRPC's default of 8 KiB.
constexpr int kMetadataBytesMax = 128 * 1024;

// A connection that no call uses is closed after this: a server's places are for those who use them.
constexpr int kUnusedMs = 60'000;

int Milliseconds(int64_t duration_ns) {
  constexpr int64_t kMax = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp<int64_t>(duration_ns / 1'000'000, 1, kMax));
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server, const ChannelOptions& options) {
  WatchPingComplaints();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time_ns));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout_ns));
  // Between calls nobody waits for this server, and most servers count such pings as abuse.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, kUnusedMs);
  // With the default of 2 an idle stream to a stopped server is never noticed.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // gRPC gives one attempt to connect at least this long.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(options.connect_timeout_ns));
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  if (ProxyFor(server).empty()) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (options.service_config_json.empty()) {
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  } else {
    arguments.SetServiceConfigJSON(options.service_config_json);
    // A retried call needs a channel that tries again as soon.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  }
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

std::shared_ptr<grpc::Channel> Channels::To(const std::string& server) {
  Entry& entry = entries_[server];
  if (entry.channel != nullptr) {
    const grpc_connectivity_state state = entry.channel->GetState(false);
    if (state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_IDLE) return entry.channel;
  }
  ChannelOptions options = options_;
  options.keepalive_time_ns = keepalive_time_ns(server);
  entry.channel = MakeChannel(server, options);
  return entry.channel;
}

void Channels::Forget(const std::string& server) { entries_[server].channel.reset(); }

std::optional<int64_t> Channels::PingLess(const std::string& server) {
  const int64_t before_ns = keepalive_time_ns(server);
  if (before_ns >= kKeepaliveTimeMaxNs) return std::nullopt;
  Entry& entry = entries_[server];
  entry.keepalive_time_ns = std::min(before_ns * 2, kKeepaliveTimeMaxNs);
  entry.channel.reset();
  return entry.keepalive_time_ns;
}

int64_t Channels::keepalive_time_ns(const std::string& server) const {
  const auto found = entries_.find(server);
  const bool changed = found != entries_.end() && found->second.keepalive_time_ns > 0;
  return changed ? found->second.keepalive_time_ns : options_.keepalive_time_ns;
}

}  // namespace pipeline
