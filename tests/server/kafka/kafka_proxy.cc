#include "tests/server/kafka/kafka_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

namespace pipeline {
namespace {

constexpr int kLookMs = 5;
constexpr int16_t kProduceApi = 0;

sockaddr_in Address(const std::string& host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, host.c_str(), &address.sin_addr), 1) << host;
  return address;
}

uint32_t BigEndian32(const std::string& bytes) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

// Takes a whole message of Kafka's protocol off the front, with its length; nullopt: it is not all there.
std::optional<std::string> TakeMessage(std::string* bytes) {
  if (bytes->size() < 4) return std::nullopt;
  const size_t size = 4 + size_t{BigEndian32(*bytes)};
  if (bytes->size() < size) return std::nullopt;
  std::string message = bytes->substr(0, size);
  bytes->erase(0, size);
  return message;
}

bool IsWrite(const std::string& message) {
  return message.size() > 6 && message[4] == 0 && static_cast<int16_t>(message[5]) == kProduceApi;
}

// Appends what has come; false: the other side has closed.
bool ReadSome(int fd, std::string* bytes) {
  std::array<char, 65536> buffer{};
  const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
  if (got > 0) bytes->append(buffer.data(), static_cast<size_t>(got));
  return got > 0;
}

void SendAll(int fd, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<size_t>(count);
  }
}

// Where brokers are named, the proxy is.
std::string Renamed(std::string message, const std::string& host, uint16_t from, uint16_t to) {
  const auto text = [&](uint16_t port) {
    return host + std::string(2, '\0') + static_cast<char>(port >> 8) + static_cast<char>(port & 0xFF);
  };
  for (size_t at = 0; (at = message.find(text(from), at)) != std::string::npos;)
    message.replace(at, text(to).size(), text(to));
  return message;
}

}  // namespace

KafkaProxy::KafkaProxy(const std::string& broker)
    : broker_host_(broker.substr(0, broker.rfind(':'))),
      broker_port_(static_cast<uint16_t>(std::stoi(broker.substr(broker.rfind(':') + 1)))),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (broker_host_ == "localhost") broker_host_ = "127.0.0.1";
  sockaddr_in address = Address("127.0.0.1", 0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(listen(listener_, SOMAXCONN), 0);
  EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  address_ = "127.0.0.1:" + std::to_string(port_);
  accepting_ = std::thread([this] { Accept(); });
}

KafkaProxy::~KafkaProxy() {
  stop_ = true;
  accepting_.join();
  for (std::thread& thread : serving_) thread.join();
  close(listener_);
}

void KafkaProxy::Accept() {
  while (!stop_) {
    pollfd wait{listener_, POLLIN, 0};
    if (poll(&wait, 1, kLookMs) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    serving_.emplace_back([this, client] { Serve(client); });
  }
}

void KafkaProxy::Serve(int client) {
  const int broker = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Address(broker_host_, broker_port_);
  bool client_open = connect(broker, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  bool broker_open = client_open;
  bool kept = false;
  bool let_go = false;  // and not answered yet
  std::string requests;
  std::string answers;
  std::string to_broker;
  while (!stop_ && broker_open && (client_open || kept || let_go)) {
    std::array<pollfd, 2> waits = {{{client_open ? client : -1, POLLIN, 0}, {broker, POLLIN, 0}}};
    poll(waits.data(), waits.size(), kLookMs);
    if (waits[0].revents != 0) client_open = ReadSome(client, &requests);
    if (waits[1].revents != 0) broker_open = ReadSome(broker, &answers);
    while (const auto message = TakeMessage(&requests)) {
      if (IsWrite(*message)) {
        ++writes_;
        if (hold_next_.exchange(false)) holding_ = kept = true;
      }
      to_broker += *message;
    }
    if (kept && !holding_) {
      kept = false;
      let_go = true;
    }
    if (!kept) SendAll(broker, std::exchange(to_broker, {}));
    while (const auto message = TakeMessage(&answers)) {
      if (std::exchange(let_go, false)) taken_in_ = true;
      SendAll(client, Renamed(*message, broker_host_, broker_port_, port_));
    }
  }
  close(broker);
  close(client);
}

}  // namespace pipeline
