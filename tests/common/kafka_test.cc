// Settings become the librdkafka properties that people expect, later ones win, wrong ones are named without their
// secrets; topics are counted on a live (mock) cluster without creating them.
#include "common/kafka.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <sstream>
#include <string>

namespace pipeline {
namespace {

std::string Get(const KafkaPtr<rd_kafka_conf_t>& conf, const char* name) {
  std::array<char, 512> value{};
  size_t size = value.size();
  if (rd_kafka_conf_get(conf.get(), name, value.data(), &size) != RD_KAFKA_CONF_OK) return "unknown property";
  return value.data();
}

// librdkafka's own words for a property that it refuses.
std::string Reason(const char* name, const char* value) {
  const KafkaPtr<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  std::array<char, 512> error{};
  EXPECT_NE(rd_kafka_conf_set(conf.get(), name, value, error.data(), error.size()), RD_KAFKA_CONF_OK);
  return error.data();
}

std::string ErrorOf(const KafkaSettings& settings, const KafkaProperties& properties = {}) {
  try {
    MakeKafkaConf(settings, properties);
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "none";
}

TEST(MakeKafkaConf, SetsBrokersAndSecurity) {
  KafkaSettings settings;
  settings.brokers = "a:1,b:2";
  auto conf = MakeKafkaConf(settings, {});
  EXPECT_EQ(Get(conf, "bootstrap.servers"), "a:1,b:2");
  EXPECT_EQ(Get(conf, "socket.nagle.disable"), "true");
  EXPECT_EQ(Get(conf, "security.protocol"), "plaintext");
  settings.ssl = true;
  EXPECT_EQ(Get(MakeKafkaConf(settings, {}), "security.protocol"), "ssl");
  settings.sasl_mechanism = "scram-sha-256";
  settings.sasl_username = "user";
  settings.sasl_password = "pass word";
  conf = MakeKafkaConf(settings, {});
  EXPECT_EQ(Get(conf, "security.protocol"), "sasl_ssl");
  EXPECT_EQ(Get(conf, "sasl.mechanisms"), "SCRAM-SHA-256");
  EXPECT_EQ(Get(conf, "sasl.username"), "user");
  EXPECT_EQ(Get(conf, "sasl.password"), "pass word");
  settings.ssl = false;
  EXPECT_EQ(Get(MakeKafkaConf(settings, {}), "security.protocol"), "sasl_plaintext");
}

TEST(MakeKafkaConf, LaterPropertiesWin) {
  KafkaSettings settings;
  EXPECT_EQ(Get(MakeKafkaConf(settings, {{"linger.ms", "7"}}), "linger.ms"), "7");
  settings.properties = {"linger.ms=9", "bootstrap.servers=c:3", "client.id=a=b"};
  const auto conf = MakeKafkaConf(settings, {{"linger.ms", "7"}});
  EXPECT_EQ(Get(conf, "linger.ms"), "9");
  EXPECT_EQ(Get(conf, "bootstrap.servers"), "c:3");
  EXPECT_EQ(Get(conf, "client.id"), "a=b");
}

TEST(MakeKafkaConf, NamesWhatIsWrong) {
  KafkaSettings settings;
  settings.properties = {"linger.mss=9"};
  EXPECT_EQ(ErrorOf(settings), "-X linger.mss: " + Reason("linger.mss", "9"));
  settings.properties = {"acks=many"};
  EXPECT_NE(ErrorOf(settings).find("-X acks: "), std::string::npos);
  for (const char* property : {"", "=", "=x", "acks"}) {
    settings.properties = {property};
    EXPECT_NE(ErrorOf(settings).find("KEY=VALUE"), std::string::npos);
  }
  EXPECT_NE(ErrorOf({}, {{"group.idd", "x"}}).find("group.idd"), std::string::npos);
}

TEST(MakeKafkaConf, RefusesHalfOfACredential) {
  KafkaSettings settings;
  settings.sasl_username = "user";
  EXPECT_NE(ErrorOf(settings).find("KAFKA_SASL_MECHANISM"), std::string::npos);
  settings.sasl_mechanism = "PLAIN";
  EXPECT_EQ(ErrorOf(settings), "KAFKA_SASL_MECHANISM is PLAIN without KAFKA_SASL_PASSWORD");
  settings = {};
  settings.sasl_password = "hunter2";
  EXPECT_EQ(ErrorOf(settings).find("hunter2"), std::string::npos);
  EXPECT_NE(ErrorOf(settings), "none");
}

TEST(MakeKafkaConf, NeverRepeatsASecret) {
  KafkaSettings settings;
  settings.properties = {"sasl.pasword=x", "ssl.key.passwort=hunter2"};
  EXPECT_EQ(ErrorOf(settings).find("hunter2"), std::string::npos);
  settings.properties = {"sasl.password=hunter3", "acks=hunter3"};
  EXPECT_NE(ErrorOf(settings), "none");
  EXPECT_EQ(ErrorOf(settings).find("hunter3"), std::string::npos) << ErrorOf(settings);
}

TEST(MakeKafka, GivesLibrdkafkasReason) {
  auto conf = MakeKafkaConf({}, {{"group.id", "g"}, {"session.timeout.ms", "3600000"}, {"max.poll.interval.ms", "1"}});
  std::array<char, 512> reason{};
  ASSERT_EQ(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), reason.data(), reason.size()), nullptr);
  try {
    MakeKafka(RD_KAFKA_CONSUMER, std::move(conf));
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()), "Kafka client: " + std::string(reason.data()));
  }
}

// A producer is the cluster; its three brokers listen on free ports of 127.0.0.1.
class MockClusterTest : public ::testing::Test {
 protected:
  MockClusterTest()
      : owner_(MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf({}, {{"log_level", "0"}}))),
        cluster_(rd_kafka_mock_cluster_new(owner_.get(), 3)) {}
  ~MockClusterTest() override { rd_kafka_mock_cluster_destroy(cluster_); }

  KafkaSettings Settings() const {
    KafkaSettings settings;
    settings.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    return settings;
  }

  KafkaPtr<rd_kafka_t> owner_;
  rd_kafka_mock_cluster_t* cluster_;
};

TEST_F(MockClusterTest, CountsPartitionsWithoutCreatingTheTopic) {
  ASSERT_EQ(rd_kafka_mock_topic_create(cluster_, "payments", 7, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  const auto handle = MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(Settings(), {}));
  // A client that uses another topic asks for that one alone, unless it is told to ask for all.
  const KafkaPtr<rd_kafka_topic_t> other(rd_kafka_topic_new(handle.get(), "other", nullptr));
  EXPECT_EQ(PartitionCount(handle.get(), "payments", 20'000), 7);
  EXPECT_EQ(PartitionCount(handle.get(), "absent", 20'000), 0);
  EXPECT_EQ(PartitionCount(handle.get(), "absent", 20'000), 0);
}

TEST(PartitionCount, NamesTheBrokerThatIsNotReached) {
  KafkaSettings settings;
  settings.brokers = "127.0.0.1:1";
  const auto handle = MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(settings, {{"log_level", "0"}}));
  try {
    PartitionCount(handle.get(), "payments", 200);
    FAIL() << "reached";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:1 not reached within 200 ms"), std::string::npos)
        << error.what();
  }
}

// With everything logged that librdkafka can log.
TEST_F(MockClusterTest, LogsGoToSpdlogWithoutThePassword) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  auto logger = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log));
  logger->set_level(spdlog::level::debug);
  spdlog::set_default_logger(logger);
  {
    KafkaSettings settings = Settings();
    settings.sasl_mechanism = "PLAIN";
    settings.sasl_username = "user";
    settings.sasl_password = "correct-horse";
    settings.properties = {"debug=all", "client.id=correct-horse"};
    const auto handle = MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(settings, {}));
    EXPECT_THROW(PartitionCount(handle.get(), "payments", 300), std::runtime_error);
  }
  spdlog::set_default_logger(before);
  EXPECT_NE(log.str().find("[KAFKA]"), std::string::npos);
  EXPECT_NE(log.str().find("***"), std::string::npos);
  EXPECT_EQ(log.str().find("correct-horse"), std::string::npos);
}

}  // namespace
}  // namespace pipeline
