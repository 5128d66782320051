// The log of every program: spdlog to standard error. Who logs never waits for who reads: lines go through a bounded
// queue to a thread that writes them; while nobody reads, the oldest are dropped, counted, and told of afterwards.
// Started by main(), before other threads; everything is thread-safe then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pipeline {

// Lines that wait for their reader.
inline constexpr size_t kLogLinesMax = 2048;

// Time, level, message; level from PIPELINE_LOG_LEVEL (default info). What was logged is written before the process
// exits (EndLog() is called then).
void StartLog(const std::string& program);

// Writes what waits. Who does not read is waited for a second, all in all; what is left then is lost, and so may be
// what is logged afterwards.
void EndLog();

// Since the start of the process.
int64_t LogLinesDropped();

}  // namespace pipeline
