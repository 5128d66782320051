// A scenario, parsed and valid: what to start, what to offer, what to break, what to expect. Produced by the parser
// (scenario_file.h), read by the runner, the load, the faults and the report. Plain data, pure.
//
// Every member's unit is in its name. JSON names are the same without the unit ("restart_after": "500ms").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/rate_curve.h"
#include "payment/payment.h"
#include "payment/record_decoder.h"

namespace harness {

// A process under test. An empty `command` means the built-in program.
struct ProgramPlan {
  std::string name;
  std::vector<std::string> command;  // argv; placeholders {brokers} {topic} {port} {name} {run} {servers} {event_log}
                                     // {ack_log} {rec_prefix} {server_journal} {directory} {scenario_directory}
  std::vector<std::string> args;     // appended to the built-in program's own
  std::map<std::string, std::string> env;    // placeholders too
  std::string cwd;                           // empty: the run directory
  int64_t ready_within_ns = 30'000'000'000;  // of a start: servers, brokers; clients: until they have a stream
  int64_t end_within_ns = 10'000'000'000;    // of SIGTERM; then it is killed
  std::vector<int> exit_codes;  // with which it may end when it is asked to, 128 and more: by a signal; 0 if empty, and
                                // with a `command` 143 (SIGTERM)
};

struct BrokerPlan {
  int brokers = 1;      // of the mock; on a real cluster: at least
  int partitions = 4;   // of the run's topic
  ProgramPlan program;  // with a command: a Kafka that the run starts, in place of the mock
};

// When a fault strikes, a server, a client starts or a client stops: at a time in a phase, or when a count is reached.
enum class CountKind : uint8_t { kSent, kAcked, kLogged, kDelivered };
struct Trigger {
  // "at": "steady+1s"
  std::string phase;  // empty: a count
  int64_t after_ns = 0;
  // "when": {"delivered": 3500}, {"delivered@fast": 3500}
  CountKind count_kind = CountKind::kDelivered;
  std::string client;  // empty: the minimum over clients
  int64_t count = 0;
};

struct ServerPlan : ProgramPlan {
  std::optional<Trigger> start;  // it is started then; else before the first phase
  int64_t rss_bytes_max = 0;     // resident memory that it may have; 0: what verify/bounded.h says
  bool journal = false;          // it writes down what it reads and sends, and the harness reads that
};

// Which call an embedded client subscribes with.
enum class ClientRpc : uint8_t { kAny, kStream, kSubscribe };

enum class ClientKind : uint8_t { kProcess, kEmbedded };

struct ClientPlan : ProgramPlan {
  ClientKind kind = ClientKind::kProcess;
  int count = 1;                     // embedded only: this many subscribers (ClientNames)
  std::vector<std::string> servers;  // names; empty: all
  pipeline::Filter filter;
  bool resume_token = true;            // false: "resume": "none"
  std::optional<Trigger> start;        // it joins then; else before the first phase
  std::optional<Trigger> stop;         // it is asked to end then; else after the drain
  int64_t start_over_ns = 0;           // embedded: the `count` join one after the other over this time
  int64_t stop_over_ns = 0;            // likewise, they leave
  ClientRpc rpc = ClientRpc::kAny;     // embedded only
  int64_t batch_events_max = 0;        // embedded, of kSubscribe: that it asks for; 0: as many as the server sends
  int64_t reconnect_delay_min_ns = 0;  // 0: a foreign program that tells no bound
  int64_t reconnect_delay_max_ns = 3'000'000'000;
};

// Bad records among the good ones.
struct PoisonPlan {
  int64_t every = 0;  // one of so many is bad; 0: none
  std::vector<pipeline::RejectReason> kinds;
};

// Which key the next record has.
enum class KeyChoice : uint8_t { kNew, kUniform, kZipf, kHot };
struct KeyPlan {
  KeyChoice choice = KeyChoice::kNew;
  int64_t count = 0;    // keys to choose from, unless they are always new
  double exponent = 1;  // Zipf
  double share = 0;     // hot: of the records, to the first key
};
inline constexpr int64_t kKeysMax = 100'000;

// How many bytes a value has; with bytes_max 0: as it comes.
struct ValueSizePlan {
  int64_t bytes_min = 0;
  int64_t bytes_max = 0;     // = bytes_min: fixed
  int64_t median_bytes = 0;  // above 0: log-normal, held within the two
  double sigma = 0;          // of the logarithm
};
inline constexpr int64_t kValueBytesMin = 512;
inline constexpr int64_t kValueBytesMax = 900'000;  // what every broker takes, its default being 1,000,000

enum class ProducerKind : uint8_t { kEmbedded, kProcess };

struct ProducerPlan : ProgramPlan {
  ProducerKind kind = ProducerKind::kEmbedded;
  int records_per_payment_min = 1;
  int records_per_payment_max = 3;
  PoisonPlan poison;  // embedded producers; the next two likewise
  KeyPlan keys;
  ValueSizePlan value_size;
  std::string start;  // process producers: a phase name or "phase+1s"; empty: with the first phase
};

enum class Arrival : uint8_t { kUniform, kPoisson };

struct PhasePlan {
  std::string name;
  int64_t duration_ns = 0;  // with a rate; 0 with a count
  double rate_per_s = 0;    // total over embedded producers; 0: no load
  std::vector<RatePiece> rate_pieces =
      {};             // a rate that changes, over the whole duration; empty: rate_per_s all the time
  int64_t count = 0;  // with rate "max"
  bool rate_max = false;
  int64_t in_flight = 0;  // above 0: a closed loop, with at most so many records without an outcome
  bool then_drained = false;
  Arrival arrival = Arrival::kUniform;
  bool measure = true;
};

enum class FaultType : uint8_t { kProcessKill, kProcessTerminate, kProcessPause };

struct FaultPlan {
  std::string name;  // default: its type and index, "process.kill-1"
  FaultType type = FaultType::kProcessKill;
  std::string target;  // a server, client or process producer, or the scenario's own "broker"
  Trigger trigger;
  std::optional<int64_t> restart_after_ns;  // kill, terminate: counts from the process's end
  std::optional<int64_t> duration_ns;       // pause
};

enum class Comparison : uint8_t { kLess, kLessEqual, kGreater, kGreaterEqual, kEqual };

// In what a metric and its limits are: ns, a plain number, per second, a share (0.99), bytes, bytes per second.
enum class MetricUnit : uint8_t { kTime, kCount, kRate, kShare, kBytes, kByteRate };

// "e2e.latency{phase=steady,excluding=faults,client=fast} p99 < 100ms"
struct Threshold {
  std::string text;     // as written
  std::string metric;   // a name of measure/metric_table.h, its NAME filled in: "proc.server-1.cpu"
  std::string process;  // what stands for NAME: "server-1"; empty: the metric has none
  std::map<std::string, std::string> selectors;  // by key; "excluding" -> "faults", "each" -> ""
  std::optional<double> quantile;                // 0.99; nullopt: the metric's own value (count, or the worst)
  bool maximum = false;                          // "max"
  Comparison comparison = Comparison::kLess;
  double limit = 0;  // in `unit`
  MetricUnit unit = MetricUnit::kCount;
  bool is_time() const { return unit == MetricUnit::kTime; }
};

struct RelaxedInvariant {
  std::string invariant;
  std::string reason;
};

struct Expectations {
  std::vector<Threshold> thresholds;
  int64_t min_records = 1;
  double acked_share = 0.99;                  // of the sends, broker faults aside (verify/acked.h)
  bool dead_letters = false;                  // each rejected record is in <topic>.dlq (verify/dlq.h)
  double schedule_share = 0.95;               // of planned sends handed over ...
  int64_t schedule_lag_max_ns = 100'000'000;  // ... within this of their plan
  std::vector<RelaxedInvariant> relaxed;
};

// The harness's own unary calls under load (observe/unary_prober.h).
struct ProbePlan {
  bool enabled = true;
  int64_t interval_ns = 100'000'000;
};

struct Scenario {
  std::string name;
  std::string description;
  uint64_t seed = 1;
  BrokerPlan broker;
  std::vector<ServerPlan> servers;
  std::vector<ClientPlan> clients;
  std::vector<ProducerPlan> producers;
  std::vector<PhasePlan> phases;
  std::vector<FaultPlan> faults;
  ProbePlan probe;
  int64_t drain_timeout_ns = 15'000'000'000;
  Expectations expect;
  std::string effective_json;  // as run, after --set: what goes into the run directory
};

// The clients that a plan stands for, as selectors, triggers and reports name them: its own name, or name-1 ... name-n
// when its count is above 1.
std::vector<std::string> ClientNames(const ClientPlan& plan);

// The rate over the phase's time, where it has one; of a closed loop: the most that it may come to.
RateCurve RateOf(const PhasePlan& plan);
// Whether its sends have planned times.
bool HasSchedule(const PhasePlan& plan);
bool OffersLoad(const PhasePlan& plan);
// Records that it will send at most.
double RecordsPlanned(const PhasePlan& plan);

// As the scenario file spells them: "process.kill", "delivered", "<".
std::string_view FaultTypeName(FaultType type);
std::string_view CountKindName(CountKind kind);
std::string_view ComparisonText(Comparison comparison);
std::string_view UnitName(MetricUnit unit);  // "ns", "count", "per_s", "share", "bytes", "bytes_per_s"

}  // namespace harness
