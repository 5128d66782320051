// BOUNDED: a server's memory stays capped, whatever its subscribers do.
//
// Judged for every life of a server whose peak is known (the kernel tells it when the process has ended: the most
// resident memory that it, or a child it has waited for, ever had). The limit is the scenario's `servers[].rss_max`.
// Without it a built-in server may have, above what it had when it was ready: its log window (--window-bytes),
// librdkafka's queue of records read ahead (64 MiB), three times the bytes of keys and values that the topic holds (the
// payments that it keeps), and 128 MiB for its calls and the allocator's slack. How much a foreign program needs nobody
// has told: n/a without `rss_max`.
//
// Also n/a: a life that never was ready (no limit can be told), one that has not ended. Cause: server. Linear in the
// processes.
#pragma once

#include "common/sanitized.h"
#include "harness/verify/checker.h"

namespace harness {

// What the allowances without `rss_max` are multiplied by: in a build for a sanitizer its shadow memory and quarantine
// count as the server's, and a built-in server is of the same build as this.
inline constexpr int64_t kAllowanceFactor = pipeline::kSanitized ? 4 : 1;

CheckResult CheckBounded(const Evidence& evidence);

}  // namespace harness
