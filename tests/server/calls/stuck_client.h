// A client that takes nothing: it opens calls and never reads from its connection. Spoken by hand, because a gRPC
// client reads whether its user does or not. For the tests of the server.
#pragma once

#include <cstdint>
#include <string>

namespace pipeline {

class StuckClient {
 public:
  // What it grants the server to send, by HTTP/2's flow control. kNone: no message is ever sent, gRPC keeps it. kAll:
  // they are sent until the buffers of the connection are full, and then a write is pending that nothing comes past.
  enum class Window : uint8_t { kNone, kAll };

  StuckClient(int port, Window window);
  ~StuckClient();
  StuckClient(const StuckClient&) = delete;
  StuckClient& operator=(const StuckClient&) = delete;

  // `method`: "payment.PaymentService/GetPayment"; `request`: serialised, sent `count` times. All that is ever sent
  // must fit the 64 KiB that a server grants at first.
  void Call(const std::string& method, const std::string& request, int count = 1);
  // Something has come.
  bool HasUnread() const;

 private:
  void Send(const std::string& bytes) const;

  int fd_ = -1;
  uint32_t next_stream_ = 1;
};

}  // namespace pipeline
