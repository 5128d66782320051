// A run's clients: what they are, when they begin and end, and whether they have a stream.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "harness/process/sockets.h"
#include "harness/report/names.h"
#include "harness/run/log_excerpt.h"
#include "harness/run/program_identity.h"
#include "harness/run/run.h"

namespace harness {
namespace {

constexpr int64_t kLookEveryNs = 20'000'000;
// A connection to a server that has stood for so long, without any call's failure told meanwhile, carries a stream that
// the server has accepted, and has nothing to say on yet. What refuses answers in no time.
constexpr int64_t kAcceptedAfterNs = 1'000'000'000;

std::vector<std::string> ResolvedServers(const Scenario& scenario, const ClientPlan& plan) {
  if (!plan.servers.empty()) return plan.servers;
  std::vector<std::string> all;
  all.reserve(scenario.servers.size());
  for (const ServerPlan& server : scenario.servers) all.push_back(server.name);
  return all;
}

// When the i-th of `count` is due, in `over_ns` altogether.
int64_t ShareOf(int64_t over_ns, size_t i, size_t count) {
  return static_cast<int64_t>(static_cast<double>(over_ns) * static_cast<double>(i) / static_cast<double>(count));
}

}  // namespace

void Run::AddClients() {
  size_t embedded = 0;
  for (const ClientPlan& plan : scenario_.clients) {
    if (plan.kind == ClientKind::kEmbedded) embedded += static_cast<size_t>(plan.count);
  }
  embedded_.Reserve(embedded);
  for (const ClientPlan& plan : scenario_.clients) {
    const std::vector<std::string> servers = ResolvedServers(scenario_, plan);
    const bool is_process = plan.kind == ClientKind::kProcess;
    // Embedded clients are payment-client's library, and count as that program.
    const ProcessSpec spec = ClientSpec(plan, servers, names_);
    const std::string identity = ProgramIdentity(spec.argv, spec.cwd);
    for (const std::string& name : ClientNames(plan)) {
      Client client;
      client.name = name;
      client.program = identity;
      client.filter = plan.filter;
      client.resume = plan.resume_token ? ResumeMode::kToken : ResumeMode::kNone;
      client.observed = plan.command.empty() || IsTold(plan, "{event_log}");
      client.embedded = !is_process;
      client.reconnect_delay_min_ns = plan.reconnect_delay_min_ns;
      client.reconnect_delay_max_ns = plan.reconnect_delay_max_ns;
      client.servers = servers;
      const bool observed = client.observed;
      const size_t index = recorder_.AddClient(client);
      clients_[plan.name].push_back(index);
      if (plan.start) recorder_.OnClientStay(index, {.starts_late = true});
      if (observed) observed_clients_.push_back(index);
      if (is_process && observed) tail_.FollowEventLog(names_.directory.event_log(name), index);
    }
    if (!is_process) continue;
    ManagedProgram program;
    program.name = plan.name;
    program.role = ProcessRole::kClient;
    program.next_spec = [this, &plan, servers] { return ClientSpec(plan, servers, names_); };
    TakeLimits(plan, &program);
    processes_.Add(std::move(program));
  }
}

void Run::StartClients() {
  for (const ClientPlan& plan : scenario_.clients) {
    if (plan.start) continue;
    view_->OnStep("starting " + plan.name);
    StartClient(plan);
  }
}

void Run::StartClient(const ClientPlan& plan) {
  if (plan.kind == ClientKind::kProcess) {
    processes_.Start(plan.name);
  } else {
    for (const size_t index : clients_.at(plan.name)) StartSubscriber(plan, index);
  }
}

void Run::StartSubscriber(const ClientPlan& plan, size_t index) {
  pipeline::SubscriptionOptions options;
  for (const std::string& server : ResolvedServers(scenario_, plan)) {
    options.servers.push_back(ServerAddress(names_, server));
  }
  options.filter = plan.filter;
  options.resume = plan.resume_token;
  options.reconnect.attempts_max = 0;
  options.reconnect.delay_min_ns = plan.reconnect_delay_min_ns;
  options.reconnect.delay_max_ns = plan.reconnect_delay_max_ns;
  options.jitter_seed = scenario_.seed + index;
  options.rpc = plan.rpc == ClientRpc::kStream      ? pipeline::StreamRpc::kStream
                : plan.rpc == ClientRpc::kSubscribe ? pipeline::StreamRpc::kSubscribe
                                                    : pipeline::StreamRpc::kAuto;
  options.batch_events_max = static_cast<uint32_t>(plan.batch_events_max);
  embedded_.Add(index, std::move(options));
}

// Lets those of the plan join, one after the other over its time. False: the phases were over before all had.
bool Run::Join(const ClientPlan& plan, ClientStay stay) {
  const int64_t begin_ns = pipeline::MonotonicNs();
  const std::vector<size_t>& all = clients_.at(plan.name);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!WaitUntilInPhases(begin_ns + ShareOf(plan.start_over_ns, i, all.size()))) return false;
    stay.joined_ns = pipeline::MonotonicNs();
    if (plan.kind == ClientKind::kProcess) {
      processes_.Start(plan.name);
    } else {
      StartSubscriber(plan, all[i]);
    }
    recorder_.OnClientStay(all[i], stay);
  }
  return true;
}

// Lets them leave, likewise.
bool Run::Leave(const ClientPlan& plan) {
  const int64_t begin_ns = pipeline::MonotonicNs();
  const std::vector<size_t>& all = clients_.at(plan.name);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!WaitUntilInPhases(begin_ns + ShareOf(plan.stop_over_ns, i, all.size()))) return false;
    ClientStay stay;
    recorder_.Read([&](const History& history) {
      stay.starts_late = history.clients[all[i]].starts_late;
      stay.joined_ns = history.clients[all[i]].joined_ns;
    });
    stay.left_ns = pipeline::MonotonicNs();
    recorder_.OnClientStay(all[i], stay);
    if (plan.kind == ClientKind::kEmbedded) {
      embedded_.Stop(all[i]);
      continue;
    }
    for (const std::string& problem : processes_.StopOne(plan.name)) view_->OnNotice(problem);
  }
  return true;
}

// A thread of its own for each client that joins late or leaves early.
void Run::FollowPlanOf(const ClientPlan& plan) {
  const auto never = [&](const char* what) {
    if (!stopped()) recorder_.HarnessError(fmt::format("client {} never {}: its trigger never fired", plan.name, what));
  };
  const auto not_all = [&](const char* what) {
    if (stopped()) return;
    recorder_.HarnessError(
        fmt::format("not all of the {} of client {} have {} before the phases were over", plan.count, plan.name, what));
  };
  if (plan.start) {
    if (!WaitForTrigger(*plan.start)) return never("joined");
    view_->OnNotice(plan.name + " joins");
    try {
      if (!Join(plan, {.starts_late = true})) return not_all("joined");
    } catch (const std::runtime_error& error) {
      recorder_.HarnessError(error.what());
      return;
    }
  }
  if (!plan.stop) return;
  if (!WaitForTrigger(*plan.stop)) return never("left");
  view_->OnNotice(plan.name + " leaves");
  if (!Leave(plan)) not_all("left");
}

// Whether one of its servers is there before the first phase; else it has nobody to wait for.
bool Run::HasServerAtStart(const ClientPlan& plan) const {
  const std::vector<std::string> servers = ResolvedServers(scenario_, plan);
  return std::any_of(scenario_.servers.begin(), scenario_.servers.end(), [&](const ServerPlan& server) {
    return !server.start && std::find(servers.begin(), servers.end(), server.name) != servers.end();
  });
}

// Whether it has a connection to one of its servers; of embedded ones, whether this process has.
bool Run::HasConnection(const ClientPlan& plan) {
  std::set<int> ports;
  for (const std::string& server : ResolvedServers(scenario_, plan)) ports.insert(names_.ports.at(server));
  if (plan.kind == ClientKind::kProcess) return processes_.IsConnectedTo(plan.name, ports);
  return HasOpenOneOf(getpid(), SocketsConnectedTo(ports));
}

// Whether it has one, or is not observed.
bool Run::HasStream(size_t client, size_t* calls_failed) const {
  bool has_stream = false;
  recorder_.Read([&](const History& history) {
    const Client& seen = history.clients[client];
    has_stream = !seen.observed || (!seen.connections.empty() && seen.connections.back().ended_ns == 0);
    *calls_failed = seen.attempts.size() + seen.connections.size();
  });
  return has_stream;
}

// The observed clients of the plan that have neither a stream yet nor a connection that their server has accepted.
std::vector<size_t> Run::WithoutStream(const ClientPlan& plan) {
  const int64_t now_ns = pipeline::MonotonicNs();
  std::optional<bool> connected;  // asked once, and only if there is need
  std::vector<size_t> without;
  for (const size_t client : clients_.at(plan.name)) {
    size_t calls_failed = 0;
    if (HasStream(client, &calls_failed)) continue;
    if (!connected) connected = HasConnection(plan);
    Quiet& quiet = quiet_[client];
    if (!*connected || calls_failed != quiet.calls_failed) quiet.since_ns = 0;
    if (*connected && quiet.since_ns == 0) quiet.since_ns = now_ns;
    quiet.calls_failed = calls_failed;
    const bool accepted = quiet.since_ns != 0 && now_ns - quiet.since_ns >= kAcceptedAfterNs;
    if (!accepted) without.push_back(client);
  }
  return without;
}

// These clients, with what their logs say.
std::string Run::WithoutStreamText(const std::vector<size_t>& clients, int64_t waited_ns) const {
  constexpr size_t kClientsTold = 4;
  std::vector<std::string> names;
  std::string logs;
  for (const size_t client : clients) {
    std::string name;
    std::string broken;
    bool embedded = false;
    recorder_.Read([&](const History& history) {
      const Client& seen = history.clients[client];
      name = seen.name;
      embedded = seen.embedded;
      if (!seen.broken_line_texts.empty()) broken = seen.broken_line_texts.front();
    });
    names.push_back(name);
    if (embedded || names.size() > kClientsTold) continue;
    logs += LogExcerpt(names_.directory.log(name));
    const std::string event_log = names_.directory.event_log(name);
    if (!broken.empty()) {
      logs += "\n  its event log can't be read: " + broken;
    } else if (!std::filesystem::exists(event_log)) {
      logs += "\n  " + event_log + " (its {event_log}) is not there: it has written nothing";
    }
  }
  return fmt::format("{} had no stream after {:g} s: no event log tells of one, and no connection stood for a second{}",
                     NameList(names, kClientsTold), static_cast<double>(waited_ns) / 1e9, logs);
}

bool Run::WaitClientsConnected() {
  view_->OnStep("waiting until every client has its stream");
  const int64_t begin_ns = pipeline::MonotonicNs();
  while (!stopped()) {
    std::vector<size_t> without;
    int64_t late_within_ns = 0;
    for (const ClientPlan& plan : scenario_.clients) {
      if (plan.start || !HasServerAtStart(plan)) continue;
      const std::vector<size_t> its = WithoutStream(plan);
      without.insert(without.end(), its.begin(), its.end());
      const bool late = !its.empty() && pipeline::MonotonicNs() - begin_ns >= plan.ready_within_ns;
      if (late) late_within_ns = plan.ready_within_ns;
    }
    if (without.empty()) return true;
    for (const ProcessRole role : {ProcessRole::kServer, ProcessRole::kClient}) {
      const std::string ended = processes_.EndedByItself(role);
      if (!ended.empty()) throw EnvironmentError(ended + processes_.LogsOfUnready());
    }
    if (late_within_ns != 0) throw EnvironmentError(WithoutStreamText(without, late_within_ns));
    stop_.WaitUntil(pipeline::MonotonicNs() + kLookEveryNs);
  }
  return false;
}

}  // namespace harness
