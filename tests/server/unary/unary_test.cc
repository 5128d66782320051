// Unary calls answer what the topic holds, refuse what makes no sense with a clear reason, never say NOT_FOUND before
// the backlog is applied, and list every payment once while records arrive.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <thread>

#include "server/ops/server_counters.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

class UnaryTest : public ::testing::Test {
 protected:
  UnaryTest() : kafka_(2), server_(TestOptions(kafka_.settings())) {
    for (int i = 0; i < 25; ++i) kafka_.ProducePayment(i % 2, Id(i), i % 5 == 0 ? "completed" : "pending");
    kafka_.Flush();
    server_.Start();
    EXPECT_TRUE(Eventually([&] { return server_.serving(); }));
    unary_ = std::make_unique<TestUnary>(server_.port());
  }
  static std::string Id(int number) { return "pay_" + std::to_string(number); }

  TestKafka kafka_;
  PaymentServer server_;
  std::unique_ptr<TestUnary> unary_;
};

TEST_F(UnaryTest, GetsAPaymentOrSaysWhyNot) {
  ::payment::GetPaymentRequest request;
  request.set_payment_id("pay_10");
  ::payment::Payment payment;
  ASSERT_TRUE(unary_->Get(request, &payment).ok());
  EXPECT_EQ(payment.id(), "pay_10");
  EXPECT_EQ(payment.status(), ::payment::STATUS_COMPLETED);
  EXPECT_EQ(payment.currency(), "USD");
  EXPECT_DOUBLE_EQ(payment.amount(), 150.0);
  EXPECT_EQ(unary_->Get("").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const grpc::Status absent = unary_->Get("nobody");
  EXPECT_EQ(absent.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(absent.error_message(), "no payment nobody");
  EXPECT_EQ(unary_->Get(std::string(60'000, 'x')).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(UnaryTest, TakesAndRefusesLimitsFiltersAndCursors) {
  ::payment::ListPaymentsRequest request;
  ::payment::PaymentList list;
  ASSERT_TRUE(unary_->List(request, &list).ok());
  EXPECT_EQ(list.payments_size(), 10);
  EXPECT_EQ(list.total_count(), 25);
  EXPECT_FALSE(list.next_cursor().empty());
  request.set_limit(1'000'000'000);
  ASSERT_TRUE(unary_->List(request, &list).ok());
  EXPECT_EQ(list.payments_size(), 25);
  EXPECT_TRUE(list.next_cursor().empty());
  request.set_status(::payment::STATUS_COMPLETED);
  ASSERT_TRUE(unary_->List(request, &list).ok());
  EXPECT_EQ(list.payments_size(), 5);
  EXPECT_EQ(list.total_count(), 5);
  request.set_limit(-1);
  EXPECT_EQ(unary_->List(request, &list).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_limit(1);
  request.set_cursor("forged");
  EXPECT_EQ(unary_->List(request, &list).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_cursor("c1-1-5-0123456789abcdef");
  EXPECT_EQ(unary_->List(request, &list).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.clear_cursor();
  request.set_status(static_cast<::payment::PaymentStatus>(77));
  EXPECT_EQ(unary_->List(request, &list).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(UnaryTest, PagesListEachPaymentOnceWhileRecordsArrive) {
  std::map<std::string, int> times;
  ::payment::ListPaymentsRequest request;
  request.set_limit(4);
  int more = 100;
  do {
    ::payment::PaymentList list;
    ASSERT_TRUE(unary_->List(request, &list).ok());
    for (const ::payment::Payment& payment : list.payments()) ++times[payment.id()];
    request.set_cursor(list.next_cursor());
    if (more < 110) {
      kafka_.ProducePayment(more % 2, Id(more));
      kafka_.ProducePayment(more % 2, Id(more % 25), "refunded");
      kafka_.Flush();
      ++more;
    }
  } while (!request.cursor().empty());
  for (int i = 0; i < 25; ++i) EXPECT_EQ(times[Id(i)], 1) << i;
  for (const auto& [id, count] : times) EXPECT_EQ(count, 1) << id;
}

TEST_F(UnaryTest, WaitsForAMinimumPosition) {
  ::payment::GetPaymentRequest request;
  request.set_payment_id("pay_late");
  ::payment::Position* position = request.add_min_position();
  position->set_partition(0);
  position->set_offset(13);  // the next one: 13 of the 25 are there
  ::payment::Payment payment;
  EXPECT_EQ(unary_->Get(request, &payment, std::chrono::milliseconds(100)).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  std::thread producer([&] {
    EXPECT_TRUE(Eventually([&] { return server_.open_calls() > 0; }));
    kafka_.ProducePayment(0, "pay_late");
    kafka_.Flush();
  });
  const grpc::Status status = unary_->Get(request, &payment);
  producer.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(payment.id(), "pay_late");
}

// What another replica may know already is waited for; what no replica can know is refused.
TEST_F(UnaryTest, APositionInAPartitionThatIsNotKnownHereIsAheadOfThisReplica) {
  ::payment::GetPaymentRequest request;
  request.set_payment_id("pay_1");
  ::payment::Position* position = request.add_min_position();
  position->set_partition(2);
  ::payment::Payment payment;
  EXPECT_EQ(unary_->Get(request, &payment, std::chrono::milliseconds(100)).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  position->set_partition(kCountedPartitionsMax);
  EXPECT_EQ(unary_->Get(request, &payment).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace pipeline
