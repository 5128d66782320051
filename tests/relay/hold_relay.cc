// `hold-relay HOLD_MS SERVER PROGRAM ARGUMENTS...`: a relay of TCP that keeps all that SERVER (HOST:PORT) sends for
// HOLD_MS before it hands it on, whatever it is. Starts PROGRAM with its own address in place of each "@relay@", passes
// SIGTERM and SIGINT on to it, and ends as it ends. For tests/scenarios/measurement_test.cc: a server with a known
// delay.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(3);
}

sockaddr_in Address(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const size_t colon = text.rfind(':');
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr);
  return address;
}

struct Held {
  int64_t due_ns = 0;
  std::string bytes;  // empty: the end
};

struct Pair {
  int client = -1;
  int server = -1;
  std::deque<Held> held;
};

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) return;  // the reader has gone: its end comes by the other way
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

// False: the end.
bool Read(int fd, std::string* bytes) {
  bytes->resize(65536);
  const ssize_t got = recv(fd, bytes->data(), bytes->size(), 0);
  bytes->resize(got > 0 ? static_cast<size_t>(got) : 0);
  return got > 0;
}

class Relay {
 public:
  Relay(int64_t hold_ns, const std::string& server) : hold_ns_(hold_ns), server_(Address(server)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in own = Address("127.0.0.1:0");
    socklen_t size = sizeof(own);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&own), size) != 0 || listen(listener_, 16) != 0) Fail("listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  }
  const std::string& address() const { return address_; }

  // Waits for what comes, or falls due, within 100 ms.
  void Step() {
    std::vector<pollfd> fds = {{listener_, POLLIN, 0}};
    int64_t due_ns = NowNs() + 100'000'000;
    for (const Pair& pair : pairs_) {
      fds.push_back({pair.client, POLLIN, 0});
      fds.push_back({pair.server, POLLIN, 0});
      if (!pair.held.empty()) due_ns = std::min(due_ns, pair.held.front().due_ns);
    }
    const int64_t wait_ns = std::max<int64_t>(0, due_ns - NowNs());
    const timespec wait{.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
    if (ppoll(fds.data(), fds.size(), &wait, nullptr) < 0) return;
    size_t at = 1;
    for (Pair& pair : pairs_) {
      const bool client = fds[at].revents != 0;
      const bool server = fds[at + 1].revents != 0;
      at += 2;
      Move(&pair, client, server);
    }
    pairs_.remove_if([](const Pair& pair) { return pair.client < 0; });
    if (fds[0].revents != 0) Accept();
  }

 private:
  void Accept() {
    Pair pair;
    pair.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (pair.client < 0) return;
    pair.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(pair.server, reinterpret_cast<const sockaddr*>(&server_), sizeof(server_)) != 0) {
      close(pair.client);
      close(pair.server);
      return;
    }
    const int on = 1;
    for (const int fd : {pair.client, pair.server}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    pairs_.push_back(std::move(pair));
  }

  void Move(Pair* pair, bool client, bool server) {
    std::string bytes;
    if (server) {
      if (!Read(pair->server, &bytes)) shutdown(pair->server, SHUT_RD);
      if (!bytes.empty() || pair->held.empty() || !pair->held.back().bytes.empty()) {
        pair->held.push_back({NowNs() + hold_ns_, bytes});
      }
    }
    while (!pair->held.empty() && pair->held.front().due_ns <= NowNs()) {
      if (pair->held.front().bytes.empty()) return Close(pair);
      WriteAll(pair->client, pair->held.front().bytes);
      pair->held.pop_front();
    }
    if (!client) return;
    if (!Read(pair->client, &bytes)) return Close(pair);
    WriteAll(pair->server, bytes);
  }

  static void Close(Pair* pair) {
    close(pair->client);
    close(pair->server);
    pair->client = -1;
  }

  const int64_t hold_ns_;
  const sockaddr_in server_;
  int listener_ = -1;
  std::string address_;
  std::list<Pair> pairs_;
};

pid_t Start(std::vector<std::string> words, const std::string& address) {
  std::vector<char*> argv;
  for (std::string& word : words) {
    if (word == "@relay@") word = address;
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execv(argv[0], argv.data());
  Fail(argv[0]);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  Relay relay(int64_t{std::atoi(argv[1])} * 1'000'000, argv[2]);
  const pid_t program = Start({argv + 3, argv + argc}, relay.address());
  if (program < 0) Fail("fork");
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) {});
  int status = 0;
  while (waitpid(program, &status, WNOHANG) == 0) relay.Step();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
