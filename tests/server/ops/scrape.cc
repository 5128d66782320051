#include "tests/server/ops/scrape.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <sstream>

namespace pipeline {

std::string HttpGet(int port, const std::string& path, const std::string& host) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  socklen_t size = sizeof(v4);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
  } else if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    size = sizeof(v6);
  }
  v4.sin_port = htons(static_cast<uint16_t>(port));  // at the same place in both
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::array<char, 65536> buffer{};
    for (ssize_t got = 0; (got = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
      answer.append(buffer.data(), static_cast<size_t>(got));
    }
  }
  close(fd);
  return answer;
}

double Scrape::operator[](const std::string& sample) const {
  const auto found = values.find(sample);
  if (found != values.end()) return found->second;
  ADD_FAILURE() << "no sample " << sample << " in\n" << text;
  return -1;
}

Scrape ScrapeMetrics(int port, const std::string& host) {
  const std::string answer = HttpGet(port, "/metrics", host);
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
