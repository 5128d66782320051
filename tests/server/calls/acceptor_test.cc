// The acceptor goes on where gRPC's stops for ever: without descriptors it turns away what comes, and takes what comes
// later.
#include "server/calls/acceptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include "common/sanitized.h"
#include "tests/server/calls/idle_connections.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

// Takes all descriptors that this process may have, and some more than it has now as its limit.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    held_.push_back(next);
    const rlimit low{static_cast<rlim_t>(next) + 20, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int fd = 0; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) held_.push_back(fd);
    EXPECT_EQ(errno, EMFILE);
  }
  ~NoDescriptors() {
    setrlimit(RLIMIT_NOFILE, &before_);
    for (const int fd : held_) close(fd);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
  std::vector<int> held_;
};

TEST(AcceptorTest, WithoutDescriptorsThoseThatComeAreTurnedAwayAndLaterOnesTaken) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own to look at memory";
  const ListeningSockets sockets("127.0.0.1", 0, 1'000'000'000);
  ServerCounters counters;
  std::atomic<int> taken = 0;
  Acceptor acceptor(&sockets, {100, 100}, &counters, [&](int /*listener*/, int fd) {
    ++taken;
    close(fd);
  });
  const auto turned_away = [&] {
    return counters.connections_refused[static_cast<size_t>(ConnectionLimit::kDescriptors)].value();
  };
  IdleConnections clients(3);
  {
    const NoDescriptors none;
    clients.Connect(sockets.port());
    EXPECT_TRUE(Eventually([&] { return turned_away() == 3; }));
    EXPECT_EQ(clients.Open(), 0);
    EXPECT_EQ(taken, 0);
  }
  IdleConnections later(sockets.port(), 2);
  EXPECT_TRUE(Eventually([&] { return taken == 2; }));
  EXPECT_EQ(turned_away(), 3);
}

TEST(AcceptorTest, WhatIsClosedIsCountedNoMore) {
  const ListeningSockets sockets("127.0.0.1", 0, 1'000'000'000);
  ServerCounters counters;
  std::vector<int> taken;
  std::atomic<int64_t> count = 0;
  Acceptor acceptor(&sockets, {2, 2}, &counters, [&](int /*listener*/, int fd) {
    taken.push_back(fd);
    ++count;
  });
  IdleConnections clients(sockets.port(), 3);
  EXPECT_TRUE(Eventually([&] { return clients.Open() == 2; }));
  EXPECT_EQ(count, 2);
  EXPECT_EQ(acceptor.connections(), 2);
  close(taken.front());
  IdleConnections more(sockets.port(), 1);
  EXPECT_TRUE(Eventually([&] { return count == 3; })) << "looked at again before it is refused";
  acceptor.Stop();
  close(taken[1]);
  close(taken[2]);
}

}  // namespace
}  // namespace pipeline
