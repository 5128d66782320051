// Clients that take nothing: a connection with calls whose answers it grants no HTTP/2 window, and whose bytes it never
// reads. Spoken by hand, because a gRPC client reads whether its user does or not. For the tests of the server.
#pragma once

#include <string>

namespace pipeline {

class StuckClient {
 public:
  // Opens `calls` calls of payment.PaymentService's `method`, each with that serialised request.
  StuckClient(int port, const std::string& method, const std::string& request, int calls);
  ~StuckClient();
  StuckClient(const StuckClient&) = delete;
  StuckClient& operator=(const StuckClient&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace pipeline
