// What is spoilt is rejected for the reason it was spoilt for, whatever the record; the same seed spoils the same ones.
#include "harness/load/poison.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "producer/payment_maker.h"

namespace harness {
namespace {

using pipeline::RejectReason;

RC_GTEST_PROP(PoisonTest, SpoiltRecordsAreRejectedForThatReason, (uint64_t seed, uint64_t draw)) {
  pipeline::MakerOptions options;
  options.seed = seed;
  options.rec_prefix = "run.load";
  pipeline::PaymentMaker maker(options);
  pipeline::RecordDecoder decoder;
  pipeline::Payment payment;
  for (int kind = 1; kind < pipeline::kDecoderReasonCount; ++kind) {
    const auto reason = static_cast<RejectReason>(kind);
    std::string bytes = "what was before";
    const size_t begin = bytes.size();
    const auto made = maker.Make(1'700'000'000, &bytes);
    const std::string key(made.key);
    RC_ASSERT(decoder.Decode(key, std::string_view(bytes).substr(begin), &payment) == RejectReason::kNone);
    Spoil(reason, draw, begin, &bytes);
    RC_ASSERT(bytes.starts_with("what was before"));
    RC_ASSERT(decoder.Decode(key, std::string_view(bytes).substr(begin), &payment) == reason);
  }
}

std::vector<RejectReason> Spoilt(const PoisonPlan& plan, uint64_t seed, int count) {
  Poison poison(plan, seed);
  std::vector<RejectReason> spoilt;
  for (int i = 0; i < count; ++i) {
    std::string bytes = R"({"id":"pay_1","amount":1,"currency":"usd"})";
    spoilt.push_back(poison.Next(0, &bytes));
  }
  return spoilt;
}

TEST(PoisonTest, OneInSoManyFromTheSeed) {
  const PoisonPlan plan = {10, {RejectReason::kNotJson, RejectReason::kNoId, RejectReason::kTombstone}};
  const std::vector<RejectReason> spoilt = Spoilt(plan, 7, 600);
  EXPECT_EQ(spoilt, Spoilt(plan, 7, 600));
  EXPECT_NE(spoilt, Spoilt(plan, 8, 600));
  for (size_t begin = 0; begin < spoilt.size(); begin += 10) {
    EXPECT_EQ(std::count(spoilt.begin() + static_cast<std::ptrdiff_t>(begin),
                         spoilt.begin() + static_cast<std::ptrdiff_t>(begin + 10), RejectReason::kNone),
              9);
  }
  EXPECT_EQ(std::set(spoilt.begin(), spoilt.end()).size(), 4u) << "each kind comes";
}

TEST(PoisonTest, NoneWithoutAPlan) {
  for (const RejectReason reason : Spoilt({}, 7, 100)) EXPECT_EQ(reason, RejectReason::kNone);
}

}  // namespace
}  // namespace harness
