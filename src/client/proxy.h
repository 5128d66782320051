// Whether gRPC would reach a server through a proxy of the environment, and which: it takes grpc_proxy, https_proxy or
// http_proxy, the first of these that is set, unless no_grpc_proxy or no_proxy names the host. Loopback is never
// reached so. Called when channels are made; thread-safe so long as nobody changes the environment.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace pipeline {

// The host of this machine: localhost, 127.0.0.0/8, ::1, `own_name` and the like; `server` is HOST:PORT, [IPV6]:PORT or
// unix:PATH. Pure.
bool IsLoopback(std::string_view server, std::string_view own_name);

// "http://proxy.example.com:3128", without a user's name and password; empty: none. `environment` gives a variable's
// value, empty where it is not set. Pure.
std::string ProxyFor(std::string_view server, std::string_view own_name,
                     const std::function<std::string(const char* name)>& environment);

// The same, of this process.
std::string ProxyFor(std::string_view server);

// " (through proxy http://...)", or nothing without one: for the end of a sentence about a failed connection.
std::string ThroughProxy(std::string_view proxy);

}  // namespace pipeline
