// Free ports for programs that are told one, and whether a port accepts. Called by the runner and by tests;
// thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace harness {

// A TCP port that nothing is bound to now, on any address, and that this process has not given out before. It is free,
// not reserved: another program may still take it, so whoever starts a program on it must look at how that went.
//
// It lies below the kernel's ephemeral range (ip_local_port_range) wherever there is room there. A port within it is
// asking for trouble as soon as its server is restarted: while nothing listens, any outgoing connection on the machine
// may be given that port as its own, and the server then finds it taken; a client that keeps connecting to it can even
// be connected to itself. Bound here without SO_REUSEADDR, which is stricter than what a server with SO_REUSEADDR (gRPC
// sets it) needs: a port with connections left in TIME_WAIT is passed over.
// Throws std::runtime_error when there is none.
int PickFreePort();

// Low and high end of "32768\t60999\n", the text of /proc/sys/net/ipv4/ip_local_port_range. Pure.
struct PortRange {
  int low = 0;
  int high = 0;
  bool operator==(const PortRange&) const = default;
};
std::optional<PortRange> ParsePortRange(std::string_view text);

// Whether something accepts TCP connections at 127.0.0.1:`port` (or, when not, at [::1]:`port`) within `timeout_ms`.
bool PortAccepts(int port, int timeout_ms);

// Asks every 5 ms until the port accepts (true), `give_up` says so (its program has ended) or `deadline_ns` (monotonic)
// passes (false).
bool WaitPortAccepts(int port, int64_t deadline_ns, const std::function<bool()>& give_up = nullptr);

}  // namespace harness
