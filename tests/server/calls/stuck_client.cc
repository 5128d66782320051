#include "tests/server/calls/stuck_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
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
constexpr char kWindowUpdate = 8;
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;
constexpr uint32_t kInitialWindowSize = 4;  // a setting
constexpr uint32_t kWindowDefault = 65535;
constexpr uint32_t kWindowMax = INT32_MAX;

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

StuckClient::StuckClient(int port, Window window) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int small = 4096;  // of what the kernel takes for it
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const uint32_t size = window == Window::kAll ? kWindowMax : 0;
  Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
       Frame(kSettings, 0, 0, BigEndian(kInitialWindowSize, 2) + BigEndian(size, 4)));
  // The connection has a window of its own.
  if (window == Window::kAll) Send(Frame(kWindowUpdate, 0, 0, BigEndian(kWindowMax - kWindowDefault, 4)));
}

void StuckClient::Call(const std::string& method, const std::string& request, int count) {
  const std::string headers = Header(":method", "POST") + Header(":scheme", "http") + Header(":authority", "stuck") +
                              Header(":path", "/" + method) + Header("te", "trailers") +
                              Header("content-type", "application/grpc");
  std::string frames = Frame(kHeaders, kEndHeaders, next_stream_, headers);
  const std::string message = std::string(1, '\0') + BigEndian(static_cast<uint32_t>(request.size()), 4) + request;
  for (int i = 0; i < count; ++i) frames += Frame(kData, i + 1 == count ? kEndStream : '\0', next_stream_, message);
  Send(frames);
  next_stream_ += 2;
}

void StuckClient::Send(const std::string& bytes) const {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) {
      ADD_FAILURE() << "the server has closed the connection";
      return;
    }
    sent += static_cast<size_t>(count);
  }
}

bool StuckClient::HasUnread() const {
  int bytes = 0;
  return ioctl(fd_, FIONREAD, &bytes) == 0 && bytes > 1000;  // more than settings
}

StuckClient::~StuckClient() { close(fd_); }

}  // namespace pipeline
