#include "server/calls/peer_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace pipeline {
namespace {

constexpr size_t kNetworkBytes = 8;  // of 16: what a /64 has in common

template <typename Address>
std::string Text(int family, const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, &address, text.data(), text.size()) == nullptr ? std::string() : text.data();
}

std::string Host(in6_addr address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr inner{};
    std::copy_n(&address.s6_addr[12], sizeof(inner), reinterpret_cast<uint8_t*>(&inner));
    return Text(AF_INET, inner);
  }
  // All hosts of a link share fe80::/64.
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address)) return Text(AF_INET6, address);
  std::fill(std::begin(address.s6_addr) + kNetworkBytes, std::end(address.s6_addr), uint8_t{0});
  return Text(AF_INET6, address) + "/64";
}

// In place of `from`, wherever it stands.
void ReplaceAll(std::string* text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text->find(from, at)) != std::string::npos; at += to.size()) {
    text->replace(at, from.size(), to);
  }
}

}  // namespace

std::string HostOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return Text(AF_INET, reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  if (address.ss_family == AF_INET6) return Host(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  return "";
}

std::string PeerHost(std::string_view peer) {
  if (!peer.starts_with("ipv4:") && !peer.starts_with("ipv6:")) return std::string(peer);
  std::string host(peer.substr(5, peer.rfind(':') - 5));
  ReplaceAll(&host, "%5B", "");
  ReplaceAll(&host, "%5D", "");
  ReplaceAll(&host, "[", "");
  ReplaceAll(&host, "]", "");
  in6_addr address{};
  // A zone ("%25eth0") says which network of this host, not who the peer is.
  const std::string without_zone = host.substr(0, host.find('%'));
  return inet_pton(AF_INET6, without_zone.c_str(), &address) == 1 ? Host(address) : host;
}

}  // namespace pipeline
