// A remembered secret, and any value behind the name of a secret property, is not in a text that is printed.
#include "common/secrets.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace pipeline {
namespace {

TEST(IsSecretProperty, KnowsThoseOfLibrdkafka) {
  for (const char* name : {"sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
                           "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config", "SASL.Password"}) {
    EXPECT_TRUE(IsSecretProperty(name)) << name;
  }
  for (const char* name : {"", "acks", "sasl.username", "ssl.key.location", "sasl.mechanisms", "group.id"}) {
    EXPECT_FALSE(IsSecretProperty(name)) << name;
  }
}

TEST(HideSecrets, HidesValuesBehindNames) {
  EXPECT_EQ(HideSecrets("-X sasl.password=a b c"), "-X sasl.password=***");
  EXPECT_EQ(HideSecrets("acks=all ssl.key.password=x"), "acks=all ssl.key.password=***");
  EXPECT_EQ(HideSecrets("acks=all sasl.username=x"), "acks=all sasl.username=x");
  EXPECT_EQ(HideSecrets(""), "");
}

TEST(HideSecrets, HidesWhatIsRememberedWhereverItStands) {
  RememberSecret("open sesame");
  RememberSecret("open sesame");
  RememberSecret("");
  EXPECT_EQ(HideSecrets("say open sesame, open sesame!"), "say ***, ***!");
  EXPECT_EQ(HideSecrets("say nothing"), "say nothing");
}

TEST(HideSecrets, ForgetsTheOldestBeyondTheLimit) {
  RememberSecret("first of many");
  for (size_t i = 0; i < kSecretsMax; ++i) RememberSecret("secret number <" + std::to_string(i) + ">");
  EXPECT_EQ(HideSecrets("first of many"), "first of many");
  EXPECT_EQ(HideSecrets("a secret number <0>"), "a ***");
}

RC_GTEST_PROP(HideSecrets, LeavesNoRememberedSecret, ()) {
  // Characters that no other text of this process holds: what is remembered stays so.
  const auto letters = rc::gen::elementOf(std::string("\x01\x02\x03"));
  const auto secret = *rc::gen::nonEmpty(rc::gen::container<std::string>(letters));
  const auto before = *rc::gen::container<std::string>(letters);
  RememberSecret(secret);
  RC_ASSERT(HideSecrets(before + secret + before).find(secret) == std::string::npos);
}

}  // namespace
}  // namespace pipeline
