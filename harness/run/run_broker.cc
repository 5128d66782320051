// The run's Kafka: librdkafka's mock cluster, a real cluster of the user's, or a program that the scenario brings.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "common/clock.h"
#include "common/secrets.h"
#include "harness/process/ports.h"
#include "harness/run/run.h"

namespace harness {
namespace {

constexpr int kClusterAnswersWithinMs = 10'000;
constexpr int kProbeMs = 500;

std::string Count(int count, const char* what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

}  // namespace

pipeline::KafkaSettings Run::Kafka() const {
  pipeline::KafkaSettings kafka;
  if (options_.kafka) kafka = options_.kafka->settings;
  kafka.brokers = names_.brokers;
  kafka.topic = names_.topic;
  return kafka;
}

void Run::StartBroker() {
  if (options_.kafka) {
    names_.brokers = options_.kafka->settings.brokers;
    UseCluster();
  } else if (!scenario_.broker.program.command.empty()) {
    StartBrokerProgram();
  } else {
    StartMock();
  }
}

void Run::StartMock() {
  view_->OnStep("starting the mock cluster");
  broker_ = std::make_unique<MockBroker>(
      &supervisor_, MockBrokerOptions{.brokers = scenario_.broker.brokers, .log_path = names_.directory.log("broker")});
  names_.brokers = broker_->bootstrap();
  processes_.Watch(broker_->pid(), [this, pid = broker_->pid()](const ProcessExit& exit) {
    if (ending_broker_) return;
    Abandon(fmt::format("the mock broker (pid {}) ended by itself: {}; what it held is gone; see {}", pid,
                        DescribeExit(exit), names_.directory.log("broker")));
  });
  broker_->CreateTopic(names_.topic, scenario_.broker.partitions);
  backend_ = fmt::format("mock (librdkafka {})", rd_kafka_version_str());
}

// The topic is the run's own, so that nothing of anybody else's is read or changed.
void Run::UseCluster() {
  names_.mock = false;
  names_.topic = RunTopic(names_.run_id);
  const pipeline::KafkaSettings kafka = Kafka();
  view_->OnStep("asking Kafka at " + kafka.brokers);
  cluster_ = std::make_unique<KafkaCluster>(kafka, kClusterAnswersWithinMs, [this] { return stopped(); });
  const int brokers = cluster_->broker_count();
  const int replication = options_.kafka ? options_.kafka->replication : 1;
  if (options_.kafka && scenario_.broker.brokers > brokers) {
    throw BadScenarioError(
        fmt::format("the scenario wants {} and Kafka at {} has {}; choose another cluster, or --set /broker/brokers={}",
                    Count(scenario_.broker.brokers, "broker"), kafka.brokers, Count(brokers, "broker"), brokers));
  }
  if (replication > brokers) {
    throw BadScenarioError(fmt::format("--replication {} needs as many brokers and Kafka at {} has {}", replication,
                                       kafka.brokers, Count(brokers, "broker")));
  }
  if (options_.kafka) {
    std::vector<std::string> topics = {names_.topic};
    if (scenario_.expect.dead_letters) topics.push_back(RunDeadLetterTopic(names_.run_id));
    // Before it is made: a harness that is killed leaves no topic that nothing names.
    topics_file_ = std::make_unique<RunTopicsFile>(
        names_.directory.path, RunTopics{names_.run_id, kafka.brokers, cluster_->id(), std::move(topics)});
  }
  view_->OnStep("making topic " + names_.topic);
  cluster_->CreateTopic(names_.topic, scenario_.broker.partitions, replication);
  topic_made_ = true;
  backend_ = fmt::format("Kafka {} ({}, cluster {}, replication {}, librdkafka {})", kafka.brokers,
                         Count(brokers, "broker"), cluster_->id(), replication, rd_kafka_version_str());
}

void Run::StartBrokerProgram() {
  view_->OnStep("starting the scenario's broker");
  const int port = PickFreePort();
  names_.ports[kBrokerName] = port;
  names_.brokers = fmt::format("127.0.0.1:{}", port);
  broker_directory_ = names_.directory.path + "/broker";
  std::filesystem::create_directories(broker_directory_);
  ManagedProgram broker;
  broker.name = kBrokerName;
  broker.role = ProcessRole::kBroker;
  broker.next_spec = [this] { return BrokerSpec(scenario_.broker.program, broker_directory_, names_); };
  broker.address = names_.brokers;
  broker.is_ready = [brokers = names_.brokers] { return KafkaAnswers(brokers, kProbeMs); };
  TakeLimits(scenario_.broker.program, &broker);
  processes_.Add(std::move(broker));
  processes_.Start(kBrokerName);
  const std::string problem = processes_.WaitReady();
  if (!problem.empty()) throw EnvironmentError(problem + processes_.LogsOfUnready());
  UseCluster();
  backend_ = "the scenario's broker: " + backend_;
}

void Run::DeleteTopics() {
  view_->OnStep("deleting topic " + names_.topic);
  std::string problem = stop_.hurried() ? "there was no time" : cluster_->DeleteTopic(names_.topic);
  if (problem.empty() && scenario_.expect.dead_letters) {
    problem = cluster_->DeleteTopic(RunDeadLetterTopic(names_.run_id));
  }
  if (problem.empty()) {
    if (topics_file_) topics_file_->Remove();
    return;
  }
  view_->OnNotice(
      fmt::format("topic {} at {} could not be deleted ({}) and is still there: harness clean {} deletes it",
                  names_.topic, names_.brokers, pipeline::HideSecrets(problem), names_.directory.path));
}

void Run::EndBroker() {
  if (std::exchange(topic_made_, false) && broker_directory_.empty()) DeleteTopics();
  topics_file_.reset();
  cluster_.reset();
  if (broker_directory_.empty()) return;
  for (const std::string& problem : processes_.StopAll(ProcessRole::kBroker)) view_->OnNotice(problem);
  std::error_code ignored;  // what can't be removed stays, in the run's own directory
  std::filesystem::remove_all(std::exchange(broker_directory_, {}), ignored);
}

}  // namespace harness
