#include "harness/broker/mock_broker.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/clock.h"
#include "harness/broker/broker_protocol.h"

namespace harness {
namespace {

using Json = nlohmann::json;

constexpr int64_t kAnswerTimeoutNs = 30'000'000'000;
constexpr int64_t kEndTimeoutNs = 5'000'000'000;
constexpr size_t kAnswerBytesMax = 1 << 20;

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void Set(int fd) { fd_ = fd; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace

struct MockBroker::State {
  ~State() { End(); }

  void Start(const MockBrokerOptions& options);
  Json Ask(Json request);
  void Send(std::string_view bytes);
  Json ReadLine();
  void End();
  // What is known about a broker that does not answer.
  std::string Silence() const;

  Supervisor* supervisor = nullptr;
  std::string log_path;
  int64_t pid = 0;
  Descriptor socket;
  std::string buffer;
  int64_t last_id = 0;
  std::string bootstrap;
};

MockBroker::MockBroker(Supervisor* supervisor, const MockBrokerOptions& options) : state_(std::make_unique<State>()) {
  state_->supervisor = supervisor;
  state_->log_path = options.log_path;
  state_->Start(options);
}

MockBroker::~MockBroker() = default;

const std::string& MockBroker::bootstrap() const { return state_->bootstrap; }

int64_t MockBroker::pid() const { return state_->pid; }

void MockBroker::CreateTopic(const std::string& topic, int partitions) {
  state_->Ask({{"command", "create_topic"}, {"topic", topic}, {"partitions", partitions}});
}

void MockBroker::State::Start(const MockBrokerOptions& options) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    throw std::runtime_error("can't start the mock broker: " + std::generic_category().message(errno));
  }
  socket.Set(sockets[0]);
  Descriptor theirs;
  theirs.Set(sockets[1]);
  ProcessSpec spec;
  spec.name = "broker";
  spec.argv = {"/proc/self/exe", "--mock-broker", std::to_string(options.brokers)};
  spec.log_path = options.log_path;
  spec.stdin_fd = theirs.get();
  spec.stdout_fd = theirs.get();
  pid = supervisor->Start(spec);
  theirs.Close();
  const Json line = ReadLine();
  if (const auto failed = line.find("failed"); failed != line.end()) {
    throw std::runtime_error("the mock broker does not start: " + failed->dump());
  }
  try {
    bootstrap = line.at("ready").at("bootstrap").get<std::string>();
  } catch (const Json::exception&) {
    throw std::runtime_error("the mock broker does not say its address but " + line.dump());
  }
}

Json MockBroker::State::Ask(Json request) {
  request["id"] = ++last_id;
  Send(request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  Json answer = ReadLine();
  // An answer that came after its asker had given up is not this one's.
  while (answer.value("id", int64_t{0}) < last_id) answer = ReadLine();
  if (!answer.value("ok", false)) throw std::runtime_error("mock broker: " + answer.value("error", answer.dump()));
  return answer;
}

void MockBroker::State::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::runtime_error(Silence());
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

Json MockBroker::State::ReadLine() {
  const int64_t deadline_ns = pipeline::MonotonicNs() + kAnswerTimeoutNs;
  for (;;) {
    if (const size_t newline = buffer.find('\n'); newline != std::string::npos) {
      Json line = Json::parse(buffer.substr(0, newline), nullptr, /*allow_exceptions=*/false);
      buffer.erase(0, newline + 1);
      if (!line.is_object()) throw std::runtime_error("the mock broker's answer can't be read");
      return line;
    }
    const int64_t left_ns = deadline_ns - pipeline::MonotonicNs();
    if (left_ns <= 0 || buffer.size() > kAnswerBytesMax) throw std::runtime_error(Silence());
    pollfd wait{socket.get(), POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(left_ns / 1'000'000) + 1) <= 0) continue;
    char bytes[4096];
    const ssize_t count = recv(socket.get(), bytes, sizeof(bytes), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw std::runtime_error(Silence());
    buffer.append(bytes, static_cast<size_t>(count));
  }
}

std::string MockBroker::State::Silence() const {
  std::string text = "the mock broker (pid " + std::to_string(pid) + ") ";
  const auto exit = supervisor->WaitExit(pid, pipeline::MonotonicNs() + kEndTimeoutNs);
  text += exit ? "has ended: " + DescribeExit(*exit) : std::string("does not answer");
  if (!log_path.empty()) text += "; see " + log_path;
  return text;
}

void MockBroker::State::End() {
  socket.Close();
  if (pid == 0) return;
  if (supervisor->WaitExit(pid, pipeline::MonotonicNs() + kEndTimeoutNs)) return;
  if (supervisor->Signal(pid, SIGKILL)) supervisor->WaitExit(pid, pipeline::MonotonicNs() + kEndTimeoutNs);
}

}  // namespace harness
