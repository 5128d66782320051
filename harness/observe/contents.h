// Looks up contents for people: of records, in the topic before it goes, and of what clients and producers wrote down,
// in their logs. What is found is told to the Recorder. Called by the runner at the end of a run that has something
// wrong.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include "common/settings.h"
#include "harness/observe/line_problem.h"
#include "harness/observe/recorder.h"

namespace harness {

// Reads the records of `kafka.topic` at `places` (partition, offset), as far as they are there still and `deadline_ns`
// (monotonic) allows. Throws std::runtime_error when there is no reading from Kafka at all.
void KeepTopicContents(const pipeline::KafkaSettings& kafka, const std::set<std::pair<int32_t, int64_t>>& places,
                       int64_t deadline_ns, Recorder* recorder);

// Reads the event or acknowledgement log at `path` again, for the payments with one of these contents. `where`: whose
// it is, "client fast".
void KeepLoggedContents(const std::string& path, LogKind kind, const std::string& where,
                        const std::unordered_set<uint64_t>& hashes, Recorder* recorder);

// History::contents as JSON lines (docs/formats.md, "Contents").
std::string ContentLines(const History& history);

}  // namespace harness
