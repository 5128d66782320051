// The canonical content is the same for payments that mean the same and differs for any that do not, also where parts
// of texts move from one field to its neighbour.
#include "harness/contract/canonical.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/payment/payment_testing.h"

namespace harness {
namespace {

using pipeline::AnyPayment;
using pipeline::Payment;

RC_GTEST_PROP(CanonicalContent, IsEqualExactlyWhenThePaymentsAre, ()) {
  const Payment a = *AnyPayment();
  const Payment b = *AnyPayment();
  RC_ASSERT((CanonicalContent(a) == CanonicalContent(b)) == (a == b));
  RC_ASSERT(CanonicalContent(a) == CanonicalContent(Payment(a)));
  RC_ASSERT(CanonicalHash(a) != 0U);
}

// Of characters that the form itself is made of, so that a part which moved to the neighbour would be hard to see.
RC_GTEST_PROP(CanonicalContent, SeesWhereOneTextEndsAndTheNextBegins, ()) {
  const auto text = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string(":;01a"))));
  std::vector<std::string> contents;
  for (size_t i = 0; i <= text.size(); ++i) {
    Payment payment;
    payment.metadata = {{text.substr(0, i), text.substr(i)}};
    contents.push_back(CanonicalContent(payment));
  }
  std::sort(contents.begin(), contents.end());
  RC_ASSERT(std::adjacent_find(contents.begin(), contents.end()) == contents.end());
}

TEST(CanonicalContent, SeesWhatMovesToTheNeighbour) {
  Payment a;
  a.metadata = {{"a:b", ""}};
  Payment b;
  b.metadata = {{"a", "b:"}};
  EXPECT_NE(CanonicalContent(a), CanonicalContent(b));
  a.metadata = {};
  b.metadata = {{"", ""}};
  EXPECT_NE(CanonicalContent(a), CanonicalContent(b));
}

TEST(CanonicalContent, SeesEveryField) {
  Payment base;
  base.id = "pay_1";
  base.amount = {150, 2};
  base.metadata = {{"a", "b"}};
  std::vector<Payment> others(9, base);
  others[0].id = "pay_2";
  others[1].provider = pipeline::Provider::kStripe;
  others[2].status = pipeline::PaymentStatus::kPending;
  others[3].amount.units = 151;
  others[4].currency = "USD";
  others[5].customer_email = "a@example.com";
  others[6].created_at_s = 1;
  others[7].metadata = {{"ab", ""}};
  others[8].metadata = {};
  for (const Payment& other : others) {
    EXPECT_NE(CanonicalContent(other), CanonicalContent(base));
    EXPECT_NE(CanonicalHash(other), CanonicalHash(base));
  }
}

// So that a payment that came without its metadata can be told from another one.
TEST(CanonicalHash, KeepsTheMetadataApart) {
  Payment with;
  with.id = "pay_1";
  with.metadata = {{"a", "b"}};
  Payment without = with;
  without.metadata = {};
  EXPECT_EQ(WithoutMetadata(CanonicalHash(with)), CanonicalHash(without));
  EXPECT_TRUE(HasMetadata(CanonicalHash(with)));
  EXPECT_FALSE(HasMetadata(CanonicalHash(without)));
  without.id = "pay_2";
  EXPECT_NE(WithoutMetadata(CanonicalHash(with)), CanonicalHash(without));
}

TEST(CanonicalContent, TakesTheAmountByValue) {
  Payment a;
  a.amount = {15000, 4};
  Payment b;
  b.amount = {15, 1};
  EXPECT_EQ(CanonicalContent(a), CanonicalContent(b));
  EXPECT_EQ(CanonicalHash(a), CanonicalHash(b));
}

}  // namespace
}  // namespace harness
