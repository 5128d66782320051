// How a scenario's records come to lie on the brokers, measured on samples of its own: bytes a record once compressed,
// and the share of the fullest partition. Used by the retention plan. Pure.
#pragma once

#include <cstdint>

#include "harness/plan/scenario.h"

namespace harness {

// Stored bytes per record when `records_per_batch` of them are compressed together (lz4, what the generator uses on the
// mock), measured on records that the run's own producers make from its seed: those of the one that makes the largest.
double StoredBytesPerRecord(const Scenario& scenario, int records_per_batch);

// Of all records, those that go to the partition that gets the most: by the keys that are chosen, and their hashes.
// Where keys are always new, one partition's part.
double FullestPartitionShare(const Scenario& scenario);

}  // namespace harness
