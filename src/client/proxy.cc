#include "client/proxy.h"

#include <absl/strings/ascii.h>
#include <arpa/inet.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "text/words.h"

namespace pipeline {
namespace {

std::string LowerCase(std::string_view text) { return absl::AsciiStrToLower(std::string(text)); }

std::string HostOf(std::string_view server) {
  if (server.starts_with('[')) return LowerCase(server.substr(1, server.find(']') - 1));
  return LowerCase(server.substr(0, server.rfind(':')));
}

bool IsLoopbackAddress(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    const uint32_t address = ntohl(v4.s_addr);
    return address >> 24 == 127 || address == 0;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6);
}

// As gRPC does: a suffix of the host is enough.
bool IsExcepted(const std::string& host, std::string_view exceptions) {
  for (const std::string_view entry : Split(exceptions, ',')) {
    const std::string suffix = LowerCase(Stripped(entry));
    if (!suffix.empty() && host.ends_with(suffix)) return true;
  }
  return false;
}

}  // namespace

bool IsLoopback(std::string_view server, std::string_view own_name) {
  if (server.starts_with("unix:") || server.starts_with("unix-abstract:")) return true;
  std::string host = HostOf(server);
  if (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || host.ends_with(".localhost") || host == "ip6-localhost" || host == "ip6-loopback") {
    return true;
  }
  return host == LowerCase(own_name) || IsLoopbackAddress(host);
}

std::string ProxyFor(std::string_view server, std::string_view own_name,
                     const std::function<std::string(const char* name)>& environment) {
  if (IsLoopback(server, own_name)) return {};
  std::string proxy;
  for (const char* name : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    if (proxy.empty()) proxy = environment(name);
  }
  if (proxy.empty()) return {};
  std::string exceptions = environment("no_grpc_proxy");
  if (exceptions.empty()) exceptions = environment("no_proxy");
  if (IsExcepted(HostOf(server), exceptions)) return {};
  const size_t scheme = proxy.find("://");
  const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t user = proxy.rfind('@');
  if (user != std::string::npos && user >= begin) proxy.erase(begin, user + 1 - begin);
  return proxy;
}

std::string ProxyFor(std::string_view server) {
  std::array<char, 256> own_name{};
  gethostname(own_name.data(), own_name.size() - 1);
  return ProxyFor(server, own_name.data(), [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  });
}

std::string ThroughProxy(std::string_view proxy) {
  return proxy.empty() ? std::string() : " (through proxy " + std::string(proxy) + ")";
}

}  // namespace pipeline
