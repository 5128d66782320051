// What stood beside a record: in the topic, and among what a client received, where it came or where it should have
// come. Lines for the witness. Called by witness.cc alone (and tests). Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/verify/history.h"
#include "harness/verify/log_index.h"

namespace harness {

// What is looked for. Where neither a rec nor a position is known, it is what came at `time_ns` with this payment id.
struct Sought {
  Rec rec;
  int32_t partition = -1;
  int64_t offset = -1;  // -1: no position
  uint64_t id_hash = 0;
  int64_t time_ns = 0;
};

// Without newlines, the first is a heading; empty where there is nothing to show. `log` gives the index of `history`,
// and is called only for a client whose log has no positions: its deliveries stand where the topic has their rec.
std::vector<std::string> LogNeighbours(const History& history, const Sought& sought);
std::vector<std::string> ClientNeighbours(const History& history, size_t client, const Sought& sought,
                                          const std::function<const LogIndex&()>& log);

}  // namespace harness
