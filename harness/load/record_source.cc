#include "harness/load/record_source.h"

#include <utility>

namespace harness {
namespace {

// Streams of one producer, beside its maker's.
constexpr uint64_t kKeyStream = 1;
constexpr uint64_t kSizeStream = 2;

pipeline::MakerOptions MakerOf(const ProducerPlan& plan, uint64_t seed, std::string rec_prefix) {
  pipeline::MakerOptions maker;
  maker.seed = seed;
  maker.rec_prefix = std::move(rec_prefix);
  maker.records_per_payment_min = plan.records_per_payment_min;
  maker.records_per_payment_max = plan.records_per_payment_max;
  if (plan.keys.choice != KeyChoice::kNew) maker.payments = static_cast<size_t>(plan.keys.count);
  return maker;
}

}  // namespace

uint64_t StreamSeed(uint64_t seed, uint64_t stream) { return seed ^ ((stream + 1) * 0x9E3779B97F4A7C15u); }

RecordSource::RecordSource(const ProducerPlan& plan, uint64_t seed, std::string rec_prefix)
    : sizes_(plan.value_size, StreamSeed(seed, kSizeStream)),
      poison_(plan.poison, seed),
      maker_(MakerOf(plan, seed, std::move(rec_prefix))) {
  if (plan.keys.choice != KeyChoice::kNew) keys_.emplace(KeyShares(plan.keys), StreamSeed(seed, kKeyStream));
}

RecordSource::Next RecordSource::Make(int64_t now_s, std::string* bytes) {
  const size_t begin = bytes->size();
  const size_t value_bytes = sizes_.Next();
  Next next;
  next.made = keys_ ? maker_.MakeOf(keys_->Next(), now_s, bytes, value_bytes) : maker_.Make(now_s, bytes, value_bytes);
  next.rejected = poison_.Next(begin, bytes) != pipeline::RejectReason::kNone;
  return next;
}

}  // namespace harness
