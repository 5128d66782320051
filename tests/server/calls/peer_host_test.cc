// A limit of one host counts what one machine can have: an IPv4 address, an IPv6 /64.
#include "server/calls/peer_host.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>

namespace pipeline {
namespace {

std::string HostOfText(const char* text) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
  } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
  }
  return HostOf(address);
}

TEST(PeerHostTest, IsThePeerWithoutItsPort) {
  EXPECT_EQ(PeerHost("ipv4:10.0.0.1:50432"), "10.0.0.1");
  EXPECT_EQ(PeerHost("ipv6:[::1]:1"), "::1");
  EXPECT_EQ(PeerHost("unix:/run/payments.sock"), "unix:/run/payments.sock");
  EXPECT_EQ(PeerHost("ipv4:"), "");
  EXPECT_EQ(PeerHost(""), "");
}

TEST(PeerHostTest, OfIpv6IsThe64) {
  EXPECT_EQ(PeerHost("ipv6:%5B2001:db8:1:2:3:4:5:6%5D:50432"), "2001:db8:1:2::/64");
  EXPECT_EQ(PeerHost("ipv6:[2001:db8:1:2::ffff]:1"), "2001:db8:1:2::/64");
  EXPECT_EQ(PeerHost("ipv6:[2001:db8:1:3::ffff]:1"), "2001:db8:1:3::/64");
  EXPECT_EQ(PeerHost("ipv6:%5B::ffff:10.0.0.1%5D:1"), "10.0.0.1") << "IPv4 at a socket of both families";
  EXPECT_EQ(PeerHost("ipv6:%5Bfe80::1%25eth0%5D:1"), "fe80::1") << "all hosts of a link share its /64";
}

TEST(PeerHostTest, SocketsAndGrpcNameTheSameHost) {
  for (const char* host : {"10.0.0.1", "127.0.0.1"}) EXPECT_EQ(HostOfText(host), host);
  for (const char* host : {"2001:db8:1:2:3:4:5:6", "::1", "fe80::2", "::ffff:10.0.0.1"}) {
    EXPECT_EQ(HostOfText(host), PeerHost("ipv6:[" + std::string(host) + "]:1"));
  }
  EXPECT_EQ(HostOfText("no address"), "");
}

}  // namespace
}  // namespace pipeline
