// What differs between two payments, for people. Pure.
#pragma once

#include <string>

#include "harness/verify/history.h"
#include "payment/payment.h"

namespace harness {

// "amount: 92000 JPY, got 920.00 JPY; metadata order: "7", got nothing", at most kDifferencesTold; empty: nothing does.
std::string DifferencesText(const pipeline::Payment& expected, const pipeline::Payment& got);
inline constexpr int kDifferencesTold = 6;

// The content behind a hash; nullptr when it was not kept.
const KeptContent* FindContent(const History& history, uint64_t content_hash);
// DifferencesText of the two contents behind the hashes, ": " before it; empty when one was not kept.
std::string DifferencesText(const History& history, uint64_t expected_hash, uint64_t got_hash);

}  // namespace harness
