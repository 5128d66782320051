// A picked port can be bound, is given out once and lies where no outgoing connection takes it; a port accepts exactly
// while something listens on it.
#include "harness/process/ports.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/process/process_testing.h"

namespace harness {
namespace {

class Listener {
 public:
  explicit Listener(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    bound_ = bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  bool bound() const { return bound_; }
  void Listen() { ASSERT_EQ(listen(fd_, 16), 0); }

 private:
  int fd_;
  bool bound_ = false;
};

TEST(PortsTest, PickedPortsAreFreeAndDifferent) {
  std::stringstream text;
  text << std::ifstream("/proc/sys/net/ipv4/ip_local_port_range").rdbuf();
  const auto ephemeral = ParsePortRange(text.str());
  std::set<int> ports;
  for (int i = 0; i < 50; ++i) {
    const int port = PickFreePort();
    EXPECT_TRUE(ports.insert(port).second) << port;
    EXPECT_TRUE(Listener(port).bound()) << port;
    // 50 would often differ by luck; 1000 of some 20,000 do not.
    for (int more = 0; more < 20; ++more) EXPECT_TRUE(ports.insert(PickFreePort()).second);
    EXPECT_TRUE(!ephemeral || ephemeral->low < 12'000 || port < ephemeral->low) << port;
  }
}

TEST(PortsTest, APortAcceptsWhileSomethingListens) {
  const int port = PickFreePort();
  EXPECT_FALSE(PortAccepts(port, 1000));
  {
    Listener listener(port);
    ASSERT_TRUE(listener.bound());
    EXPECT_FALSE(PortAccepts(port, 1000));
    listener.Listen();
    EXPECT_TRUE(PortAccepts(port, 10'000));
    EXPECT_TRUE(WaitPortAccepts(port, Soon()));
  }
  EXPECT_FALSE(PortAccepts(port, 1000));
}

TEST(PortsTest, WaitsForAListenerAndNoLongerThanItIsTold) {
  const int port = PickFreePort();
  EXPECT_FALSE(WaitPortAccepts(port, pipeline::MonotonicNs() + 20'000'000));
  int asked = 0;
  EXPECT_FALSE(WaitPortAccepts(port, Soon(), [&] { return ++asked == 3; }));
  EXPECT_EQ(asked, 3);
  Listener listener(port);
  EXPECT_TRUE(WaitPortAccepts(port, Soon(), [&] {
    if (++asked == 6) listener.Listen();
    return false;
  }));
}

RC_GTEST_PROP(PortRangeTest, IsReadAsTheKernelWritesIt, ()) {
  const int low = *rc::gen::inRange(1, 65'535);
  const int high = *rc::gen::inRange(low, 65'536);
  const auto range = ParsePortRange(std::to_string(low) + "\t" + std::to_string(high) + "\n");
  RC_ASSERT(range.has_value());
  RC_ASSERT(*range == (PortRange{low, high}));
}

TEST(PortRangeTest, RefusesWhatIsNone) {
  for (const char* text : {"", "1", "32768", "32768-60999", "60999\t32768", "0\t5", "1\t65536", "1\t2 x", "a\tb"}) {
    EXPECT_FALSE(ParsePortRange(text)) << text;
  }
}

}  // namespace
}  // namespace harness
