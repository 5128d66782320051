#include "server/ops/http_page.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "server/calls/sockets.h"

namespace pipeline {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr int kLookMs = 1'000;  // after connections whose time is over
constexpr int kPauseMs = 100;   // after one that could not be accepted

std::string Response(std::string_view status, std::string_view type, std::string_view body, bool with_body) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\nContent-Type: ").append(type);
  text.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\nConnection: close");
  text.append(kEnd);
  if (with_body) text.append(body);
  return text;
}

std::string Refusal(std::string_view status) {
  return Response(status, "text/plain", std::string(status) + "\n", /*with_body=*/true);
}

}  // namespace

std::string AnswerHttp(std::string_view request, const HttpPaths& paths) {
  const std::string_view line = request.substr(0, request.find("\r\n"));
  const size_t method_end = line.find(' ');
  const size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == target_end ||
      !line.substr(target_end + 1).starts_with("HTTP/1.")) {
    return Refusal("400 Bad Request");
  }
  const std::string_view method = line.substr(0, method_end);
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const size_t path_end = target.find('?');
  const auto page = paths.find(target.substr(0, path_end));
  if (page == paths.end()) return Refusal("404 Not Found");
  if (method != "GET" && method != "HEAD") return Refusal("405 Method Not Allowed");
  const HttpContent content =
      page->second(path_end == std::string_view::npos ? std::string_view() : target.substr(path_end + 1));
  return Response("200 OK", content.type, content.text, method == "GET");
}

HttpPage::HttpPage(const std::string& host, int port, HttpPaths paths)
    : paths_(std::move(paths)), sockets_(host, port, kPatienceNs), stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_fd_ < 0) throw std::runtime_error(std::string("can't listen: ") + std::strerror(errno));
  thread_ = std::thread([this] { Run(); });
}

HttpPage::~HttpPage() {
  eventfd_write(stop_fd_, 1);
  thread_.join();
  for (const Connection& connection : connections_) close(connection.fd);
  close(stop_fd_);
}

void HttpPage::Run() {
  std::vector<pollfd> waits;
  bool paused = false;
  for (;;) {
    // First who stops it, then the connections, then the listening sockets while there is room.
    waits.assign(1, {stop_fd_, POLLIN, 0});
    for (const Connection& connection : connections_) {
      waits.push_back({connection.fd, static_cast<int16_t>(connection.answer.empty() ? POLLIN : POLLOUT), 0});
    }
    const size_t known = connections_.size();
    if (known < kConnectionsMax && !paused) {
      for (const int listener : sockets_.descriptors()) waits.push_back({listener, POLLIN, 0});
    }
    poll(waits.data(), waits.size(), paused ? kPauseMs : kLookMs);
    if (waits[0].revents != 0) return;
    const int64_t now_ns = MonotonicNs();
    for (size_t i = 0; i < known; ++i) {
      Connection& connection = connections_[i];
      bool goes_on = now_ns < connection.deadline_ns;
      if (goes_on && waits[1 + i].revents != 0) {
        goes_on = connection.answer.empty() ? Read(&connection) : Write(&connection);
      }
      if (!goes_on) close(std::exchange(connection.fd, -1));
    }
    std::erase_if(connections_, [](const Connection& connection) { return connection.fd < 0; });
    paused = false;
    for (size_t i = 1 + known; i < waits.size(); ++i) {
      if (waits[i].revents != 0 && !Accept(waits[i].fd)) paused = true;
    }
  }
}

bool HttpPage::Accept(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return !IsShortage(errno);
  connections_.push_back({fd, MonotonicNs() + kPatienceNs, "", "", 0});
  return true;
}

bool HttpPage::Read(Connection* connection) {
  std::array<char, 4096> buffer{};
  const ssize_t got = recv(connection->fd, buffer.data(), buffer.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  connection->request.append(buffer.data(), static_cast<size_t>(got));
  if (connection->request.find(kEnd) != std::string::npos) {
    connection->answer = AnswerHttp(connection->request, paths_);
  } else if (connection->request.size() > kRequestBytesMax) {
    connection->answer = Refusal("431 Request Header Fields Too Large");
  }
  return connection->answer.empty() || Write(connection);
}

bool HttpPage::Write(Connection* connection) {
  const std::string_view rest = std::string_view(connection->answer).substr(connection->sent);
  const ssize_t sent = send(connection->fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  connection->sent += static_cast<size_t>(sent);
  return connection->sent < connection->answer.size();
}

}  // namespace pipeline
