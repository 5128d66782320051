// How much memory this process may have: what the defaults of limits in bytes are derived from. Called at start.
#pragma once

#include <cstdint>
#include <string>

namespace pipeline {

// The machine's, or the container's where that is less (the limits of the process's control group and of those above
// it, cgroups(7)). `root`: where /proc and /sys are; for tests.
int64_t MemoryBytes(const std::string& root = "");

// What a server keeps of payments: half of the memory that its window leaves, at least 16 MiB. Pure.
int64_t DefaultStoreBytes(int64_t memory_bytes, int64_t window_bytes_max);

}  // namespace pipeline
