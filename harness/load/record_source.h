// The records of one embedded producer, one after the other: which key, how many bytes, which are bad. Everything comes
// from the scenario's seed and the producer's place in it. Used by EmbeddedProducer, and by the plan of what the mock
// has to hold, which measures samples. Pure: time comes in as an argument. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/load/poison.h"
#include "harness/load/value_size.h"
#include "harness/load/weighted_choice.h"
#include "harness/plan/scenario.h"
#include "producer/payment_maker.h"

namespace harness {

// Of the stream of random numbers with that index, all of them from one seed.
uint64_t StreamSeed(uint64_t seed, uint64_t stream);

class RecordSource {
 public:
  // `seed`: StreamSeed of the producer's index among the embedded ones. `rec_prefix`: "<run>.<producer>".
  RecordSource(const ProducerPlan& plan, uint64_t seed, std::string rec_prefix);

  struct Next {
    pipeline::MadeRecord made;  // valid until the next call
    bool rejected = false;      // a bad one
  };
  // Appends the next record's value to `bytes`.
  Next Make(int64_t now_s, std::string* bytes);
  // A sentinel that `filter` matches.
  pipeline::MadeRecord MakeMatching(const pipeline::Filter& filter, int64_t now_s, std::string* bytes) {
    return maker_.MakeMatching(filter, now_s, bytes);
  }
  // The text of a key of the plan's `keys`; `index` below their count.
  std::string Key(size_t index) const { return maker_.IdOf(index); }

 private:
  std::optional<WeightedChoice> keys_;
  ValueSize sizes_;
  Poison poison_;
  pipeline::PaymentMaker maker_;
};

}  // namespace harness
