// Programs understand the tutorial's flags and addresses as people write them, take flags before the environment, and
// never print a secret.
#include "common/settings.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "common/kafka.h"

namespace pipeline {
namespace {

using Strings = std::vector<std::string>;

TEST(AcceptGoFlags, TurnsTheNamedOnesAlone) {
  const Strings names = {"count", "interval"};
  EXPECT_EQ(AcceptGoFlags({"prog", "-count=10", "-interval", "1s", "--count=3"}, names),
            (Strings{"prog", "--count=10", "--interval", "1s", "--count=3"}));
  EXPECT_EQ(AcceptGoFlags({"-X", "-c", "-counter=1", "-", "", "count", "-count", "--", "-count"}, names),
            (Strings{"-X", "-c", "-counter=1", "-", "", "count", "--count", "--", "-count"}));
  EXPECT_EQ(AcceptGoFlags({}, names), Strings{});
}

TEST(ServerAddresses, FillsInThePort) {
  EXPECT_EQ(ServerAddresses("localhost", 50051), Strings{"localhost:50051"});
  EXPECT_EQ(ServerAddresses("localhost:1", 50051), Strings{"localhost:1"});
  EXPECT_EQ(ServerAddresses("a.example.com, b-2:65535 ,127.0.0.1", 7),
            (Strings{"a.example.com:7", "b-2:65535", "127.0.0.1:7"}));
}

TEST(ServerAddresses, ReadsIpv6) {
  EXPECT_EQ(ServerAddresses("[::1]:50052", 50051), Strings{"[::1]:50052"});
  EXPECT_EQ(ServerAddresses("[::1]", 50051), Strings{"[::1]:50051"});
  EXPECT_EQ(ServerAddresses("::1,fe80::1%eth0", 50051), (Strings{"[::1]:50051", "[fe80::1%eth0]:50051"}));
}

TEST(ServerAddresses, RefusesTheRestAndSaysWhat) {
  for (const char* text : {"",    ",",     "a,",       ",a",     "a,,b",   ":1",
                           "a:",  "a:0",   "a:65536",  "a:-1",   "a:1x",   "a:99999999999",
                           "a b", "a/b",   "http://a", "[::1",   "[::1]1", "[::1]:",
                           "[]",  "[a]:1", "[::1]:0",  "a:1 b:2"}) {
    EXPECT_THROW(ServerAddresses(text, 50051), SettingsError) << text;
  }
  try {
    ServerAddresses("a,b:70000", 50051);
    FAIL();
  } catch (const SettingsError& error) {
    EXPECT_STREQ(error.what(),
                 "server address \"b:70000\": found the port \"70000\"; allowed: HOST, HOST:PORT or [IPV6]:PORT, "
                 "several with commas, ports 1 to 65535");
  }
}

RC_GTEST_PROP(ServerAddresses, ReadItsOwnOutput, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("a1.:[], -")));
  Strings addresses;
  try {
    addresses = ServerAddresses(text, 50051);
  } catch (const SettingsError&) {
    return;
  }
  for (const std::string& address : addresses) RC_ASSERT(ServerAddresses(address, 1) == Strings{address});
}

class KafkaOptionsTest : public ::testing::Test {
 protected:
  void SetUp() override { Clear(); }
  void TearDown() override { Clear(); }
  static void Clear() {
    for (const char* name : {"KAFKA_BROKERS", "KAFKA_TOPIC", "KAFKA_GROUP_ID", "KAFKA_SSL", "KAFKA_SASL_MECHANISM",
                             "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_PROPERTIES"}) {
      unsetenv(name);
    }
  }

  // 0 and the settings, or the exit code and what was printed.
  int Parse(const Strings& args) {
    settings_ = {};
    CLI::App app("test");
    app.set_version_flag("--version", "test 1.0");
    std::string positional;
    app.add_option("id", positional);
    AddKafkaOptions(&app, &settings_);
    int code = 0;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    try {
      ParseArguments(&app, {args.rbegin(), args.rend()});
    } catch (const CLI::ParseError& error) {
      code = ExitForParse(app, error, 3);
    }
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }

  KafkaSettings settings_;
  std::string out_;
  std::string err_;
};

TEST_F(KafkaOptionsTest, HasDefaults) {
  ASSERT_EQ(Parse({}), 0);
  EXPECT_EQ(settings_.brokers, "localhost:9092");
  EXPECT_EQ(settings_.topic, "payments.raw");
  EXPECT_EQ(settings_.group_id, "payment-server");
  EXPECT_FALSE(settings_.ssl);
  EXPECT_TRUE(settings_.sasl_mechanism.empty() && settings_.sasl_username.empty() && settings_.sasl_password.empty());
}

TEST_F(KafkaOptionsTest, TakesFlagsBeforeTheEnvironment) {
  setenv("KAFKA_BROKERS", "env:1", 1);
  setenv("KAFKA_TOPIC", "env-topic", 1);
  setenv("KAFKA_GROUP_ID", "env-group", 1);
  setenv("KAFKA_SASL_MECHANISM", "PLAIN", 1);
  setenv("KAFKA_SASL_USERNAME", "env-user", 1);
  setenv("KAFKA_SASL_PASSWORD", "env password", 1);
  ASSERT_EQ(Parse({"--topic", "flag-topic"}), 0);
  EXPECT_EQ(settings_.brokers, "env:1");
  EXPECT_EQ(settings_.topic, "flag-topic");
  EXPECT_EQ(settings_.group_id, "env-group");
  EXPECT_EQ(settings_.sasl_mechanism, "PLAIN");
  EXPECT_EQ(settings_.sasl_username, "env-user");
  EXPECT_EQ(settings_.sasl_password, "env password");
}

TEST_F(KafkaOptionsTest, TakesAnEmptyVariableForNone) {
  setenv("KAFKA_BROKERS", "", 1);
  setenv("KAFKA_SSL", "", 1);
  ASSERT_EQ(Parse({}), 0);
  EXPECT_EQ(settings_.brokers, "localhost:9092");
  EXPECT_EQ(Parse({"--brokers", ""}), 2);
}

TEST_F(KafkaOptionsTest, RefusesWhatIsNoTopicName) {
  for (const std::string& name :
       {std::string("payments.raw"), std::string("A-b_c.9"), std::string("..."), std::string(249, 'x')}) {
    EXPECT_EQ(Parse({"--topic", name}), 0) << name << err_;
    EXPECT_EQ(CheckTopicName(name), "");
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a b"), std::string("a/b"),
        std::string("z\xc3\xa4hler"), std::string(1, '\0'), std::string(250, 'x')}) {
    EXPECT_NE(CheckTopicName(name), "") << name;
  }
  EXPECT_EQ(Parse({"--topic", "a/b"}), 2);
  EXPECT_NE(err_.find("found \"a/b\"; allowed: a topic's name, 1 to 249 of a-z A-Z 0-9 . _ -"), std::string::npos)
      << err_;
  EXPECT_EQ(Parse({"--topic", std::string(250, 'x')}), 2);
  EXPECT_NE(err_.find("found a name of 250 characters"), std::string::npos) << err_;
  setenv("KAFKA_TOPIC", "..", 1);
  EXPECT_EQ(Parse({}), 2) << "in the environment too";
}

TEST_F(KafkaOptionsTest, ReadsSslAsPeopleWriteIt) {
  for (const char* text : {"true", "1", "yes", "YES", "True"}) {
    setenv("KAFKA_SSL", text, 1);
    ASSERT_EQ(Parse({}), 0) << text << err_;
    EXPECT_TRUE(settings_.ssl) << text;
  }
  for (const char* text : {"false", "0", "no", "No"}) {
    setenv("KAFKA_SSL", text, 1);
    ASSERT_EQ(Parse({}), 0) << text << err_;
    EXPECT_FALSE(settings_.ssl) << text;
  }
  for (const char* text : {"2", "-1", "on", "maybe", "tru"}) {
    setenv("KAFKA_SSL", text, 1);
    EXPECT_EQ(Parse({}), 2) << text;
    EXPECT_NE(err_.find("allowed: true, false, 1, 0, yes, no"), std::string::npos) << err_;
  }
  setenv("KAFKA_SSL", "true", 1);
  ASSERT_EQ(Parse({"--ssl=no"}), 0) << err_;
  EXPECT_FALSE(settings_.ssl);
  unsetenv("KAFKA_SSL");
  ASSERT_EQ(Parse({"--ssl"}), 0) << err_;
  EXPECT_TRUE(settings_.ssl);
}

// "010" is ten, here as in durations and rates, and "0x10" is nothing.
TEST(DecimalNumber, ReadsDecimalDigitsAlone) {
  const CLI::Validator decimal = DecimalNumber();
  for (const auto& [given, read] : {std::pair("010", "10"),
                                    {"0", "0"},
                                    {"000", "0"},
                                    {"-07", "-7"},
                                    {"50051", "50051"},
                                    {"09", "9"},
                                    {"050051", "50051"},
                                    {"00000000000000000000000001", "1"}}) {
    std::string text = given;
    EXPECT_EQ(decimal(text), "") << given;
    EXPECT_EQ(text, read);
  }
  for (const char* given :
       {"0x10", "0X10", "0b1", "0o7", "1_0", "1'0", "+1", " 1", "1 ", "1e3", "1.0", "", "-", "--1", "a"}) {
    std::string text = given;
    EXPECT_NE(decimal(text), "") << given;
  }
  const CLI::Validator size = DecimalSize();
  for (const auto& [given, read] :
       {std::pair("064MB", "64MB"), {"010", "10"}, {"64 MB", "64 MB"}, {"0100KiB", "100KiB"}}) {
    std::string text = given;
    EXPECT_EQ(size(text), "") << given;
    EXPECT_EQ(text, read);
  }
  for (const char* given : {"0x10MB", "MB", "", "-1MB", "1_0MB", "1.5MB"}) {
    std::string text = given;
    EXPECT_NE(size(text), "") << given;
  }
}

TEST(DecimalNumber, HoldsForFlagsAndTheEnvironment) {
  const auto read = [](const char* variable, std::vector<std::string> args) {
    CLI::App app("test", "test");
    int value = 5;
    AddNumber(&app, "--number", &value, -100, 70'000, "a number")->envname("NUMBER_TEST");
    unsetenv("NUMBER_TEST");
    if (variable != nullptr) setenv("NUMBER_TEST", variable, 1);
    try {
      ParseArguments(&app, std::move(args));
    } catch (const CLI::ParseError&) {
      return -1;
    }
    unsetenv("NUMBER_TEST");
    return value;
  };
  EXPECT_EQ(read(nullptr, {}), 5);
  EXPECT_EQ(read(nullptr, {"--number=010"}), 10);
  EXPECT_EQ(read("050051", {}), 50'051);
  EXPECT_EQ(read(nullptr, {"--number=-010"}), -10);
  EXPECT_EQ(read(nullptr, {"--number=0x10"}), -1);
  EXPECT_EQ(read("0x10", {}), -1);
  EXPECT_EQ(read(nullptr, {"--number=70001"}), -1);
}

std::string PropertyAs(const std::string& property, const std::string& value) {
  KafkaSettings settings;
  settings.properties = {property + "=" + value};
  const auto conf = MakeKafkaConf(settings, {});
  std::array<char, 64> taken{};
  size_t size = taken.size();
  EXPECT_EQ(rd_kafka_conf_get(conf.get(), property.c_str(), taken.data(), &size), RD_KAFKA_CONF_OK);
  return taken.data();
}

// librdkafka reads them as C does; a text that looks like a number is left as it is.
TEST(KafkaProperties, NumbersAreDecimal) {
  EXPECT_EQ(PropertyAs("fetch.wait.max.ms", "010"), "10");
  EXPECT_EQ(PropertyAs("fetch.wait.max.ms", "09"), "9");
  EXPECT_EQ(PropertyAs("fetch.wait.max.ms", "100"), "100");
  EXPECT_EQ(PropertyAs("acks", "01"), "1");
  EXPECT_EQ(PropertyAs("client.id", "010"), "010");
  EXPECT_EQ(PropertyAs("client.id", "0x10"), "0x10");
  EXPECT_THROW(PropertyAs("fetch.wait.max.ms", "0x10"), SettingsError);
}

// As people write them in a .env file: over several lines, indented, with comments.
TEST(KafkaProperties, StandOnLinesOfTheirOwn) {
  EXPECT_EQ(SplitProperties("\n  acks=all\n\t# slow\n  linger.ms=5 \r\n"), (Strings{"acks=all", "linger.ms=5 "}));
}

TEST_F(KafkaOptionsTest, CollectsPropertiesAndLeavesPositionalsAlone) {
  ASSERT_EQ(Parse({"-X", "acks=all", "pay_1", "-Xlinger.ms=5", "-X", "a=b=c"}), 0) << err_;
  EXPECT_EQ(settings_.properties, (Strings{"acks=all", "linger.ms=5", "a=b=c"}));
}

TEST_F(KafkaOptionsTest, PropertiesMayStandInTheEnvironment) {
  const Strings properties = {"ssl.key.pem=-----BEGIN\nA=\n-----END\n", "sasl.password=a\\nb\\", "linger.ms=5"};
  setenv("KAFKA_PROPERTIES", JoinProperties(properties).c_str(), 1);
  EXPECT_EQ(Parse({"-X", "linger.ms=7"}), 0);
  EXPECT_EQ(settings_.environment_properties, properties);
  EXPECT_EQ(settings_.properties, Strings{"linger.ms=7"});
  KafkaSettings both;
  both.environment_properties = {"linger.ms=5"};
  both.properties = {"linger.ms=7"};
  const auto conf = MakeKafkaConf(both, {});
  std::array<char, 16> value{};
  size_t size = value.size();
  ASSERT_EQ(rd_kafka_conf_get(conf.get(), "linger.ms", value.data(), &size), RD_KAFKA_CONF_OK);
  EXPECT_STREQ(value.data(), "7") << "-X wins";
  both.environment_properties = {"nonsense"};
  EXPECT_THROW(MakeKafkaConf(both, {}), SettingsError);
  EXPECT_EQ(SplitProperties("\na=1\n\nb=2"), (Strings{"a=1", "b=2"}));
}

TEST_F(KafkaOptionsTest, NeverPrintsASecret) {
  setenv("KAFKA_SASL_PASSWORD", "hunter2", 1);
  for (const Strings& args : std::vector<Strings>{{"-X", "hunter2"},
                                                  {"-X", "=hunter2"},
                                                  {"pay_1", "sasl.password=hunter2"},
                                                  {"--sasl.password=hunter2"},
                                                  {"--sasl-password", "x", "sasl.password=hunter2"},
                                                  {"-X", "sasl.password=hunter2", "--nonsense"},
                                                  {"-x", "ssl.key.password=hunter2 hunter2"}}) {
    EXPECT_EQ(Parse(args), 2);
    EXPECT_EQ((out_ + err_).find("hunter2"), std::string::npos) << out_ << err_;
    EXPECT_FALSE(err_.empty());
  }
  EXPECT_EQ(Parse({"--help"}), 0);
  EXPECT_EQ(out_.find("hunter2"), std::string::npos);
}

TEST_F(KafkaOptionsTest, HelpAndVersionGoToStandardOutput) {
  EXPECT_EQ(Parse({"--help"}), 0);
  EXPECT_NE(out_.find("KAFKA_BROKERS"), std::string::npos) << out_;
  EXPECT_TRUE(err_.empty());
  EXPECT_EQ(Parse({"--version"}), 0);
  EXPECT_EQ(out_, "test 1.0\n");
}

}  // namespace
}  // namespace pipeline
