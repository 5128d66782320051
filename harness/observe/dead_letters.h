// Reads the dead-letter topic of a run, once, when the load is over. Called by the runner's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/settings.h"
#include "harness/verify/history.h"

namespace harness {

// All that `<topic>.dlq` holds, read to its end; waits until letters of `wanted` records are there, or the deadline has
// come, or `stop()`. Throws std::runtime_error when the end can't be read by then. A topic that is not there holds
// nothing.
std::vector<DeadLetterSeen> ReadDeadLetters(const pipeline::KafkaSettings& kafka, size_t wanted, int64_t deadline_ns,
                                            const std::function<bool()>& stop);

}  // namespace harness
