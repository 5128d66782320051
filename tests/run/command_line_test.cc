// A program under test is called with what its kind needs, foreign programs with exactly what the scenario says, and
// placeholders mean the same wherever they stand.
#include "harness/run/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace harness {
namespace {

using ::testing::ElementsAre;

RunNames Names() {
  RunNames names;
  names.directory.path = "/run-dir";
  names.run_id = "restart-1-ab";
  names.brokers = "127.0.0.1:1001,127.0.0.1:1002";
  names.topic = "payments.raw";
  names.program_dir = "/bin-dir";
  names.ports = {{"server-1", 5001}, {"server-2", 5002}};
  return names;
}

// Whether `first second` stand next to each other.
bool HasPair(const std::vector<std::string>& argv, const std::string& first, const std::string& second) {
  for (size_t i = 0; i + 1 < argv.size(); ++i) {
    if (argv[i] == first && argv[i + 1] == second) return true;
  }
  return false;
}

TEST(CommandLineTest, AClientWithoutResumeIsToldSo) {
  ClientPlan plan;
  plan.name = "tutorial";
  EXPECT_FALSE(HasPair(ClientSpec(plan, {"server-1"}, Names()).argv, "--resume", "none"));
  plan.resume_token = false;
  EXPECT_TRUE(HasPair(ClientSpec(plan, {"server-1"}, Names()).argv, "--resume", "none"));
}

TEST(CommandLineTest, TheBuiltInServerIsToldItsPortAndItsTopic) {
  ServerPlan plan;
  plan.name = "server-2";
  plan.args = {"--window-bytes", "1000"};
  const ProcessSpec spec = ServerSpec(plan, Names());
  EXPECT_EQ(spec.argv.front(), "/bin-dir/payment-server");
  EXPECT_TRUE(HasPair(spec.argv, "--port", "5002"));
  EXPECT_TRUE(HasPair(spec.argv, "--brokers", "127.0.0.1:1001,127.0.0.1:1002"));
  EXPECT_TRUE(HasPair(spec.argv, "-X", "fetch.wait.max.ms=1"));
  EXPECT_TRUE(HasPair(spec.argv, "--window-bytes", "1000"));
  EXPECT_EQ(spec.cwd, "/run-dir");
  EXPECT_EQ(spec.log_path, "/run-dir/logs/server-2.log");
}

TEST(CommandLineTest, AServerIsToldWhereItsJournalIsToBe) {
  ServerPlan plan;
  plan.name = "server-1";
  const std::string path = "/run-dir/history/server-1.server.jsonl";
  EXPECT_FALSE(HasPair(ServerSpec(plan, Names()).argv, "--journal", path));
  plan.journal = true;
  EXPECT_TRUE(HasPair(ServerSpec(plan, Names()).argv, "--journal", path));
  plan.command = {"server", "{server_journal}"};
  EXPECT_THAT(ServerSpec(plan, Names()).argv, ElementsAre("server", path));
}

TEST(CommandLineTest, OnARealClusterTheFetchWaitIsLeftAloneAndItsPropertiesArePassedOn) {
  RunNames names = Names();
  names.mock = false;
  names.kafka_properties = {"sasl.mechanisms=PLAIN"};
  ServerPlan plan;
  plan.name = "server-1";
  const ProcessSpec spec = ServerSpec(plan, names);
  EXPECT_FALSE(HasPair(spec.argv, "-X", "fetch.wait.max.ms=1"));
  EXPECT_TRUE(HasPair(spec.argv, "-X", "sasl.mechanisms=PLAIN"));
}

// The process list shows arguments to everybody, and the environment to the owner alone.
TEST(CommandLineTest, SecretsOfTheClusterGoThroughTheEnvironment) {
  pipeline::KafkaSettings settings;
  settings.ssl = true;
  settings.sasl_mechanism = "PLAIN";
  settings.sasl_username = "shop";
  settings.sasl_password = "hunter2";
  settings.environment_properties = {"ssl.key.pem=A\nB"};
  settings.properties = {"linger.ms=5", "ssl.key.password=hunter3"};
  RunNames names = Names();
  names.mock = false;
  GiveKafkaSettings(&settings, &names);
  ServerPlan server;
  server.name = "server-1";
  ProducerPlan producer;
  producer.name = "shop";
  for (const ProcessSpec& spec : {ServerSpec(server, names), ProducerSpec(producer, "shop", names)}) {
    EXPECT_TRUE(HasPair(spec.argv, "-X", "linger.ms=5"));
    for (const std::string& word : spec.argv) {
      EXPECT_EQ(word.find("hunter"), std::string::npos);
      EXPECT_EQ(word.find("key.pem"), std::string::npos);
    }
    EXPECT_EQ(spec.env.at("KAFKA_SSL"), "true");
    EXPECT_EQ(spec.env.at("KAFKA_SASL_MECHANISM"), "PLAIN");
    EXPECT_EQ(spec.env.at("KAFKA_SASL_USERNAME"), "shop");
    EXPECT_EQ(spec.env.at("KAFKA_SASL_PASSWORD"), "hunter2");
    EXPECT_THAT(pipeline::SplitProperties(spec.env.at("KAFKA_PROPERTIES")),
                ElementsAre("ssl.key.pem=A\nB", "ssl.key.password=hunter3"));
  }
}

// What the user's environment says of a real Kafka is not for the mock.
TEST(CommandLineTest, OnTheMockNothingIsInherited) {
  RunNames names = Names();
  GiveKafkaSettings(nullptr, &names);
  ServerPlan plan;
  plan.name = "server-1";
  for (const char* variable :
       {"KAFKA_SSL", "KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_PROPERTIES"}) {
    EXPECT_EQ(ServerSpec(plan, names).env.at(variable), "") << variable;
  }
  plan.env["KAFKA_SSL"] = "true";
  EXPECT_EQ(ServerSpec(plan, names).env.at("KAFKA_SSL"), "true") << "the scenario's word counts";
}

TEST(CommandLineTest, TheScenariosBrokerIsToldItsPortAndItsFolder) {
  RunNames names = Names();
  names.ports[kBrokerName] = 9092;
  names.scenario_directory = "/scenarios";
  ProgramPlan plan;
  plan.name = kBrokerName;
  plan.command = {"{scenario_directory}/run-kafka", "--data={directory}", "{port}"};
  const ProcessSpec spec = BrokerSpec(plan, "/run-dir/broker", names);
  EXPECT_THAT(spec.argv, ElementsAre("/scenarios/run-kafka", "--data=/run-dir/broker", "9092"));
  EXPECT_EQ(spec.cwd, "/run-dir/broker");
  EXPECT_EQ(spec.log_path, "/run-dir/logs/broker.log");
}

TEST(CommandLineTest, AForeignProgramGetsOnlyWhatTheScenarioSays) {
  ServerPlan plan;
  plan.name = "server-1";
  plan.command = {"node", "server.js", "--listen={port}", "{brokers}", "{other}"};
  plan.env["KAFKA_TOPIC"] = "{topic}";
  plan.cwd = "/srv/{name}";
  const ProcessSpec spec = ServerSpec(plan, Names());
  EXPECT_THAT(spec.argv, ElementsAre("node", "server.js", "--listen=5001", "127.0.0.1:1001,127.0.0.1:1002", "{other}"));
  EXPECT_EQ(spec.env.at("KAFKA_TOPIC"), "payments.raw");
  EXPECT_EQ(spec.cwd, "/srv/server-1");
}

TEST(CommandLineTest, TheClientIsToldItsServersItsFilterAndItsLog) {
  ClientPlan plan;
  plan.name = "fast";
  plan.filter.provider = pipeline::Provider::kStripe;
  plan.filter.status = pipeline::PaymentStatus::kCompleted;
  plan.args = {"--backoff", "100ms..500ms"};
  const ProcessSpec spec = ClientSpec(plan, {"server-2", "server-1"}, Names());
  EXPECT_TRUE(HasPair(spec.argv, "--server", "127.0.0.1:5002,127.0.0.1:5001"));
  EXPECT_TRUE(HasPair(spec.argv, "--event-log", "/run-dir/history/fast.events.jsonl"));
  EXPECT_TRUE(HasPair(spec.argv, "--provider", "stripe"));
  EXPECT_TRUE(HasPair(spec.argv, "--status", "completed"));
  EXPECT_TRUE(HasPair(spec.argv, "--backoff", "100ms..500ms"));
}

TEST(CommandLineTest, ARestartedProducerWritesUnderItsNewName) {
  ProducerPlan plan;
  plan.name = "shop";
  plan.command = {"shop", "{name}", "{ack_log}", "{rec_prefix}", "{run}"};
  const ProcessSpec spec = ProducerSpec(plan, "shop#2", Names());
  EXPECT_THAT(spec.argv,
              ElementsAre("shop", "shop", "/run-dir/history/shop#2.acks.jsonl", "restart-1-ab.shop#2", "restart-1-ab"));
  EXPECT_EQ(spec.log_path, "/run-dir/logs/shop#2.log");
}

TEST(CommandLineTest, AProgramIsToldOfAPlaceholderWhereverItStands) {
  ClientPlan plan;
  EXPECT_FALSE(IsTold(plan, "{event_log}"));
  plan.command = {"client", "--log={event_log}"};
  EXPECT_TRUE(IsTold(plan, "{event_log}"));
  plan.command = {"client"};
  plan.env["EVENT_LOG"] = "{event_log}";
  EXPECT_TRUE(IsTold(plan, "{event_log}"));
}

}  // namespace
}  // namespace harness
