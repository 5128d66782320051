// A program whose standard error nobody reads goes on and ends in time, whatever it has to say.
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

class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends_[1], "x", 1) == 1) {
    }
    EXPECT_EQ(fcntl(ends_[1], F_SETFL, 0), 0);  // waits as a pipe does
  }
  ~FullPipe() {
    for (const int fd : ends_) close(fd);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;
  int fd() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_{};
};

TEST(FullLogTest, ARejectedRecordStopsNothing) {
  TestKafka kafka(1);
  const FullPipe pipe;
  Program server("payment-server",
                 {"--brokers", kafka.settings().brokers, "--port", "0", "--metrics-listen", "127.0.0.1:0"},
                 {.error_fd = pipe.fd()});
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
}

TEST(FullLogTest, AClientThatGivesUpEnds) {
  const FullPipe pipe;
  Program client("payment-client", {"--server", "127.0.0.1:1", "--attempts", "1"}, {.error_fd = pipe.fd()});
  EXPECT_EQ(client.Wait(), 1);
}

// The notices of --json go to standard error.
TEST(FullLogTest, AClientsPaymentsComeWithoutItsNotices) {
  TestKafka kafka(1);
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  const FullPipe pipe;
  Program client("payment-client", {"--server", "127.0.0.1:" + std::to_string(server.port()), "--json"},
                 {.error_fd = pipe.fd()});
  EXPECT_TRUE(Eventually([&] { return client.Output().find("pay_1") != std::string::npos; }));
  client.Signal(SIGTERM);
  EXPECT_EQ(client.Wait(), 0);
}

// It says that the topic is not there yet, and sends.
TEST(FullLogTest, AProducersPaymentsAreSent) {
  TestKafka kafka(1, "payments.raw", /*create=*/false);
  const FullPipe pipe;
  Program producer("payment-producer", {"--brokers", kafka.settings().brokers, "--count", "3", "--interval", "1ms"},
                   {.error_fd = pipe.fd()});
  EXPECT_EQ(producer.Wait(), 0);
  EXPECT_NE(producer.Output().find("delivered 3"), std::string::npos) << producer.Output();
}

}  // namespace
}  // namespace pipeline
