// Who listens on a port is found whatever started it, and a subject is all that has to be reached: members, and
// strangers that hold its port.
#include "harness/process/subject.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <string>

#include "harness/process/sockets.h"
#include "tests/process/process_testing.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

TEST(SocketsTest, ReadsTheKernelsTableAndPassesOverWhatIsNoRow) {
  const std::string text =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:C383 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 78317 1 0 100 0\n"
      "   1: 0100007F:9C40 0100007F:C383 01 00000000:00000000 00:00000000 00000000     0        0 78318 1 0 100 0\n"
      "   2: 00000000000000000000000001000000:C384 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 7 1 0\n"
      "   3: torn\n";
  const auto sockets = ParseTcpTable(text);
  ASSERT_EQ(sockets.size(), 3u);
  EXPECT_EQ(sockets[0].local_port, 50051);
  EXPECT_EQ(sockets[0].state, 10);
  EXPECT_EQ(sockets[0].inode, 78317u);
  EXPECT_EQ(sockets[1].remote_port, 50051);
  EXPECT_EQ(sockets[1].state, 1);
  EXPECT_EQ(sockets[2].local_port, 50052);
}

// Listens on a free port of the loopback.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const bool listens = bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(fd_, 8) == 0 &&
                         getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (!listens) abort();
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int port() const { return port_; }
  int fd() const { return fd_; }

 private:
  int fd_;
  int port_ = 0;
};

TEST(SocketsTest, KnowsWhoListensAndWhoIsConnected) {
  Listener listener;
  const auto listening = ListeningSockets(listener.port());
  ASSERT_EQ(listening.size(), 1u);
  EXPECT_TRUE(HasOpenOneOf(getpid(), listening));
  EXPECT_THAT(OwnersOf(listening), ::testing::Contains(getpid()));
  EXPECT_TRUE(SocketsConnectedTo({listener.port()}).empty());
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(listener.port()));
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_TRUE(HasOpenOneOf(getpid(), SocketsConnectedTo({listener.port()})));
  close(fd);
}

// The port of a subject is held by a process that the harness did not start, as behind a container's command line.
TEST(SubjectTest, WhoHoldsItsPortIsReachedToo) {
  Listener listener;
  const pid_t stranger = fork();
  if (stranger == 0) {
    for (;;) pause();
  }
  const int port = listener.port();
  listener.Close();  // the stranger's copy is the only one now
  Supervisor supervisor;
  const int64_t pid = supervisor.Start(Shell("exec sleep 1000"));
  const Subject subject = FindSubject(&supervisor, pid, port);
  ASSERT_EQ(subject.strangers.size(), 1u);
  EXPECT_EQ(subject.strangers[0].pid, stranger);
  EXPECT_TRUE(subject.owner_known);
  EXPECT_THAT(subject.PidsText(), HasSubstr("pids "));
  EXPECT_THAT(subject.PidsText(), HasSubstr(" and "));
  ASSERT_TRUE(SignalSubject(&supervisor, subject, SIGSTOP));
  EXPECT_TRUE(Eventually([&] { return IsStopped(subject); }));
  SignalSubject(&supervisor, subject, SIGCONT);
  EXPECT_TRUE(Eventually([&] { return !IsStopped(subject); }));
  ASSERT_TRUE(supervisor.Signal(pid, SIGKILL));
  ASSERT_TRUE(supervisor.WaitExit(pid, Soon()));
  EXPECT_EQ(LeftOf(subject, 0), "pid " + std::to_string(stranger) + " lives on");
  SignalSubject(&supervisor, subject, SIGKILL);
  EXPECT_EQ(LeftOf(subject, Soon()), "");
  waitpid(stranger, nullptr, 0);
}

}  // namespace
}  // namespace harness
