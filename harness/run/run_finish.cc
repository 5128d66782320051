// The last steps of a run: heal, end the producers, sentinels, drain, stop everything, give the history away.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "common/clock.h"
#include "harness/observe/contents.h"
#include "harness/observe/dead_letters.h"
#include "harness/report/usage_log.h"
#include "harness/report/write_whole.h"
#include "harness/run/health.h"
#include "harness/run/run.h"
#include "harness/verify/checker.h"
#include "harness/verify/wanted_contents.h"

namespace harness {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kQuietWalksWithinNs = 20 * kSecondNs;
constexpr int64_t kDeadLettersWithinNs = 20 * kSecondNs;
constexpr int64_t kLogsReadWithinNs = 120 * kSecondNs;
constexpr int64_t kContentsWithinNs = 5 * kSecondNs;
constexpr int kHealthWithinMs = 1'000;
constexpr int64_t kFlushWithinNs = 30 * kSecondNs;
constexpr int64_t kInterruptedFlushWithinNs = 2 * kSecondNs;

std::vector<pipeline::Filter> DistinctFilters(const Scenario& scenario) {
  std::vector<pipeline::Filter> filters;
  for (const ClientPlan& client : scenario.clients) {
    if (std::find(filters.begin(), filters.end(), client.filter) == filters.end()) filters.push_back(client.filter);
  }
  return filters;
}

int64_t After(int64_t time_ns) { return pipeline::MonotonicNs() + time_ns; }

}  // namespace

void Run::WindDown() {
  view_->OnStep("healing");
  timer_.Begin("producers' end");
  if (faults_) faults_->StopAndHealAll();
  ReleaseStarters();
  if (!stopped()) {
    const std::string problem = processes_.WaitReady();
    if (!problem.empty() && !stopped()) view_->OnNotice(problem);
  }
  view_->OnStep("ending the producers");
  for (const std::string& problem : processes_.StopAll(ProcessRole::kProducer)) view_->OnNotice(problem);
  CheckPartitions();
  // What they wrote down counts before anybody is asked whether all of it has arrived.
  tail_.Drain(After(stopped() ? kInterruptedFlushWithinNs : kLogsReadWithinNs));
  generator_->Flush(After(stopped() ? kInterruptedFlushWithinNs : kFlushWithinNs));
  load_end_ns_ = pipeline::MonotonicNs();
  if (hiccup_detector_) hiccups_ = hiccup_detector_->Stop();
  const int64_t drain_begin_ns = pipeline::MonotonicNs();
  timer_.Begin("drain");
  if (!stopped()) {
    view_->OnStep("draining");
    const int64_t deadline_ns = After(scenario_.drain_timeout_ns);
    if (!generator_->ProduceSentinels(DistinctFilters(scenario_), deadline_ns)) {
      view_->OnNotice("the sentinels were not acknowledged in time");
    }
    WaitCaughtUp(deadline_ns);
    drained_ = AllCaughtUp();
  } else if (audit_) {
    audit_->CatchUp(After(kSecondNs));
  }
  drain_end_ns_ = pipeline::MonotonicNs();
  if (scenario_.expect.dead_letters && drained_ && audit_) ReadDeadLetterTopic();
  if (!prober_) return;
  timer_.Begin("unary questions");
  prober_->Stop();
  if (drained_) {
    view_->OnStep("asking the servers for all payments");
    QuietAsking asking;
    asking.deadline_ns = After(kQuietWalksWithinNs + scenario_.drain_timeout_ns);
    asking.patience_ns = drain_begin_ns + scenario_.drain_timeout_ns;
    for (const ServerPlan& plan : scenario_.servers) {
      asking.tells_readiness.push_back(ProbeServer(ServerAddress(names_, plan.name), kHealthWithinMs) !=
                                       Readiness::kNoHealth);
    }
    asking.stopped = [this] { return stopped(); };
    prober_->AskQuiet(asking);
  }
}

// The audit reads the partitions that the topic had when it was made, and no others.
void Run::CheckPartitions() {
  if (!cluster_ || stopped()) return;
  const int planned = scenario_.broker.partitions;
  const std::optional<int> count = cluster_->PartitionCount(names_.topic);
  if (!count || *count == planned) return;
  recorder_.HarnessError(
      fmt::format("topic {} has {} partitions now and had {} when the run began: what was added is not audited, so the "
                  "run proves nothing",
                  names_.topic, *count, planned));
}

void Run::ReadDeadLetterTopic() {
  view_->OnStep("reading the dead letters");
  pipeline::KafkaSettings kafka;
  kafka.brokers = names_.brokers;
  kafka.topic = names_.topic;
  kafka.properties = names_.kafka_properties;
  try {
    recorder_.OnDeadLetters(ReadDeadLetters(kafka, static_cast<size_t>(recorder_.Counts().rejected),
                                            After(kDeadLettersWithinNs), [this] { return stopped(); }));
  } catch (const std::runtime_error& error) {
    if (!stopped()) recorder_.HarnessError(std::string("the dead letters: ") + error.what());
  }
}

void Run::KeepContents() {
  WantedContents wanted;
  std::vector<std::pair<std::string, std::string>> clients;  // their logs, and whose
  std::vector<std::pair<std::string, std::string>> producers;
  recorder_.Read([&](const History& history) {
    wanted = FindWantedContents(history);
    for (const Client& client : history.clients) {
      if (client.observed && !client.embedded) {
        clients.emplace_back(names_.directory.event_log(client.name), "client " + client.name);
      }
    }
    for (size_t i = 0; i < history.producers.size(); ++i) {
      const Producer& producer = history.producers[i];
      if (!producer.has_acks || !IsProcessProducer(history, i)) continue;
      producers.emplace_back(names_.directory.ack_log(producer.name), "producer " + producer.name);
    }
  });
  if (wanted.empty() || stopped()) return;
  try {
    KeepTopicContents(Kafka(), wanted.places, After(kContentsWithinNs), &recorder_);
  } catch (const std::runtime_error& error) {
    view_->OnNotice(fmt::format("the contents of the records in question could not be read: {}", error.what()));
  }
  for (const auto& [path, whose] : clients) {
    KeepLoggedContents(path, LogKind::kEventLog, whose, wanted.hashes, &recorder_);
  }
  for (const auto& [path, whose] : producers) {
    KeepLoggedContents(path, LogKind::kAckLog, whose, wanted.hashes, &recorder_);
  }
  recorder_.Read([&](const History& history) {
    const std::string lines = ContentLines(history);
    if (!lines.empty()) std::ofstream(names_.directory.history() + "/contents.jsonl", std::ios::binary) << lines;
  });
}

void Run::KeepUsage() {
  const std::vector<UsageSample> samples = sampler_->Stop();
  try {
    WriteWhole(names_.directory.history() + "/usage.csv", UsageCsv(samples));
  } catch (const std::system_error& error) {
    view_->OnNotice(error.what());
  }
}

History Run::Finish() {
  view_->OnStep("stopping");
  timer_.Begin("clients' end");
  KeepUsage();
  embedded_.StopAll();
  for (const ProcessRole role : {ProcessRole::kClient, ProcessRole::kServer}) {
    if (role == ProcessRole::kServer) timer_.Begin("servers' end");
    for (const std::string& problem : processes_.StopAll(role)) view_->OnNotice(problem);
  }
  timer_.Begin("logs' end");
  if (!tail_.Drain(After(stop_.hurried() ? kInterruptedFlushWithinNs : kLogsReadWithinNs))) {
    recorder_.HarnessError("the programs' logs could not be read to their end in time");
  }
  tail_.Stop();
  if (audit_) {
    audit_->Stop();
    log_bytes_ = audit_->bytes_read();
  }
  audit_.reset();
  KeepContents();
  timer_.Begin("load's and broker's end");
  load_counts_ = generator_->counts();
  generator_.reset();
  if (broker_) {
    const int64_t pid = broker_->pid();
    ending_broker_ = true;
    broker_.reset();
    if (const auto exit = supervisor_.WaitExit(pid, pipeline::MonotonicNs())) {
      broker_usage_ = {.name = "broker",
                       .cpu_user_ns = exit->user_cpu_ns,
                       .cpu_system_ns = exit->system_cpu_ns,
                       .rss_bytes_max = exit->rss_bytes_max,
                       .log_bytes_dropped = exit->log_bytes_dropped};
    }
  }
  EndBroker();
  view_->Stop();
  timer_.Begin("journal's end");
  History whole = recorder_.Finish([this](History* history) {
    history->load_begin_ns = load_begin_ns_;
    history->load_end_ns = load_end_ns_;
    history->drain_end_ns = drain_end_ns_;
    history->log_bytes = log_bytes_;
    history->drained = drained_;
    history->interrupted = stop_.requested();
    for (Client& client : history->clients) {
      // A foreign program may not mark its connections in its log.
      if (client.observed && client.connections.empty()) client.marks_connections = false;
    }
  });
  timer_.End();
  return whole;
}

std::vector<RunFacts::ProcessUsage> Run::Usage() const {
  std::vector<RunFacts::ProcessUsage> usage = processes_.Usage();
  if (!broker_usage_.name.empty()) usage.push_back(broker_usage_);
  return usage;
}

}  // namespace harness
