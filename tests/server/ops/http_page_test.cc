// A page is there for whoever asks as HTTP/1 does, at every kind of address, whatever others do with their connections.
#include "server/ops/http_page.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "server/ops/metrics_listener.h"
#include "tests/server/calls/idle_connections.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

std::string Answer(const std::string& request) {
  return AnswerHttp(request, {{"/metrics",
                               [](std::string_view) {
                                 return HttpContent{"text/plain", "page"};
                               }},
                              {"/echo", [](std::string_view query) {
                                 return HttpContent{"text/plain", "<" + std::string(query) + ">"};
                               }}});
}

TEST(AnswerHttpTest, IsThePageOrWhyNot) {
  EXPECT_EQ(Answer("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
            "Connection: close\r\n\r\npage");
  EXPECT_TRUE(Answer("GET /metrics?name=a HTTP/1.0\r\n\r\n").ends_with("page"));
  EXPECT_TRUE(Answer("GET /echo HTTP/1.1\r\n\r\n").ends_with("\r\n<>"));
  EXPECT_TRUE(Answer("GET /echo?a=b?c HTTP/1.1\r\n\r\n").ends_with("\r\n<a=b?c>"));
  EXPECT_TRUE(Answer("HEAD /metrics HTTP/1.1\r\n\r\n").ends_with("Connection: close\r\n\r\n"));
  EXPECT_TRUE(Answer("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(Answer("GET /metricsx HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(Answer("POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
  for (const char* bad : {"\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", "GET /metrics HTTP/2.0\r\n\r\n"}) {
    EXPECT_TRUE(Answer(bad).starts_with("HTTP/1.1 400 ")) << bad;
  }
}

RC_GTEST_PROP(AnswerHttpProperty, AnswersAnything, (const std::string& request)) {
  RC_ASSERT(Answer(request).starts_with("HTTP/1.1 "));
}

StreamsPage NoStreams() { return {nullptr, nullptr, SlowSubscriber::kCatchUp}; }

TEST(HttpPageTest, IsAtEveryKindOfAddress) {
  class Nothing : public prometheus::Collectable {
    std::vector<prometheus::MetricFamily> Collect() const override { return {}; }
  };
  for (const char* address : {"127.0.0.1:0", "[::1]:0", "localhost:0", "0.0.0.0:0", "[::]:0"}) {
    const MetricsListener listener(address, std::make_shared<Nothing>(), NoStreams());
    const bool v6_only = std::string(address) == "[::1]:0";
    EXPECT_EQ(ScrapeMetrics(listener.port(), v6_only ? "::1" : "127.0.0.1").text, "") << address;
    const std::string taken = "127.0.0.1:" + std::to_string(listener.port());
    if (v6_only) continue;
    EXPECT_THROW(MetricsListener(taken, std::make_shared<Nothing>(), NoStreams()), std::runtime_error) << address;
  }
}

TEST(HttpPageTest, ThoseThatSayNothingOrTooMuchHoldNobodyUp) {
  HttpPage page("127.0.0.1", 0, {{"/metrics", [](std::string_view) { return HttpContent{"text/plain", "page 1\n"}; }}});
  IdleConnections silent(page.port(), HttpPage::kConnectionsMax - 1);
  EXPECT_EQ(ScrapeMetrics(page.port())["page"], 1);
  IdleConnections more(page.port(), 10);
  IdleConnections much(page.port(), 1, "127.0.0.1", std::string(2 * HttpPage::kRequestBytesMax, 'x'));
  EXPECT_EQ(ScrapeMetrics(page.port())["page"], 1) << "after those that had their time";
  EXPECT_TRUE(Eventually([&] { return silent.Open() == 0 && much.Open() == 0; }));
}

}  // namespace
}  // namespace pipeline
