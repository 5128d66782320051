// TCP connections that say nothing, or one thing. For the tests of the server.
#pragma once

#include <string_view>
#include <vector>

namespace pipeline {

class IdleConnections {
 public:
  // So many sockets, connected later.
  explicit IdleConnections(int count);
  // Connected to `port` of 127.0.0.1, from `own` ("127.0.0.2", say); each says `hello`.
  IdleConnections(int port, int count, const char* own = "127.0.0.1", std::string_view hello = "");
  ~IdleConnections() { Close(); }
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;

  void Connect(int port, const char* own = "127.0.0.1", std::string_view hello = "");
  // Those that the server has not ended.
  int Open() const;
  void Close();

 private:
  std::vector<int> descriptors_;
};

}  // namespace pipeline
