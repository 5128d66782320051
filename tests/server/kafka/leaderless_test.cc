// While a partition has no leader librdkafka asks for metadata four times a second. The others are read on, and it is
// looked no oftener than once a second whether it is the same log.
#include <gtest/gtest.h>

#include <string>

#include "common/clock.h"
#include "server/kafka/broker_contact.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

TEST(LeaderlessTest, TheOtherPartitionsAreReadAndTheLogIsCheckedSeldom) {
  TestKafka kafka(2);
  PaymentServer server(MeasuredOptions(kafka.settings()));
  server.Start();
  const auto sample = [&](const std::string& name) {
    return ScrapeMetrics(server.metrics_port())["payment_server_" + name];
  };
  ASSERT_TRUE(Eventually([&] { return sample("serving") == 1; }));
  rd_kafka_mock_partition_set_leader(kafka.mock(), "payments.raw", 1, -1);
  ASSERT_TRUE(Eventually([&] { return sample("partitions_unreachable") == 1; }));
  const double checks = sample("log_checks_total");
  const int64_t begin_ns = MonotonicNs();
  int produced = 0;
  do {
    kafka.ProducePayment(0, "pay_" + std::to_string(produced++));
    kafka.Flush();
    ASSERT_TRUE(Eventually([&] { return sample("records_accepted_total") == produced; }));
  } while (MonotonicNs() - begin_ns < 6 * kLeaderlessCheckNs);
  const int64_t passed_ns = MonotonicNs() - begin_ns;
  // One for each second, the one that was due, and one that is looked into when the watch finds out; as many again for
  // answers that are late on a busy machine. For each of librdkafka's questions it would be five and more a second.
  EXPECT_LE(sample("log_checks_total") - checks, static_cast<double>(2 * (passed_ns / kLeaderlessCheckNs + 2)));
  EXPECT_EQ(sample("logs_replaced_total"), 0);
}

}  // namespace
}  // namespace pipeline
