// Bad records in the load: which of a producer's records are spoilt, and how. Each is one that the decoder rejects, for
// the reason it was spoilt for; so nobody is owed it, and the audit, whose decoder it is, says so. Called by
// EmbeddedProducer. Pure: the same seed spoils the same records in the same way. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "harness/plan/scenario.h"
#include "payment/record_decoder.h"

namespace harness {

class Poison {
 public:
  Poison(const PoisonPlan& plan, uint64_t seed) : plan_(plan), random_(seed) {}

  // For the next record, whose JSON begins at `begin` of `bytes` and ends with it: spoils it, or leaves it as it is.
  // One of each `every`, at a place of the seed's choice.
  pipeline::RejectReason Next(size_t begin, std::string* bytes);

 private:
  const PoisonPlan plan_;
  std::mt19937_64 random_;
  int64_t count_ = 0;   // records of the current `every`
  int64_t victim_ = 0;  // among them
};

// Makes of a good record one that is rejected for `reason`. `draw` chooses among the ways.
void Spoil(pipeline::RejectReason reason, uint64_t draw, size_t begin, std::string* bytes);

}  // namespace harness
