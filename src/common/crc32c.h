// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of records in resume tokens and of journal lines.
// Called from any thread. Hardware (SSE4.2) where the build allows it, a table elsewhere; both give the same value.
#pragma once

#include <cstdint>
#include <string_view>

namespace pipeline {

// Continues `crc` (0 to start) over `bytes`.
uint32_t Crc32c(std::string_view bytes, uint32_t crc = 0);

// The same by table, whatever the processor: for tests.
uint32_t Crc32cByTable(std::string_view bytes, uint32_t crc = 0);

// Checksum of a Kafka record as resume tokens carry it: key, then value, without a separator.
inline uint32_t RecordCrc32c(std::string_view key, std::string_view value) { return Crc32c(value, Crc32c(key)); }

}  // namespace pipeline
