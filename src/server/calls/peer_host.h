// Who a peer is, for the limits of one host: its address without the port. An IPv6 host is its /64, for one machine has
// all the addresses of that. Called from the acceptor's thread and from gRPC's. Pure, thread-safe.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace pipeline {

// Of a socket's peer: "10.0.0.1", "2001:db8:0:1::/64"; an IPv4 address within IPv6 is that IPv4 address, "::1" and
// what is local to a link stay themselves. "" for another family.
std::string HostOf(const sockaddr_storage& address);

// Of a peer as gRPC names it ("ipv4:10.0.0.1:50432", "ipv6:%5B::1%5D:50432"); what has another form is taken whole.
std::string PeerHost(std::string_view peer);

}  // namespace pipeline
