// Pages over HTTP/1, to whoever asks for them: one thread, a connection for each request, bounded in number, bytes and
// time. (The HTTP server that Debian's prometheus-cpp comes with speaks no IPv6.) Made by MetricsListener.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/calls/listening_sockets.h"

namespace pipeline {

struct HttpContent {
  std::string type;  // "text/plain; charset=utf-8"
  std::string text;
};
// What stands at each path ("/metrics"). `query`: what is behind its '?', as it came; "": nothing is.
using HttpPaths = std::map<std::string, std::function<HttpContent(std::string_view query)>, std::less<>>;

// What to answer to a request's first line and headers: the page where GET or HEAD ask for one of `paths`, else why
// not. Pure, but for the pages.
std::string AnswerHttp(std::string_view request, const HttpPaths& paths);

class HttpPage {
 public:
  // Answers with what the pages return, which are called from a thread of this; no two at once. Throws
  // std::runtime_error when it can't listen there.
  HttpPage(const std::string& host, int port, HttpPaths paths);
  ~HttpPage();  // answers that are not out yet are cut off
  HttpPage(const HttpPage&) = delete;
  HttpPage& operator=(const HttpPage&) = delete;

  int port() const { return sockets_.port(); }

  // Further ones wait to be accepted.
  static constexpr size_t kConnectionsMax = 16;
  static constexpr size_t kRequestBytesMax = 8192;
  // For the request to come and the answer to go.
  static constexpr int64_t kPatienceNs = 5'000'000'000;

 private:
  struct Connection {
    int fd = -1;
    int64_t deadline_ns = 0;
    std::string request;
    std::string answer;  // not empty: the request is whole
    size_t sent = 0;
  };

  void Run();
  // False: no descriptor for it.
  bool Accept(int listener);
  // Each false at the connection's end.
  bool Read(Connection* connection);
  static bool Write(Connection* connection);

  const HttpPaths paths_;
  ListeningSockets sockets_;
  int stop_fd_ = -1;  // readable: stop
  std::vector<Connection> connections_;
  std::thread thread_;
};

}  // namespace pipeline
