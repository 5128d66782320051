// Servers that threw a connection off because it was pinged too often (GOAWAY, ENHANCE_YOUR_CALM, "too_many_pings").
// gRPC tells nobody but its log: the calls on that connection end with whatever came next ("Socket closed"). So its log
// is read. Every line but that one goes to standard error, as before. Called by the Channels and the streams;
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

// Reads gRPC's log from now on, in the whole process. Does nothing from the second call on, or where this gRPC does not
// hand its log over (1.65 and later).
void WatchPingComplaints();

// How often the server at `peer` (grpc::ClientContext::peer()) has complained since. Counts the first
// kComplainersMax servers; to a further one it says 0.
inline constexpr size_t kComplainersMax = 1024;
uint64_t PingComplaints(const std::string& peer);

// The peer that a line of gRPC's log says has complained; nullopt: it says something else. Pure.
std::optional<std::string> ComplainerOf(std::string_view line);

}  // namespace pipeline
