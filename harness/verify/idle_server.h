// When a foreign server handed nothing on although it was ready and records came into the topic: what a consumer group
// does after a start, until it has its partitions, and after a kill, until the dead member's session has timed out.
// Used by LIVE, for people. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/verify/checker.h"

namespace harness {

struct IdleSpan {
  std::string server;
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};

// What is shorter says nothing.
inline constexpr int64_t kIdleMinNs = 3'000'000'000;

// Of servers with a command of their own whose clients may use no other; the longest one of each of their processes.
std::vector<IdleSpan> FindIdleServers(const Evidence& evidence);
std::string IdleText(const Evidence& evidence, const IdleSpan& idle);

}  // namespace harness
