// The first steps of a run: broker, servers, audit, clients.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "harness/process/ports.h"
#include "harness/run/run.h"

namespace harness {
namespace {

// Unique on this host, and without a dot: it is the first part of `rec`.
std::string RunId(const Scenario& scenario) {
  return fmt::format("{}-{}-{:x}", scenario.name, scenario.seed, pipeline::WallNs() / 1000);
}

}  // namespace

Run::Run(const Scenario& scenario, const RunOptions& options, RunDirectory directory, const pipeline::StopSignal& stop,
         std::ostream* out)
    : scenario_(scenario),
      options_(options),
      stop_(stop),
      recorder_(RunId(scenario), options.keep_journal ? directory.history() : ""),
      view_(std::make_unique<LiveView>(out, options.style, [this] { return recorder_.Counts(); })),
      tail_(&recorder_),
      embedded_(&recorder_),
      processes_(
          &supervisor_, &recorder_, [this](const std::string& line) { view_->OnNotice(line); },
          [this] { return stopped(); }),
      on_hurry_(
          &stop, [this] { supervisor_.KillAll(); }, pipeline::StopCallback::When::kHurried) {
  recorder_.Read([this](const History& history) { names_.run_id = history.run_id; });
  names_.directory = std::move(directory);
  names_.topic = "payments.raw";
  names_.program_dir = options.program_dir;
  const std::filesystem::path folder = std::filesystem::absolute(options.scenario_path).parent_path();
  names_.scenario_directory = folder.lexically_normal().string();
  GiveKafkaSettings(options.kafka ? &options.kafka->settings : nullptr, &names_);
}

Run::~Run() {
  if (faults_) faults_->StopAndHealAll();
  ReleaseStarters();
  if (!topic_made_ && broker_directory_.empty()) return;
  // Cut short: whoever uses the topic ends before it goes, or a producer that asks for it makes it anew.
  embedded_.StopAll();
  for (const ProcessRole role : {ProcessRole::kProducer, ProcessRole::kClient, ProcessRole::kServer}) {
    processes_.StopAll(role, 0);
  }
  audit_.reset();
  generator_.reset();
  EndBroker();
}

bool Run::SetUp() {
  const bool whole = SetUpSteps();
  if (abandoned_) throw EnvironmentError(abandoned_because_);
  return whole;
}

bool Run::SetUpSteps() {
  timer_.Begin("broker and topic");
  StartBroker();
  timer_.Begin("servers");
  AddServers();
  AddClients();
  AddProducers();
  if (stopped()) return false;
  StartServers();
  timer_.Begin("audit");
  if (!options_.audit) {
    recorder_.SetPartitions(std::vector<int64_t>(static_cast<size_t>(scenario_.broker.partitions)), false);
  } else {
    audit_ = std::make_unique<Audit>(Kafka(), scenario_.broker.partitions, names_.mock, &recorder_);
  }
  if (stopped()) return false;
  timer_.Begin("clients");
  StartClients();
  StartSampler();
  return WaitClientsConnected() && !stopped();
}

void Run::StartSampler() {
  const int64_t broker = broker_ ? broker_->pid() : 0;
  sampler_ = std::make_unique<UsageSampler>([this, broker] {
    auto running = processes_.Running();
    if (broker != 0) running.emplace_back("broker", broker);
    return running;
  });
}

void Run::AddServers() {
  for (const ServerPlan& plan : scenario_.servers) {
    names_.ports[plan.name] = PickFreePort();
    if (plan.journal) {
      tail_.FollowServerJournal(names_.directory.server_journal(plan.name), recorder_.AddServer(plan.name));
    }
    ManagedProgram server;
    server.name = plan.name;
    server.role = ProcessRole::kServer;
    server.next_spec = [this, &plan] { return ServerSpec(plan, names_); };
    server.address = ServerAddress(names_, plan.name);
    TakeLimits(plan, &server);
    processes_.Add(std::move(server));
  }
}

void Run::AddProducers() {
  std::vector<ProducerPlan> embedded;
  for (const ProducerPlan& plan : scenario_.producers) {
    if (plan.kind == ProducerKind::kEmbedded) {
      embedded.push_back(plan);
      continue;
    }
    ManagedProgram producer;
    producer.name = plan.name;
    producer.role = ProcessRole::kProducer;
    producer.next_spec = [this, &plan] { return NextProducerSpec(plan); };
    producer.on_ended = [this](const ProcessSpec& spec, const ProcessExit&) { ProducerEnded(spec.name); };
    TakeLimits(plan, &producer);
    processes_.Add(std::move(producer));
  }
  generator_ = std::make_unique<LoadGenerator>(LoadOptions{.kafka = Kafka(),
                                                           .partitions = scenario_.broker.partitions,
                                                           .run_id = names_.run_id,
                                                           .seed = scenario_.seed,
                                                           .mock = names_.mock},
                                               embedded, &recorder_);
}

// Each start of a process producer is a producer of its own, so that its sequence numbers begin at 1 again.
ProcessSpec Run::NextProducerSpec(const ProducerPlan& plan) {
  const pipeline::MutexLock lock(&producers_mutex_);
  const int start = ++producer_starts_[plan.name];
  const std::string name = start == 1 ? plan.name : fmt::format("{}#{}", plan.name, start);
  const bool has_acks = plan.command.empty() || IsTold(plan, "{ack_log}");
  const uint16_t index = recorder_.AddProducer(name, has_acks);
  producer_indices_[name] = index;
  if (has_acks) tail_.FollowAckLog(names_.directory.ack_log(name), index);
  return ProducerSpec(plan, name, names_);
}

void Run::ProducerEnded(const std::string& process_name) {
  uint16_t index = 0;
  {
    const pipeline::MutexLock lock(&producers_mutex_);
    index = producer_indices_.at(process_name);
  }
  tail_.ProducerEnded(index);
}

void Run::StartServers() {
  for (const ServerPlan& plan : scenario_.servers) {
    if (plan.start) continue;
    view_->OnStep("starting " + plan.name);
    processes_.Start(plan.name);
  }
  const std::string problem = processes_.WaitReady();
  if (!problem.empty() && !stopped()) throw EnvironmentError(problem + processes_.LogsOfUnready());
}

}  // namespace harness
