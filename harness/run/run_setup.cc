// The first steps of a run: broker, servers, audit, clients.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <utility>

#include "common/clock.h"
#include "harness/process/ports.h"
#include "harness/report/names.h"
#include "harness/run/log_excerpt.h"
#include "harness/run/run.h"

namespace harness {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kServersReadyWithinNs = 30 * kSecondNs;
constexpr int64_t kClientsConnectedWithinNs = 30 * kSecondNs;

// Unique on this host, and without a dot: it is the first part of `rec`.
std::string RunId(const Scenario& scenario) {
  return fmt::format("{}-{}-{:x}", scenario.name, scenario.seed, pipeline::WallNs() / 1000);
}

std::vector<std::string> ResolvedServers(const Scenario& scenario, const ClientPlan& plan) {
  if (!plan.servers.empty()) return plan.servers;
  std::vector<std::string> all;
  all.reserve(scenario.servers.size());
  for (const ServerPlan& server : scenario.servers) all.push_back(server.name);
  return all;
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
          [this] { return stopped(); }) {
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
  ReleaseProducerStarts();
  if (!topic_made_ && broker_directory_.empty()) return;
  // Cut short: whoever uses the topic ends before it goes, or a producer that asks for it makes it anew.
  embedded_.StopAll();
  for (const ProcessRole role : {ProcessRole::kProducer, ProcessRole::kClient, ProcessRole::kServer}) {
    processes_.StopAll(role, pipeline::MonotonicNs());
  }
  audit_.reset();
  generator_.reset();
  EndBroker();
}

bool Run::SetUp() {
  StartBroker();
  AddServers();
  AddClients();
  AddProducers();
  if (stopped()) return false;
  StartServers();
  audit_ = std::make_unique<Audit>(Kafka(), scenario_.broker.partitions, names_.mock, &recorder_);
  if (stopped()) return false;
  StartClients();
  return WaitClientsConnected() && !stopped();
}

void Run::AddServers() {
  for (const ServerPlan& plan : scenario_.servers) {
    names_.ports[plan.name] = PickFreePort();
    if (plan.journal) {
      tail_.FollowServerJournal(names_.directory.server_journal(plan.name), recorder_.AddServer(plan.name));
    }
    processes_.Add({.name = plan.name,
                    .role = ProcessRole::kServer,
                    .next_spec = [this, &plan] { return ServerSpec(plan, names_); },
                    .address = ServerAddress(names_, plan.name),
                    .is_ready = nullptr,
                    .on_ended = nullptr});
  }
}

void Run::AddClients() {
  for (const ClientPlan& plan : scenario_.clients) {
    const std::vector<std::string> servers = ResolvedServers(scenario_, plan);
    const bool is_process = plan.kind == ClientKind::kProcess;
    for (const std::string& name : ClientNames(plan)) {
      Client client;
      client.name = name;
      client.filter = plan.filter;
      client.resume = plan.resume_token ? ResumeMode::kToken : ResumeMode::kNone;
      client.observed = plan.command.empty() || IsTold(plan, "{event_log}");
      client.embedded = !is_process;
      client.reconnect_delay_min_ns = plan.reconnect_delay_min_ns;
      client.reconnect_delay_max_ns = plan.reconnect_delay_max_ns;
      client.servers = servers;
      const bool observed = client.observed;
      const size_t index = recorder_.AddClient(client);
      if (observed) observed_clients_.push_back(index);
      if (is_process && observed) tail_.FollowEventLog(names_.directory.event_log(name), index);
    }
    if (!is_process) continue;
    processes_.Add({.name = plan.name,
                    .role = ProcessRole::kClient,
                    .next_spec = [this, &plan, servers] { return ClientSpec(plan, servers, names_); },
                    .address = {},
                    .is_ready = nullptr,
                    .on_ended = nullptr});
  }
}

void Run::AddProducers() {
  std::vector<ProducerPlan> embedded;
  for (const ProducerPlan& plan : scenario_.producers) {
    if (plan.kind == ProducerKind::kEmbedded) {
      embedded.push_back(plan);
      continue;
    }
    processes_.Add({.name = plan.name,
                    .role = ProcessRole::kProducer,
                    .next_spec = [this, &plan] { return NextProducerSpec(plan); },
                    .address = {},
                    .is_ready = nullptr,
                    .on_ended = [this](const ProcessSpec& spec, const ProcessExit&) { ProducerEnded(spec.name); }});
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
  const std::lock_guard lock(producers_mutex_);
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
    const std::lock_guard lock(producers_mutex_);
    index = producer_indices_.at(process_name);
  }
  tail_.ProducerEnded(index);
}

void Run::StartServers() {
  for (const ServerPlan& plan : scenario_.servers) {
    view_->OnStep("starting " + plan.name);
    processes_.Start(plan.name);
  }
  const std::string problem = processes_.WaitReady(pipeline::MonotonicNs() + kServersReadyWithinNs);
  if (!problem.empty() && !stopped()) throw EnvironmentError(problem + processes_.LogsOfUnready());
}

void Run::StartClients() {
  size_t index = 0;
  for (const ClientPlan& plan : scenario_.clients) {
    view_->OnStep("starting " + plan.name);
    if (plan.kind == ClientKind::kProcess) {
      processes_.Start(plan.name);
      ++index;
      continue;
    }
    for (int i = 0; i < plan.count; ++i, ++index) {
      pipeline::SubscriptionOptions options;
      for (const std::string& server : ResolvedServers(scenario_, plan)) {
        options.servers.push_back(ServerAddress(names_, server));
      }
      options.filter = plan.filter;
      options.reconnect.delay_min_ns = plan.reconnect_delay_min_ns;
      options.reconnect.delay_max_ns = plan.reconnect_delay_max_ns;
      options.jitter_seed = scenario_.seed + index;
      embedded_.Add(index, std::move(options));
    }
  }
}

// Every client without a stream, with what its logs say.
std::string Run::WithoutStreamText(const LiveCounts& counts) const {
  constexpr size_t kClientsTold = 4;
  std::vector<std::string> names;
  std::string logs;
  for (const size_t client : observed_clients_) {
    if (counts.clients[client].connected) continue;
    const std::string& name = names.emplace_back(counts.clients[client].name);
    if (names.size() > kClientsTold) continue;
    std::string broken;
    bool embedded = false;
    recorder_.Read([&](const History& history) {
      const Client& seen = history.clients[client];
      embedded = seen.embedded;
      if (!seen.broken_line_texts.empty()) broken = seen.broken_line_texts.front();
    });
    if (embedded) continue;
    logs += LogExcerpt(names_.directory.log(name));
    const std::string event_log = names_.directory.event_log(name);
    if (!broken.empty()) {
      logs += "\n  its event log can't be read: " + broken;
    } else if (!std::filesystem::exists(event_log)) {
      logs += "\n  " + event_log + " (its {event_log}) is not there: it has written nothing";
    }
  }
  return fmt::format("{} had no stream after {} s{}", NameList(names, kClientsTold),
                     kClientsConnectedWithinNs / kSecondNs, logs);
}

bool Run::WaitClientsConnected() {
  view_->OnStep("waiting until every client has its stream");
  const int64_t deadline_ns = pipeline::MonotonicNs() + kClientsConnectedWithinNs;
  for (;;) {
    const LiveCounts counts = recorder_.Counts();
    const auto missing = std::find_if(observed_clients_.begin(), observed_clients_.end(),
                                      [&](size_t client) { return !counts.clients[client].connected; });
    if (missing == observed_clients_.end()) return true;
    for (const ProcessRole role : {ProcessRole::kServer, ProcessRole::kClient}) {
      const std::string ended = processes_.EndedByItself(role);
      if (!ended.empty()) throw EnvironmentError(ended + processes_.LogsOfUnready());
    }
    if (pipeline::MonotonicNs() >= deadline_ns) throw EnvironmentError(WithoutStreamText(counts));
    if (stop_.WaitUntil(pipeline::MonotonicNs() + 5'000'000)) return false;
  }
}

}  // namespace harness
