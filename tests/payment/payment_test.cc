// Words of the raw topic become providers and statuses; names and ranks are those that people and the store rely on.
#include "payment/payment.h"

#include <gtest/gtest.h>

#include "payment.pb.h"

namespace pipeline {
namespace {

TEST(ProviderFromText, KnowsItsWordsInAnyCase) {
  EXPECT_EQ(ProviderFromText("stripe"), Provider::kStripe);
  EXPECT_EQ(ProviderFromText("STRIPE"), Provider::kStripe);
  EXPECT_EQ(ProviderFromText("RazorPay"), Provider::kRazorpay);
  EXPECT_EQ(ProviderFromText("paypal"), Provider::kPaypal);
  for (const char* text : {"", "strip", "stripe ", "square", "\x93tripe"}) {
    EXPECT_EQ(ProviderFromText(text), Provider::kUnknown) << text;
  }
}

TEST(StatusFromText, KnowsItsWordsInAnyCase) {
  for (const char* text : {"pending", "Processing"}) EXPECT_EQ(StatusFromText(text), PaymentStatus::kPending) << text;
  for (const char* text : {"succeeded", "COMPLETED", "paid"}) {
    EXPECT_EQ(StatusFromText(text), PaymentStatus::kCompleted) << text;
  }
  for (const char* text : {"failed", "Declined"}) EXPECT_EQ(StatusFromText(text), PaymentStatus::kFailed) << text;
  EXPECT_EQ(StatusFromText("refunded"), PaymentStatus::kRefunded);
  for (const char* text : {"", "success", "refunded!"}) {
    EXPECT_EQ(StatusFromText(text), PaymentStatus::kUnknown) << text;
  }
}

TEST(Names, AreThoseOfTheContractWithoutItsPrefix) {
  for (int i = 0; i <= 3; ++i) {
    EXPECT_EQ("PROVIDER_" + std::string(ProviderName(static_cast<Provider>(i))), ::payment::Provider_Name(i));
  }
  for (int i = 0; i <= 4; ++i) {
    EXPECT_EQ("STATUS_" + std::string(StatusName(static_cast<PaymentStatus>(i))), ::payment::PaymentStatus_Name(i));
  }
}

TEST(StatusRank, FollowsAPaymentsLife) {
  const PaymentStatus life[] = {PaymentStatus::kUnknown, PaymentStatus::kPending, PaymentStatus::kFailed,
                                PaymentStatus::kCompleted, PaymentStatus::kRefunded};
  for (int rank = 0; rank < 5; ++rank) EXPECT_EQ(StatusRank(life[rank]), rank);
}

TEST(Filter, MatchesWhatItNamesAndEverythingWhereItNamesNothing) {
  EXPECT_TRUE(Filter{}.Matches(Provider::kPaypal, PaymentStatus::kUnknown));
  const Filter filter{Provider::kStripe, PaymentStatus::kFailed};
  EXPECT_TRUE(filter.Matches(Provider::kStripe, PaymentStatus::kFailed));
  EXPECT_FALSE(filter.Matches(Provider::kStripe, PaymentStatus::kCompleted));
  EXPECT_FALSE(filter.Matches(Provider::kUnknown, PaymentStatus::kFailed));
}

}  // namespace
}  // namespace pipeline
