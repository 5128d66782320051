#include "tests/server/stuck_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace pipeline {
namespace {

// HTTP/2 (RFC 9113): types and flags of frames.
constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kSettings = 4;
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;

std::string BigEndian(uint32_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i));
  return text;
}

std::string Frame(char type, char flags, uint32_t stream, const std::string& payload) {
  return BigEndian(static_cast<uint32_t>(payload.size()), 3) + type + flags + BigEndian(stream, 4) + payload;
}

// HPACK (RFC 7541): a literal that is not indexed, no Huffman code; name and value shorter than 127.
std::string Header(std::string_view name, std::string_view value) {
  std::string text(1, '\0');
  for (const std::string_view part : {name, value}) {
    text += static_cast<char>(part.size());
    text += part;
  }
  return text;
}

}  // namespace

StuckClient::StuckClient(int port, const std::string& method, const std::string& request, int calls) {
  const std::string no_window = BigEndian(4, 2) + BigEndian(0, 4);  // SETTINGS_INITIAL_WINDOW_SIZE = 0
  std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, no_window);
  const std::string headers = Header(":method", "POST") + Header(":scheme", "http") + Header(":authority", "stuck") +
                              Header(":path", "/payment.PaymentService/" + method) + Header("te", "trailers") +
                              Header("content-type", "application/grpc");
  const std::string message = std::string(1, '\0') + BigEndian(static_cast<uint32_t>(request.size()), 4) + request;
  for (int i = 0; i < calls; ++i) {
    const auto stream = static_cast<uint32_t>(2 * i + 1);
    bytes += Frame(kHeaders, kEndHeaders, stream, headers) + Frame(kData, kEndStream, stream, message);
  }
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) {
      ADD_FAILURE() << "the server has closed the connection";
      return;
    }
    sent += static_cast<size_t>(count);
  }
}

StuckClient::~StuckClient() { close(fd_); }

}  // namespace pipeline
