// The content of a payment in one canonical form, to compare what was sent, logged and delivered. Called by the harness
// and by tests. Pure, thread-safe.
//
// Covers id, provider, exact amount (by value), currency, status, customer_email, created_at and the sorted metadata;
// not processed_at, which Kafka and not the producer decides.
#pragma once

#include <cstdint>
#include <string>

#include "payment/payment.h"

namespace pipeline {

// Unambiguous bytes (every string with its length in front).
std::string CanonicalContent(const Payment& payment);
// XXH3 64-bit (xxHash specification 0.1.1) of CanonicalContent, never 0.
uint64_t CanonicalHash(const Payment& payment);

}  // namespace pipeline
