// No proxy of the environment stands before this machine's own servers, and one that stands before others is named
// without its password.
#include "client/proxy.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace pipeline {
namespace {

using Variables = std::map<std::string, std::string>;

std::string Proxy(const std::string& server, const Variables& variables) {
  return ProxyFor(server, "this-machine", [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

TEST(IsLoopback, KnowsThisMachine) {
  for (const char* server : {"localhost:50051", "LOCALHOST:1", "localhost.:1", "a.localhost:1", "127.0.0.1:50051",
                             "127.8.9.10:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "0.0.0.0:1", "[::]:1",
                             "this-machine:50051", "This-Machine:1", "ip6-localhost:1", "unix:/run/payments"}) {
    EXPECT_TRUE(IsLoopback(server, "this-machine")) << server;
  }
  for (const char* server : {"example.com:1", "128.0.0.1:1", "localhost.example.com:1", "notlocalhost:1", "[fe80::1]:1",
                             "10.127.0.1:1", "[::ffff:10.0.0.1]:1", "other-machine:1"}) {
    EXPECT_FALSE(IsLoopback(server, "this-machine")) << server;
  }
}

TEST(ProxyFor, IsNeverUsedForThisMachine) {
  for (const char* name : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    const Variables variables = {{name, "http://proxy:3128"}};
    EXPECT_EQ(Proxy("127.0.0.1:50051", variables), "") << name;
    EXPECT_EQ(Proxy("pay.example.com:50051", variables), "http://proxy:3128") << name;
  }
  EXPECT_EQ(Proxy("pay.example.com:50051", {}), "");
}

TEST(ProxyFor, TakesTheFirstAndHeedsTheExceptions) {
  Variables variables = {{"grpc_proxy", "http://g:1"}, {"https_proxy", "http://s:1"}, {"http_proxy", "http://h:1"}};
  EXPECT_EQ(Proxy("pay.example.com:1", variables), "http://g:1");
  variables["no_proxy"] = "other.org, .example.com";
  EXPECT_EQ(Proxy("pay.example.com:1", variables), "");
  EXPECT_EQ(Proxy("pay.example.org:1", variables), "http://g:1");
  variables["no_grpc_proxy"] = "example.org";  // goes before the other
  EXPECT_EQ(Proxy("pay.example.com:1", variables), "http://g:1");
  EXPECT_EQ(Proxy("pay.example.org:1", variables), "");
}

TEST(ProxyFor, KeepsThePasswordToItself) {
  EXPECT_EQ(Proxy("a.example.com:1", {{"http_proxy", "http://user:s@cret@proxy:3128/"}}), "http://proxy:3128/");
  EXPECT_EQ(Proxy("a.example.com:1", {{"http_proxy", "user:secret@proxy:3128"}}), "proxy:3128");
  EXPECT_EQ(ThroughProxy("http://proxy:3128"), " (through proxy http://proxy:3128)");
  EXPECT_EQ(ThroughProxy(""), "");
}

}  // namespace
}  // namespace pipeline
