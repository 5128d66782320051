// What the harness itself missed of a run, and what therefore can't be said any more. HARNESS_OK is broken by it, and
// the run proves nothing; but a violation that rests on what is there stands all the same, and is the verdict
// (judge.cc). Made once for a History; called by the checkers. Pure, thread-safe.
//
// A violation rests on what it says that something lacks: that the audited log lacks a record, or that a client's log
// lacks one. What says that something is there, or is wrong, rests on nothing that could be missing. What says that
// something came too late may be the fault of a machine that was too busy, and does not stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/verify/history.h"

namespace harness {

class Damage {
 public:
  explicit Damage(const History& history);
  // Whether it can be said that the audited log of `partition` lacks something; -1: that no partition holds it.
  bool log_is_whole(int32_t partition) const;
  // Whether it can be said that the client's log lacks something.
  bool client_is_whole(size_t client) const { return !anything_ && !clients_[client]; }

 private:
  bool anything_ = false;         // the harness failed at something, in a sentence
  std::vector<bool> clients_;     // lines of its log could not be read
  std::vector<bool> partitions_;  // trimmed before the audit had read it
  bool any_partition_ = false;
};

}  // namespace harness
