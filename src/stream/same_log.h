// Whether what Kafka holds now is the log that the replica has read, by the newest record that the replica took of each
// partition. Called by server/stream/log_proof for what a stream's own consumer has read of Kafka; the replica's reader
// has its own way (log_continuity.h). Pure, thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "stream/replica_state.h"
#include "stream/resume_decision.h"

namespace pipeline {

// The newest accepted record of a partition.
struct NewestRecord {
  Position position;
  uint32_t crc32c = 0;
  bool operator==(const NewestRecord&) const = default;
};

// Of each partition that has one, ascending.
std::vector<NewestRecord> NewestRecords(const ReplicaState& state);

// `newest` was taken of the replica before Kafka was asked for the records at its positions. A record with another
// checksum is another log, and so is a partition that ends before its record. A record that is no longer there, trimmed
// or compacted away, tells nothing: without any that is there the log counts as the same.
bool IsSameLog(const std::vector<NewestRecord>& newest, const KafkaEvidence& evidence);

}  // namespace pipeline
