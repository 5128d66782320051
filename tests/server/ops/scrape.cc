#include "tests/server/ops/scrape.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <sstream>

namespace pipeline {
namespace {

std::string Get(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
    EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::array<char, 65536> buffer{};
    for (ssize_t got = 0; (got = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
      answer.append(buffer.data(), static_cast<size_t>(got));
    }
  }
  close(fd);
  return answer;
}

}  // namespace

double Scrape::operator[](const std::string& sample) const {
  const auto found = values.find(sample);
  if (found != values.end()) return found->second;
  ADD_FAILURE() << "no sample " << sample << " in\n" << text;
  return -1;
}

Scrape ScrapeMetrics(int port) {
  const std::string answer = Get(port);
  const size_t body = answer.find("\r\n\r\n");
  if (answer.find(" 200 ") == std::string::npos || body == std::string::npos) {
    ADD_FAILURE() << "no metrics on port " << port << ": " << answer;
    return {};
  }
  Scrape scrape;
  scrape.text = answer.substr(body + 4);
  std::istringstream lines(scrape.text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) scrape.names.insert(line.substr(7, line.find(' ', 7) - 7));
    if (line.empty() || line.front() == '#') continue;
    const size_t space = line.rfind(' ');
    scrape.values[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return scrape;
}

}  // namespace pipeline
