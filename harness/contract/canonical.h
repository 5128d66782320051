// The content of a payment in one canonical form, to compare what was sent, logged and delivered. Called by the harness
// and by tests. Pure, thread-safe.
//
// Covers id, provider, exact amount (by value), currency, status, customer_email, created_at and the sorted metadata;
// not processed_at, which Kafka and not the producer decides.
#pragma once

#include <cstdint>
#include <string>

#include "payment/payment.h"

namespace harness {

// Unambiguous bytes (every string with its length in front).
std::string CanonicalContent(const pipeline::Payment& payment);
// Two halves of 32 bits, each of an XXH3 64-bit (xxHash specification 0.1.1): in the upper one of the content without
// its metadata, never 0; in the lower one of the metadata, 0 exactly when there are none.
uint64_t CanonicalHash(const pipeline::Payment& payment);
inline uint64_t WithoutMetadata(uint64_t canonical_hash) { return canonical_hash & ~uint64_t{0xFFFF'FFFF}; }
inline bool HasMetadata(uint64_t canonical_hash) { return (canonical_hash & 0xFFFF'FFFF) != 0; }

}  // namespace harness
