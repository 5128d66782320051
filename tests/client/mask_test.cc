// A masked payment shows of an address its first character and its provider, wherever it stands, and nothing else of a
// payment changes.
#include "client/mask.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "tests/client/client_testing.h"

namespace pipeline {
namespace {

TEST(MaskTest, AnAddressKeepsItsFirstCharacterAndItsProvider) {
  EXPECT_EQ(MaskEmail("someone@example.com"), "s***@example.com");
  EXPECT_EQ(MaskEmail("\"some one\"@example.com"), "\"***@example.com");
  EXPECT_EQ(MaskEmail("a@b@example.com"), "a***@example.com");
  EXPECT_EQ(MaskEmail("émile@example.com"), "é***@example.com");
  EXPECT_EQ(MaskEmail("@example.com"), "***@example.com");
  EXPECT_EQ(MaskEmail("no address"), "n***");
  EXPECT_EQ(MaskEmail(""), "");
}

TEST(MaskTest, AddressesWithinAText) {
  EXPECT_EQ(MaskAddresses("from <ann@a.com>, to bob@b.org (mailto:carl@c.net)"),
            "from <a***@a.com>, to b***@b.org (mailto:c***@c.net)");
  EXPECT_EQ(MaskAddresses("order 7 @ noon"), "order 7 @ noon");
  EXPECT_EQ(MaskAddresses("a@b@c"), "a***@b***@c");
}

RC_GTEST_PROP(MaskProperty, NobodyIsNamed, ()) {
  const std::string who =
      "x" + *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcdefghij.+-_"))) + "y";
  Payment payment = *AnyPayment();
  payment.customer_email = who + "@example.com";
  payment.metadata.emplace_back("payer", "paid by " + who + "@example.com, thanks");
  const Payment masked = Masked(payment);
  RC_ASSERT(masked.customer_email == "x***@example.com");
  RC_ASSERT(masked.metadata.back().second == "paid by x***@example.com, thanks");
  RC_ASSERT(masked.id == payment.id);
  RC_ASSERT(masked.amount == payment.amount);
  RC_ASSERT(masked.metadata.size() == payment.metadata.size());
}

}  // namespace
}  // namespace pipeline
