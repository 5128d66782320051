// Connections are counted as they come and go, though nobody tells when they go: in all, and of each host.
#include "server/calls/connection_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace pipeline {
namespace {

using Verdict = ConnectionTable::Verdict;

// Descriptors as the kernel has them: the lowest free number is given next.
class Sockets {
 public:
  int Open() {
    int fd = 0;
    while (open_.contains(fd)) ++fd;
    open_[fd] = ++last_;
    return fd;
  }
  void Close(int fd) { open_.erase(fd); }
  SocketId Identify(int fd) const {
    const auto found = open_.find(fd);
    return found == open_.end() ? 0 : found->second;
  }
  ConnectionTable::Identify identify() {
    return [this](int fd) { return Identify(fd); };
  }

 private:
  std::map<int, SocketId> open_;
  SocketId last_ = 0;
};

TEST(ConnectionTableTest, LimitsAreInAllAndOfAHost) {
  Sockets sockets;
  ConnectionTable table({3, 2}, sockets.identify());
  const auto add = [&](const std::string& host) {
    const int fd = sockets.Open();
    table.Add(fd, sockets.Identify(fd), host);
    return fd;
  };
  const int first = add("a");
  add("a");
  EXPECT_EQ(table.Check("a"), Verdict::kPeerFull);
  EXPECT_EQ(table.Check("b"), Verdict::kRoom);
  add("b");
  EXPECT_EQ(table.Check("c"), Verdict::kFull);
  sockets.Close(first);
  EXPECT_EQ(table.Check("a"), Verdict::kFull) << "as of the last look";
  table.Sweep();
  EXPECT_EQ(table.Check("a"), Verdict::kRoom);
  EXPECT_EQ(table.open(), 2);
  EXPECT_EQ(table.most_of_a_peer(), 1);
}

TEST(ConnectionTableTest, ADescriptorThatBecameSomethingElseIsGone) {
  Sockets sockets;
  ConnectionTable table({3, 1}, sockets.identify());
  const int fd = sockets.Open();
  table.Add(fd, sockets.Identify(fd), "a");
  sockets.Close(fd);
  ASSERT_EQ(sockets.Open(), fd) << "for Kafka, say";
  table.Sweep();
  EXPECT_EQ(table.open(), 0);
}

// Whatever comes and goes: what is counted after a look is what is open.
RC_GTEST_PROP(ConnectionTableProperty, CountsWhatIsOpen, ()) {
  Sockets sockets;
  ConnectionTable table({1'000, 1'000}, sockets.identify());
  std::map<int, std::string> open;  // connections
  const int steps = *rc::gen::inRange(0, 60);
  for (int step = 0; step < steps; ++step) {
    const int what = *rc::gen::inRange(0, 4);
    if (what <= 1) {
      const int fd = sockets.Open();
      const std::string host(1, *rc::gen::elementOf(std::string("abc")));
      table.Add(fd, sockets.Identify(fd), host);
      open[fd] = host;
    } else if (what == 2 && !open.empty()) {
      const auto at = std::next(open.begin(), *rc::gen::inRange<int>(0, static_cast<int>(open.size())));
      sockets.Close(at->first);
      open.erase(at);
    } else if (what == 3) {
      sockets.Open();  // of somebody else
    }
  }
  table.Sweep();
  std::map<std::string, int64_t> of_host;
  int64_t most = 0;
  for (const auto& [fd, host] : open) most = std::max(most, ++of_host[host]);
  RC_ASSERT(table.open() == static_cast<int64_t>(open.size()));
  RC_ASSERT(table.most_of_a_peer() == most);
}

}  // namespace
}  // namespace pipeline
