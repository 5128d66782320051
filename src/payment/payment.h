// A payment as every part of the pipeline knows it: plain data, exact money. Pure; no thread touches it but its
// owner's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "payment/money.h"

namespace pipeline {

// Numbers are those of payment.proto.
enum class Provider : uint8_t { kUnknown = 0, kStripe = 1, kRazorpay = 2, kPaypal = 3 };
enum class PaymentStatus : uint8_t { kUnknown = 0, kPending = 1, kCompleted = 2, kFailed = 3, kRefunded = 4 };

// From the raw topic's words, any case; what is not known is kUnknown, never an error (pending/processing,
// succeeded/completed/paid, failed/declined, refunded).
Provider ProviderFromText(std::string_view text);
PaymentStatus StatusFromText(std::string_view text);
// As people read them and as JSON output and event logs spell them: STRIPE, RAZORPAY, PAYPAL, UNKNOWN; COMPLETED, ...
std::string_view ProviderName(Provider provider);
std::string_view StatusName(PaymentStatus status);
// Order of a payment's life: UNKNOWN < PENDING < FAILED < COMPLETED < REFUNDED, as 0 to 4.
int StatusRank(PaymentStatus status);

struct Payment {
  std::string id;
  Provider provider = Provider::kUnknown;
  PaymentStatus status = PaymentStatus::kUnknown;
  Money amount;          // major units of `currency`
  std::string currency;  // upper case
  std::string customer_email;
  int64_t created_at_s = 0;                                   // epoch seconds
  std::vector<std::pair<std::string, std::string>> metadata;  // sorted by key, keys unique
  bool operator==(const Payment&) const = default;
};

// A filter of a stream or a list: kUnknown matches all.
struct Filter {
  Provider provider = Provider::kUnknown;
  PaymentStatus status = PaymentStatus::kUnknown;
  bool Matches(Provider p, PaymentStatus s) const {
    return (provider == Provider::kUnknown || provider == p) && (status == PaymentStatus::kUnknown || status == s);
  }
  bool operator==(const Filter&) const = default;
};

}  // namespace pipeline
