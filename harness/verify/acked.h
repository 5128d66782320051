// ACKED: what was sent was, but for a small part, acknowledged.
//
// The promise is about acknowledged records: a run in which most sends failed or stayed unknown has kept it and shows
// little. So `expect.acked_share` (default 0.99) of all sends must be acknowledged, and of no producer none at all.
//
// Not counted: sentinels; sends whose life (from the send to its outcome) meets a fault at the broker or what it leaves
// behind (kAfterHealNs); what the death of a producer by a fault left unknown. n/a in an interrupted run and without
// sends whose outcomes are told. Suspects: the broker; the producer too, where it is a program under test.
//
// Linear in the sends.
#pragma once

#include <cstdint>

#include "harness/verify/checker.h"

namespace harness {

inline constexpr int64_t kAfterHealNs = 5'000'000'000;
// A producer with fewer sends may have had none acknowledged.
inline constexpr int64_t kSendsToJudge = 10;

CheckResult CheckAcked(const Evidence& evidence);

}  // namespace harness
