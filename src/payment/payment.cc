#include "payment/payment.h"

#include <absl/strings/ascii.h>

#include <algorithm>

namespace pipeline {
namespace {

// `lower` is in lower case already.
bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return absl::ascii_tolower(static_cast<unsigned char>(a)) == b; });
}

}  // namespace

Provider ProviderFromText(std::string_view text) {
  if (EqualsIgnoringCase(text, "stripe")) return Provider::kStripe;
  if (EqualsIgnoringCase(text, "razorpay")) return Provider::kRazorpay;
  if (EqualsIgnoringCase(text, "paypal")) return Provider::kPaypal;
  return Provider::kUnknown;
}

PaymentStatus StatusFromText(std::string_view text) {
  for (const std::string_view word : {"succeeded", "completed", "paid"}) {
    if (EqualsIgnoringCase(text, word)) return PaymentStatus::kCompleted;
  }
  for (const std::string_view word : {"pending", "processing"}) {
    if (EqualsIgnoringCase(text, word)) return PaymentStatus::kPending;
  }
  for (const std::string_view word : {"failed", "declined"}) {
    if (EqualsIgnoringCase(text, word)) return PaymentStatus::kFailed;
  }
  return EqualsIgnoringCase(text, "refunded") ? PaymentStatus::kRefunded : PaymentStatus::kUnknown;
}

std::string_view ProviderName(Provider provider) {
  switch (provider) {
    case Provider::kStripe:
      return "STRIPE";
    case Provider::kRazorpay:
      return "RAZORPAY";
    case Provider::kPaypal:
      return "PAYPAL";
    case Provider::kUnknown:
      break;
  }
  return "UNKNOWN";
}

std::string_view StatusName(PaymentStatus status) {
  switch (status) {
    case PaymentStatus::kPending:
      return "PENDING";
    case PaymentStatus::kCompleted:
      return "COMPLETED";
    case PaymentStatus::kFailed:
      return "FAILED";
    case PaymentStatus::kRefunded:
      return "REFUNDED";
    case PaymentStatus::kUnknown:
      break;
  }
  return "UNKNOWN";
}

int StatusRank(PaymentStatus status) {
  switch (status) {
    case PaymentStatus::kPending:
      return 1;
    case PaymentStatus::kFailed:
      return 2;
    case PaymentStatus::kCompleted:
      return 3;
    case PaymentStatus::kRefunded:
      return 4;
    case PaymentStatus::kUnknown:
      break;
  }
  return 0;
}

}  // namespace pipeline
