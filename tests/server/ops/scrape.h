// A scrape of a server's metrics, over a real socket, and its text taken apart. For the tests of the server.
#pragma once

#include <map>
#include <set>
#include <string>

namespace pipeline {

struct Scrape {
  std::string text;                      // as it came
  std::map<std::string, double> values;  // by name and labels: `up{job="x"}`
  std::set<std::string> names;           // of families, as # TYPE says

  // That sample; -1 and a test failure when it is not there.
  double operator[](const std::string& sample) const;
};

// What is answered to GET `path` on `host`, an IPv4 or IPv6 address, with its head; "": nothing.
std::string HttpGet(int port, const std::string& path, const std::string& host = "127.0.0.1");
// GET /metrics on `host`, an IPv4 or IPv6 address. An empty scrape and a test failure when it is not answered with 200.
Scrape ScrapeMetrics(int port, const std::string& host = "127.0.0.1");

}  // namespace pipeline
