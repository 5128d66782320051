// The server's list follows the topic: what the mock cluster's own retention (5 MiB a partition) has dropped leaves it,
// and so does what a tombstone deletes where that is asked for.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

#include "tests/server/ops/scrape.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

constexpr size_t kRecordBytes = 200'000;
constexpr int kRecords = 60;  // 12 MB

int32_t TotalCount(const PaymentServer& server) {
  ::payment::PaymentList page;
  EXPECT_TRUE(TestUnary(server.port()).List({}, &page).ok());
  return page.total_count();
}

TEST(RetentionTest, WhatTheTopicNoLongerHoldsIsListedByNobody) {
  TestKafka kafka(1);
  PaymentServer old(MeasuredOptions(kafka.settings()));
  old.Start();
  TestStream stream(old.port());
  stream.Open();
  std::mt19937 random(1);
  for (int i = 0; i < kRecords; ++i) {
    std::string text(kRecordBytes, ' ');  // batches are kept compressed
    for (char& letter : text) letter = static_cast<char>('a' + random() % 26);
    const std::string more = R"(,"metadata":{"x":")" + text + "\"}";
    const std::string id = "pay_" + std::to_string(i);
    kafka.ProducePayment(0, id, "pending", "stripe", more);
    kafka.Flush();
    ASSERT_EQ(stream.ReadMany(1).at(0).payment().id(), id) << "it was read before it was dropped";
  }
  PaymentServer fresh(TestOptions(kafka.settings()));
  fresh.Start();
  ASSERT_TRUE(Eventually([&] { return fresh.serving(); }));
  const int32_t left = TotalCount(fresh);
  EXPECT_GT(left, 0);
  EXPECT_LT(left, kRecords);
  EXPECT_TRUE(Eventually([&] { return TotalCount(old) == left; })) << TotalCount(old);
  EXPECT_EQ(ScrapeMetrics(old.metrics_port())["payment_server_payments_expired_total"], kRecords - left);
  TestUnary unary(old.port());
  EXPECT_EQ(unary.Get("pay_0").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(unary.Get("pay_" + std::to_string(kRecords - 1)).ok());
  EXPECT_TRUE(old.serving());
}

TEST(RetentionTest, ATombstoneDeletesWhereItIsAskedFor) {
  TestKafka kafka(1);
  ServerOptions options = MeasuredOptions(kafka.settings());
  options.tombstones = Tombstones::kDelete;
  PaymentServer server(options);
  server.Start();
  TestStream stream(server.port());
  stream.Open();
  kafka.ProducePayment(0, "pay_1", "refunded");
  kafka.ProducePayment(0, "pay_2");
  kafka.Flush();
  stream.ReadMany(2);  // else they could be gone before the snapshot
  kafka.Produce(0, "pay_1", std::nullopt);
  kafka.Produce(0, "pay_2", "");  // a value, if an empty one: no tombstone
  kafka.ProducePayment(0, "pay_3");
  kafka.Flush();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_3") << "a stream is told nothing of it";
  TestUnary unary(server.port());
  EXPECT_EQ(unary.Get("pay_1").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(unary.Get("pay_2").ok());
  EXPECT_EQ(server.rejected(RejectReason::kTombstone), 1);
  EXPECT_EQ(ScrapeMetrics(server.metrics_port())["payment_server_tombstones_total"], 1);
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  stream.ReadMany(1);
  EXPECT_TRUE(unary.Get("pay_1").ok()) << "what follows begins anew";
}

}  // namespace
}  // namespace pipeline
