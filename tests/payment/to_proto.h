// A payment as protobuf's own message: what the hand-written encoder is held against, and what a benchmark takes for
// its ceiling. Pure.
#pragma once

#include <cstdint>

#include "payment.pb.h"
#include "payment/payment.h"

namespace pipeline {

// `processed_at_s`: the Kafka record's timestamp in epoch seconds.
inline void ToProto(const Payment& payment, int64_t processed_at_s, ::payment::Payment* message) {
  message->Clear();
  message->set_id(payment.id);
  message->set_provider(static_cast<::payment::Provider>(payment.provider));
  message->set_amount(ToDouble(payment.amount));
  message->set_currency(payment.currency);
  message->set_status(static_cast<::payment::PaymentStatus>(payment.status));
  message->set_customer_email(payment.customer_email);
  message->set_created_at(payment.created_at_s);
  message->set_processed_at(processed_at_s);
  for (const auto& [key, value] : payment.metadata) (*message->mutable_metadata())[key] = value;
  message->mutable_exact_amount()->set_units(payment.amount.units);
  message->mutable_exact_amount()->set_exponent(payment.amount.exponent);
}

}  // namespace pipeline
