// A unary call is answered by any server that can answer it, retried while one is not ready, and otherwise ends with
// that server's status within its deadline.
#include "client/unary.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/client/silent_port.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

UnaryOptions To(std::vector<std::string> servers) {
  UnaryOptions options;
  options.servers = std::move(servers);
  options.timeout_ns = 60'000'000'000;
  return options;
}

TEST(UnaryTest, GetsAPayment) {
  TestServer server;
  server.Append(1);
  ::payment::Payment payment;
  const UnaryStatus status = UnaryClient(To({server.address()})).Get("p1-0", &payment);
  EXPECT_EQ(status.code, 0) << status.message;
  EXPECT_EQ(payment.id(), "p1-0");
}

TEST(UnaryTest, RetriesWhatIsUnavailableAndNothingElse) {
  TestServer server;
  server.Append(0);
  server.RefuseUnary(2);
  ::payment::Payment payment;
  UnaryClient client(To({server.address()}));
  EXPECT_EQ(client.Get("p0-0", &payment).code, 0);
  EXPECT_EQ(server.unary_calls(), 3);
  const UnaryStatus status = client.Get("absent", &payment);
  EXPECT_EQ(status.code, 5);
  EXPECT_EQ(status.message, "no payment absent");
  EXPECT_EQ(server.unary_calls(), 4);
}

TEST(UnaryTest, TheNextServerWhenOneIsAway) {
  TestServer server;
  server.Append(0);
  ::payment::Payment payment;
  EXPECT_EQ(UnaryClient(To({"127.0.0.1:1", server.address()})).Get("p0-0", &payment).code, 0);
}

TEST(UnaryTest, TheNextServerWhenOneIsFull) {
  TestServer full;
  TestServer server;
  server.Append(0);
  full.RefuseUnary(1, grpc::StatusCode::RESOURCE_EXHAUSTED);
  ::payment::Payment payment;
  EXPECT_EQ(UnaryClient(To({full.address(), server.address()})).Get("p0-0", &payment).code, 0);
  EXPECT_EQ(full.unary_calls(), 1);
}

TEST(UnaryTest, EndsAtItsDeadline) {
  const SilentPort port;
  UnaryOptions options = To({port.address()});
  options.timeout_ns = 50'000'000;
  ::payment::Payment payment;
  EXPECT_EQ(UnaryClient(options).Get("x", &payment).code, 4);
}

TEST(UnaryTest, ListsPageByPage) {
  TestServer server;
  for (int i = 0; i < 5; ++i) server.Append(0);
  UnaryClient client(To({server.address()}));
  std::vector<std::string> ids;
  std::string cursor;
  for (int page_number = 0; page_number < 3; ++page_number) {
    ::payment::PaymentList page;
    ASSERT_EQ(client.List({}, 2, cursor, &page).code, 0);
    EXPECT_EQ(page.total_count(), 5);
    for (const auto& payment : page.payments()) ids.push_back(payment.id());
    cursor = page.next_cursor();
  }
  EXPECT_EQ(cursor, "");
  EXPECT_EQ(ids, (std::vector<std::string>{"p0-0", "p0-1", "p0-2", "p0-3", "p0-4"}));
}

// A walk of 300 pages is one client to the server, not 300.
TEST(UnaryTest, CallsShareAConnection) {
  TestServer server;
  for (int i = 0; i < 20; ++i) server.Append(0);
  UnaryClient client(To({server.address()}));
  ::payment::PaymentList page;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(client.List({}, 1, std::to_string(i), &page).code, 0);
  EXPECT_EQ(server.unary_calls(), 20);
  EXPECT_EQ(server.connections(), 1u);
}

}  // namespace
}  // namespace pipeline
