// Property: what a maker says of a record is what a decoder finds in its JSON; the same seed gives the same records;
// one payment's records follow its life; ids never meet; a record made for a filter matches it.
#include "producer/payment_maker.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "payment/record_decoder.h"

namespace pipeline {
namespace {

constexpr int64_t kNowS = 1'769'853'600;

void CheckAgainstDecoder(const MadeRecord& made, std::string_view value, RecordDecoder* decoder) {
  Payment decoded;
  RC_ASSERT(decoder->Decode(made.key, value, &decoded) == RejectReason::kNone);
  RC_ASSERT(decoded == *made.payment);
  RC_ASSERT(decoded.id == made.key);
}

RC_GTEST_PROP(PaymentMakerTest, TheDecoderFindsWhatTheMakerSays, ()) {
  MakerOptions options;
  options.seed = *rc::gen::arbitrary<uint64_t>();
  options.rec_prefix = *rc::gen::element<std::string>("", "run1.load", "quote\".back\\slash", "ünï.cödé");
  options.records_per_payment_min = *rc::gen::inRange(1, 5);
  options.records_per_payment_max = options.records_per_payment_min + *rc::gen::inRange(0, 5);
  options.first_sequence = *rc::gen::inRange<uint64_t>(1, 1'000'000'000);
  PaymentMaker maker(options);
  RecordDecoder decoder;
  for (uint64_t i = 0; i < 200; ++i) {
    std::string value = "before";
    const MadeRecord made = maker.Make(kNowS + static_cast<int64_t>(i), &value);
    RC_ASSERT(made.sequence == options.first_sequence + i);
    RC_ASSERT(made.payment->created_at_s == kNowS + static_cast<int64_t>(i));
    RC_ASSERT(value.substr(0, 6) == "before");
    CheckAgainstDecoder(made, value.substr(6), &decoder);
    std::string rec;
    for (const auto& [key, text] : made.payment->metadata) {
      if (key == "rec") rec = text;
    }
    RC_ASSERT(rec == (options.rec_prefix.empty() ? "" : options.rec_prefix + "." + std::to_string(made.sequence)));
  }
}

RC_GTEST_PROP(PaymentMakerTest, ARecordMadeForAFilterMatchesIt, ()) {
  PaymentMaker maker({*rc::gen::arbitrary<uint64_t>(), "run1.sentinel"});
  RecordDecoder decoder;
  const Filter filter{static_cast<Provider>(*rc::gen::inRange(0, 4)),
                      static_cast<PaymentStatus>(*rc::gen::inRange(0, 5))};
  for (int i = 0; i < 20; ++i) {
    std::string value;
    const MadeRecord made = maker.MakeMatching(filter, kNowS, &value);
    CheckAgainstDecoder(made, value, &decoder);
    RC_ASSERT(filter.Matches(made.payment->provider, made.payment->status));
    RC_ASSERT(made.payment->provider != Provider::kUnknown);
    RC_ASSERT(made.payment->status != PaymentStatus::kUnknown);
  }
}

RC_GTEST_PROP(PaymentMakerTest, TheSameSeedGivesTheSameRecords, ()) {
  MakerOptions options;
  options.seed = *rc::gen::arbitrary<uint64_t>();
  options.rec_prefix = "r.p";
  PaymentMaker first(options);
  PaymentMaker second(options);
  options.seed ^= 1;
  PaymentMaker other(options);
  std::string first_bytes;
  std::string second_bytes;
  std::string other_bytes;
  for (int i = 0; i < 100; ++i) {
    first.Make(kNowS, &first_bytes);
    second.Make(kNowS, &second_bytes);
    other.Make(kNowS, &other_bytes);
  }
  RC_ASSERT(first_bytes == second_bytes);
  RC_ASSERT(first_bytes != other_bytes);
}

RC_GTEST_PROP(PaymentMakerTest, APaymentFollowsItsLife, ()) {
  MakerOptions options;
  options.seed = *rc::gen::arbitrary<uint64_t>();
  options.records_per_payment_min = *rc::gen::inRange(1, 4);
  options.records_per_payment_max = options.records_per_payment_min + *rc::gen::inRange(0, 3);
  PaymentMaker maker(options);
  struct Seen {
    int records = 0;
    Payment last;
  };
  std::map<std::string, Seen> payments;
  std::string value;
  for (int i = 0; i < 2'000; ++i) {
    value.clear();
    const MadeRecord made = maker.Make(kNowS, &value);
    Seen& seen = payments[std::string(made.key)];
    RC_ASSERT(made.first_of_payment == (seen.records == 0));
    if (seen.records > 0) {
      RC_ASSERT(StatusRank(seen.last.status) <= StatusRank(made.payment->status));
      RC_ASSERT(seen.last.amount == made.payment->amount);
      RC_ASSERT(seen.last.provider == made.payment->provider);
      RC_ASSERT(seen.last.currency == made.payment->currency);
      RC_ASSERT(seen.last.customer_email == made.payment->customer_email);
    }
    seen.last = *made.payment;
    ++seen.records;
    RC_ASSERT(seen.records <= options.records_per_payment_max);
  }
  int ended_early = 0;
  for (const auto& [id, seen] : payments) {
    if (seen.records < options.records_per_payment_min) ++ended_early;
  }
  // Only payments still under way at the end may have fewer than the least.
  RC_ASSERT(ended_early <= 64);
}

RC_GTEST_PROP(PaymentMakerTest, PaddedValuesHaveExactlyTheirBytes, ()) {
  MakerOptions options;
  options.seed = *rc::gen::arbitrary<uint64_t>();
  options.rec_prefix = *rc::gen::element<std::string>("", "scenario-1-64a1b2c3d4e5f6.load", std::string(100, 'x'));
  PaymentMaker maker(options);
  RecordDecoder decoder;
  for (int i = 0; i < 50; ++i) {
    const bool padded = *rc::gen::arbitrary<bool>();
    const auto bytes = padded ? *rc::gen::inRange<size_t>(kPaddedValueBytesMin, 20'000) : 0;
    std::string value;
    const MadeRecord made = maker.Make(kNowS, &value, bytes);
    CheckAgainstDecoder(made, value, &decoder);
    if (padded) RC_ASSERT(value.size() == bytes);
    if (!padded) RC_ASSERT(value.size() < kPaddedValueBytesMin);
  }
}

RC_GTEST_PROP(PaymentMakerTest, RecordsOfFixedPaymentsHaveTheirIdsAndLives, ()) {
  MakerOptions options;
  options.seed = *rc::gen::arbitrary<uint64_t>();
  options.rec_prefix = "r.p";
  options.payments = *rc::gen::inRange<size_t>(1, 20);
  PaymentMaker maker(options);
  RecordDecoder decoder;
  std::map<size_t, Payment> last;
  for (int i = 0; i < 200; ++i) {
    const auto payment = *rc::gen::inRange<size_t>(0, options.payments);
    std::string value;
    const MadeRecord made = maker.MakeOf(payment, kNowS, &value);
    CheckAgainstDecoder(made, value, &decoder);
    RC_ASSERT(made.key == maker.IdOf(payment));
    const auto [seen, first] = last.emplace(payment, *made.payment);
    RC_ASSERT(made.first_of_payment == first);
    RC_ASSERT(StatusRank(seen->second.status) <= StatusRank(made.payment->status));
    RC_ASSERT(seen->second.amount == made.payment->amount);
    seen->second = *made.payment;
  }
  // A sentinel is none of them.
  std::string value;
  const std::string sentinel(maker.MakeMatching({}, kNowS, &value).key);
  for (size_t i = 0; i < options.payments; ++i) RC_ASSERT(sentinel != maker.IdOf(i));
}

TEST(PaymentMakerTest, IdsOfTwoMakersNeverMeet) {
  PaymentMaker one({1, "", 1, 1, 1});
  PaymentMaker two({2, "", 1, 1, 1});
  std::set<std::string, std::less<>> ids;
  std::string value;
  for (int i = 0; i < 50'000; ++i) {
    value.clear();
    ids.emplace(one.Make(kNowS, &value).key);
    ids.emplace(two.Make(kNowS, &value).key);
  }
  EXPECT_EQ(ids.size(), 100'000u);
}

TEST(PaymentMakerTest, EveryProviderStatusAndMinorDigitComesUp) {
  PaymentMaker maker({1, "", 1, 1, 3});
  std::set<Provider> providers;
  std::set<PaymentStatus> statuses;
  std::set<uint32_t> digits;
  std::string value;
  for (int i = 0; i < 2'000; ++i) {
    value.clear();
    const MadeRecord made = maker.Make(kNowS, &value);
    providers.insert(made.payment->provider);
    statuses.insert(made.payment->status);
    digits.insert(made.payment->amount.exponent);
  }
  EXPECT_EQ(providers.size(), 3u);
  EXPECT_EQ(statuses.size(), 4u);
  EXPECT_EQ(digits, (std::set<uint32_t>{0, 2, 3}));
}

TEST(PaymentMakerTest, RefusesImpossibleNumbersOfRecords) {
  EXPECT_THROW(PaymentMaker({1, "", 1, 0, 3}), std::invalid_argument);
  EXPECT_THROW(PaymentMaker({1, "", 1, 3, 2}), std::invalid_argument);
  EXPECT_THROW(PaymentMaker({1, "", 1, 1, kRecordsPerPaymentMax + 1}), std::invalid_argument);
}

}  // namespace
}  // namespace pipeline
