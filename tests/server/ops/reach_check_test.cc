// The server notices that it can't be reached: it says so, says when it is over, and ends when it does not get over.
#include "server/ops/reach_check.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "server/calls/acceptor.h"
#include "server/calls/listening_sockets.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

using Says = ReachJudge::Says;

constexpr ReachOptions kQuick = {5'000'000, 50'000'000, 3};

sockaddr_storage AddressOf(int fd, socklen_t* size) {
  sockaddr_storage address{};
  *size = sizeof(address);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  return address;
}

TEST(ReachJudgeTest, OneThatWasReachedEndsAfterSoManyMisses) {
  ReachJudge judge(3);
  EXPECT_EQ(judge.Judge(true), Says::kNothing);
  EXPECT_EQ(judge.Judge(false), Says::kLost);
  EXPECT_EQ(judge.Judge(false), Says::kNothing);
  EXPECT_EQ(judge.Judge(true), Says::kBack);
  EXPECT_EQ(judge.Judge(false), Says::kLost) << "counted anew";
  EXPECT_EQ(judge.Judge(false), Says::kNothing);
  EXPECT_EQ(judge.Judge(false), Says::kEnd);
}

TEST(ReachJudgeTest, OneThatNeverWasSaysSoOnceAndGoesOn) {
  ReachJudge judge(2);
  EXPECT_EQ(judge.Judge(false), Says::kLost);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(judge.Judge(false), Says::kNothing);
  EXPECT_EQ(judge.Judge(true), Says::kBack);
}

TEST(ReachCheckTest, AnAnswerOfHttp2IsReached) {
  PaymentServer server(TestOptions(NoKafka()));
  server.Start();
  const ListeningSockets silent("127.0.0.1", 0, 1'000'000'000);
  socklen_t size = 0;
  sockaddr_storage address = AddressOf(silent.descriptors().front(), &size);
  std::vector<int> ports;
  const auto dialling = [&](int port) { ports.push_back(port); };
  EXPECT_EQ(Dial(address, size, 20'000'000, -1, dialling), "a connection, but no answer in time");
  reinterpret_cast<sockaddr_in&>(address).sin_port = htons(static_cast<uint16_t>(server.port()));
  EXPECT_EQ(Dial(address, size, 60'000'000'000, -1, dialling), "");
  ASSERT_EQ(ports.size(), 4u);
  EXPECT_GT(ports[0], 0);
  EXPECT_EQ(ports[1], 0);
}

// A socket that listens while nobody accepts is what a server is whose acceptor has stopped.
TEST(ReachCheckTest, OneThatIsNotReachedAnyMoreEnds) {
  ListeningSockets deaf("127.0.0.1", 0, 1'000'000'000);
  ServerCounters counters;
  std::atomic<int> told = 0;
  std::string reason;
  Acceptor acceptor(&deaf, {10, 10}, &counters, [](int, int fd) {
    const std::string_view acknowledged("\0\0\0\4\1\0\0\0\0", 9);
    EXPECT_EQ(send(fd, acknowledged.data(), acknowledged.size(), MSG_NOSIGNAL), 9);
    close(fd);
  });
  ReachCheck check(deaf.descriptors().front(), kQuick,
                   {[](int) {},
                    [&](const std::string& why) {
                      reason = why;
                      ++told;
                    }});
  ASSERT_TRUE(Eventually([&] { return counters.connections_accepted.value() >= 2; }));
  EXPECT_EQ(told, 0);
  acceptor.Stop();
  ASSERT_TRUE(Eventually([&] { return told == 1; }));
  EXPECT_FALSE(check.reachable());
  EXPECT_GE(check.misses(), 3);
  EXPECT_EQ(reason, "can't be reached at its own address: a connection, but no answer in time");
}

// It dials itself past the limits, and its own connections are none of a client's.
TEST(ReachCheckTest, AFullServerReachesItself) {
  ServerOptions options = MeasuredOptions(NoKafka());
  options.reach = kQuick;
  options.reach.timeout_ns = 60'000'000'000;
  options.connections_max = 1;
  std::atomic<int> fatal = 0;
  PaymentServer server(options, [&](const std::string& /*reason*/) { ++fatal; });
  server.Start();
  TestStream stream(server.port());
  stream.Open();
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 1; }));
  ASSERT_TRUE(Eventually([&] { return server.connections() == 1; }));
  const Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape["payment_server_reachable"], 1);
  EXPECT_EQ(scrape["payment_server_reach_misses_total"], 0);
  EXPECT_EQ(scrape["payment_server_connections_accepted_total"], 1);
  EXPECT_EQ(fatal, 0);
}

// Of this process, the socket that listens at `port`.
int ListenerAt(int port) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    int listens = 0;
    socklen_t listens_size = sizeof(listens);
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0 || listens == 0) continue;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
    if (ntohs(address.sin_port) == port) return fd;
  }
  return -1;
}

// The socket is shut behind the server's back: whoever runs it is told to end it.
TEST(ReachCheckTest, AServerThatIsNotReachedAnyMoreEnds) {
  ServerOptions options = MeasuredOptions(NoKafka());
  options.reach = kQuick;
  options.reach.timeout_ns = 1'000'000'000;
  std::atomic<int> fatal = 0;
  std::string reason;
  PaymentServer server(options, [&](const std::string& why) {
    reason = why;
    ++fatal;
  });
  server.Start();
  ASSERT_TRUE(Eventually([&] {
    const Scrape scrape = ScrapeMetrics(server.metrics_port());
    return scrape["payment_server_reach_dials_total"] > scrape["payment_server_reach_misses_total"];
  }));
  ASSERT_EQ(shutdown(ListenerAt(server.port()), SHUT_RD), 0);
  ASSERT_TRUE(Eventually([&] { return fatal == 1; }));
  EXPECT_EQ(reason, "can't be reached at its own address: " + std::string(std::strerror(ECONNREFUSED)));
  EXPECT_EQ(ScrapeMetrics(server.metrics_port())["payment_server_reachable"], 0);
}

}  // namespace
}  // namespace pipeline
