// A server whose log nobody reads goes on and ends in time, whatever it has to say.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "tests/server/ops/scrape.h"
#include "tests/server/program.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

TEST(FullLogTest, ARejectedRecordStopsNothing) {
  TestKafka kafka(1);
  std::array<int, 2> pipe{};
  ASSERT_EQ(pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
  while (write(pipe[1], "x", 1) == 1) {
  }
  ASSERT_EQ(fcntl(pipe[1], F_SETFL, 0), 0);  // waits as a pipe does
  Program server("payment-server",
                 {"--brokers", kafka.settings().brokers, "--port", "0", "--metrics-listen", "127.0.0.1:0"},
                 {.error_fd = pipe[1]});
  const int port = server.PortBehind("http://127.0.0.1:");
  const auto sample = [&](const std::string& name) { return ScrapeMetrics(port)["payment_server_" + name]; };
  ASSERT_TRUE(Eventually([&] { return sample("serving") == 1; }));
  kafka.Produce(0, "k", "not json at all");
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  EXPECT_TRUE(Eventually([&] { return sample("records_accepted_total") == 1; }));
  EXPECT_EQ(sample(R"(records_rejected_total{reason="not_json"})"), 1);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
  for (const int fd : pipe) close(fd);
}

}  // namespace
}  // namespace pipeline
