// Whether a record of the audited log is what its producer says that it sent, and who is suspected where it is not. One
// answer for PHANTOM, which reports it, and for those that meet such a record: ACK_DURABLE at an acknowledged position,
// LOG_DUP where it is there twice, WELL_FORMED when it was received. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "harness/verify/checker.h"

namespace harness {

struct SentProblem {
  Causes causes;
  std::string_view what;  // "with another content than was sent"
};

// nullopt: the record at `place` is as its producer sent it, names none, or names one that tells nothing of what it
// sent. Of an interrupted run's record that was never sent likewise: the acknowledgement log may not have been read to
// its end.
std::optional<SentProblem> SentProblemOf(const Evidence& evidence, LogPlace place);

}  // namespace harness
