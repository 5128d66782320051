#include "server/demo_data.h"

#include <string>

#include "payment/codec.h"
#include "payment/payment.h"

namespace pipeline {
namespace {

constexpr int64_t kDemoTimeSeconds = 1'769'853'600;  // 2026-01-31T10:00:00Z

LogRecord Record(const Payment& payment) {
  std::string serialized;
  AppendSerialized(payment, payment.created_at_s, &serialized);
  LogRecord record;
  record.provider = payment.provider;
  record.status = payment.status;
  record.created_at_s = payment.created_at_s;
  record.id = payment.id;
  record.frame = MakeEventFrame(serialized, -1, -1, 0);
  return record;
}

}  // namespace

std::vector<LogRecord> DemoData() {
  Payment first;
  first.id = "pay_001";
  first.provider = Provider::kStripe;
  first.status = PaymentStatus::kCompleted;
  first.amount = {9999, 2};
  first.currency = "USD";
  first.customer_email = "alice@example.com";
  first.created_at_s = kDemoTimeSeconds;
  first.metadata = {{"order_id", "order_001"}};
  Payment second = first;
  second.id = "pay_002";
  second.provider = Provider::kRazorpay;
  second.status = PaymentStatus::kPending;
  second.amount = {150000, 2};
  second.currency = "INR";
  second.customer_email = "bob@example.com";
  second.metadata = {{"order_id", "order_002"}};
  Payment third = first;
  third.id = "pay_003";
  third.provider = Provider::kPaypal;
  third.status = PaymentStatus::kFailed;
  third.amount = {4950, 2};
  third.currency = "EUR";
  third.customer_email = "carol@example.com";
  third.metadata = {{"order_id", "order_003"}};
  return {Record(first), Record(second), Record(third)};
}

}  // namespace pipeline
