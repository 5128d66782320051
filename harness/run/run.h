// The state of one run while it goes on, and its steps in order; the inside of runner.h. The runner's thread calls the
// steps; the fault scheduler's thread calls the FaultListener's part.
#pragma once

#include <atomic>
#include <iosfwd>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "harness/broker/kafka_cluster.h"
#include "harness/broker/mock_broker.h"
#include "harness/fault/fault_scheduler.h"
#include "harness/load/load_generator.h"
#include "harness/observe/audit.h"
#include "harness/observe/embedded_subscribers.h"
#include "harness/observe/log_tail.h"
#include "harness/observe/recorder.h"
#include "harness/observe/unary_prober.h"
#include "harness/report/live_view.h"
#include "harness/run/command_line.h"
#include "harness/run/hiccup_detector.h"
#include "harness/run/processes.h"
#include "harness/run/run_topics.h"
#include "harness/run/runner.h"
#include "harness/run/step_timer.h"
#include "harness/run/usage_sampler.h"

namespace harness {

// The run can't begin: exit 3, with what to do.
class EnvironmentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The scenario can't be run on this backend: exit 2, with what to do.
class BadScenarioError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Run : private FaultListener {
 public:
  Run(const Scenario& scenario, const RunOptions& options, RunDirectory directory, const pipeline::StopSignal& stop,
      std::ostream* out);
  ~Run() override;

  // The steps (run_setup.cc, run_load.cc, run_finish.cc). SetUp throws EnvironmentError, BadScenarioError and
  // pipeline::SettingsError, and returns false when stopped.
  bool SetUp();
  void OfferLoad();
  void WindDown();
  History Finish();

  // For the report, after Finish.
  const StepTimer& timer() const { return timer_; }
  std::vector<RunFacts::ProcessUsage> Usage() const;
  const LoadCounts& load_counts() const { return load_counts_; }
  const LatencyHistogram& hiccups() const { return hiccups_; }
  // What it runs on, for people: "mock (librdkafka 2.0.2)". After SetUp.
  const std::string& backend() const { return backend_; }

 private:
  bool SetUpSteps();
  // run_broker.cc
  void StartBroker();
  void StartMock();
  void UseCluster();
  void StartBrokerProgram();
  // Deletes the run's topic, ends the scenario's broker. Idempotent; once nothing uses Kafka any more.
  void EndBroker();
  void DeleteTopics();
  pipeline::KafkaSettings Kafka() const;

  void AddServers();
  void AddClients();
  void AddProducers();
  void StartServers();
  void StartClients();
  bool WaitClientsConnected();
  std::string WithoutStreamText(const std::vector<size_t>& clients, int64_t waited_ns) const;
  // run_clients.cc
  void StartClient(const ClientPlan& plan);
  void StartSubscriber(const ClientPlan& plan, size_t index);
  bool Join(const ClientPlan& plan, ClientStay stay);
  bool Leave(const ClientPlan& plan);
  bool HasServerAtStart(const ClientPlan& plan) const;
  bool HasConnection(const ClientPlan& plan);
  bool HasStream(size_t client, size_t* calls_failed) const;
  std::vector<size_t> WithoutStream(const ClientPlan& plan);
  // Blocks until the trigger fires; false: the phases are over before.
  bool WaitForTrigger(const Trigger& trigger);
  bool WaitUntilInPhases(int64_t until_ns);
  void FollowPlanOf(const ClientPlan& plan);
  ProcessSpec NextProducerSpec(const ProducerPlan& plan);
  void ProducerEnded(const std::string& process_name);

  void RunPhase(const PhasePlan& plan, int64_t* begin_ns);
  void StartProducerWhenDue(const ProducerPlan& plan);
  void StartServerWhenDue(const ServerPlan& plan);
  void ReleaseStarters();
  void StartProber();
  void StartSampler();
  // Into history/usage.csv.
  void KeepUsage();
  void WaitCaughtUp(int64_t deadline_ns);
  bool AllCaughtUp() const;
  void CheckPartitions();
  void ReadDeadLetterTopic();
  // What people will want to see of what is wrong, while the topic and the logs are there.
  void KeepContents();

  // FaultListener
  void OnStrike(size_t fault, int64_t planned_ns, const FaultOutcome& outcome) override;
  void OnHealed(size_t fault, int64_t time_ns) override;
  void OnHealFailed(size_t fault, const std::string& sentence) override;
  bool CountReached(const Trigger& trigger) override;

  // The run goes no further: asked to stop, or there is nothing to go on with.
  bool stopped() const { return stop_.requested() || abandoned_; }
  // From any thread. What the run lacks, in a sentence: it proves nothing, and ends at once.
  void Abandon(const std::string& sentence);

  const Scenario& scenario_;
  const RunOptions& options_;
  const pipeline::StopSignal& stop_;
  RunNames names_;
  StepTimer timer_;

  Supervisor supervisor_;
  Recorder recorder_;
  std::unique_ptr<LiveView> view_;
  std::unique_ptr<MockBroker> broker_;     // one of the three: the mock,
  std::unique_ptr<KafkaCluster> cluster_;  // a real cluster,
  std::string broker_directory_;           // the scenario's own broker, reached as a cluster; its data
  bool topic_made_ = false;
  std::unique_ptr<RunTopicsFile> topics_file_;  // on a cluster of the user's
  std::string backend_;
  std::unique_ptr<Audit> audit_;
  LogTail tail_;
  std::unique_ptr<LoadGenerator> generator_;
  EmbeddedSubscribers embedded_;
  Processes processes_;
  std::unique_ptr<FaultScheduler> faults_;
  std::unique_ptr<UnaryProber> prober_;

  std::vector<size_t> fault_indices_;                   // the recorder's, by plan
  std::vector<size_t> observed_clients_;                // the recorder's
  std::map<std::string, std::vector<size_t>> clients_;  // the recorder's, by plan
  // Since when a client that says nothing has a connection, and no call of its has failed; 0: not so.
  struct Quiet {
    int64_t since_ns = 0;
    size_t calls_failed = 0;
  };
  std::map<size_t, Quiet> quiet_;  // by client
  pipeline::Mutex producers_mutex_;
  std::map<std::string, int> producer_starts_ ABSL_GUARDED_BY(producers_mutex_);
  std::map<std::string, uint16_t> producer_indices_
      ABSL_GUARDED_BY(producers_mutex_);  // the recorder's, by process name ("shop#2")

  // Phases that have begun, for producers that start at a moment of one.
  pipeline::Mutex phases_mutex_;
  pipeline::CondVar phases_changed_;
  std::map<std::string, int64_t> phase_begins_ ABSL_GUARDED_BY(phases_mutex_);
  bool phases_over_ ABSL_GUARDED_BY(phases_mutex_) = false;
  std::vector<std::thread> starters_;  // of what begins or ends meanwhile
  std::atomic<bool> abandoned_ = false;
  std::string abandoned_because_;  // fixed once abandoned_ is set
  std::atomic<bool> ending_broker_ = false;

  int64_t load_begin_ns_ = 0;
  int64_t load_end_ns_ = 0;
  int64_t drain_end_ns_ = 0;
  int64_t log_bytes_ = 0;
  bool drained_ = false;
  RunFacts::ProcessUsage broker_usage_;
  LoadCounts load_counts_;
  std::unique_ptr<HiccupDetector> hiccup_detector_;  // while load is offered
  LatencyHistogram hiccups_;
  std::unique_ptr<UsageSampler> sampler_;  // asks processes_, from its own thread
  const pipeline::StopCallback on_hurry_;  // last: it uses the rest
};

}  // namespace harness
