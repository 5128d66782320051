// A valid scenario becomes exactly the plan it describes: the shipped ones, one with nothing optional, one with
// everything.
#include "harness/scenario/scenario_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/scenario/scenario_testing.h"

namespace harness {
namespace {

using ::testing::IsEmpty;

TEST(ScenarioFileTest, TheShippedScenariosLoad) {
  for (const char* name : {"smoke", "restart", "producer-kill", "burst", "poison-messages", "rolling-restart",
                           "failover", "fan-out", "thousand-subscribers", "ramp", "backlog-drain"}) {
    const Scenario scenario = MustLoad(LoadScenario(Shipped(std::string(name) + ".json")));
    EXPECT_EQ(scenario.name, name);
    EXPECT_FALSE(scenario.description.empty());
  }
}

TEST(ScenarioFileTest, PoisonIsOfTheKindsThatAreNamedOrAllThatAreSmall) {
  const Scenario scenario = MustLoad(LoadScenario(Shipped("poison-messages.json")));
  EXPECT_EQ(scenario.producers[0].poison.every, 0);
  EXPECT_EQ(scenario.producers[1].poison.every, 12);
  EXPECT_TRUE(scenario.expect.dead_letters);
  EXPECT_EQ(scenario.producers[1].poison.kinds.size(), 8u);
  const Scenario changed = MustLoad(
      LoadScenario(Shipped("poison-messages.json"), {.set = {R"(/producers/1/poison={"every": 5})"}, .seed = {}}));
  EXPECT_EQ(changed.producers[1].poison.every, 5);
  EXPECT_EQ(changed.producers[1].poison.kinds.size(), 7u);
}

TEST(ScenarioFileTest, RestartIsThePlanItDescribes) {
  const Scenario scenario = MustLoad(LoadScenario(Shipped("restart.json")));
  EXPECT_EQ(scenario.seed, 1u);
  EXPECT_EQ(scenario.broker.partitions, 4);
  ASSERT_EQ(scenario.servers.size(), 1u);
  ASSERT_EQ(scenario.clients.size(), 2u);
  EXPECT_EQ(scenario.clients[0].reconnect_delay_min_ns, 3'000'000'000);
  EXPECT_EQ(scenario.clients[0].reconnect_delay_max_ns, 3'000'000'000);
  EXPECT_EQ(scenario.clients[1].reconnect_delay_min_ns, 100'000'000);
  EXPECT_EQ(scenario.clients[1].reconnect_delay_max_ns, 500'000'000);
  const std::vector<std::string> arguments = {"--backoff", "100ms..500ms", "--attempts", "0"};
  EXPECT_EQ(scenario.clients[1].args, arguments);
  ASSERT_EQ(scenario.producers.size(), 1u);
  EXPECT_EQ(scenario.producers[0].kind, ProducerKind::kEmbedded);
  EXPECT_EQ(scenario.producers[0].records_per_payment_max, 3);
  ASSERT_EQ(scenario.phases.size(), 2u);
  EXPECT_FALSE(scenario.phases[0].measure);
  EXPECT_EQ(scenario.phases[1].duration_ns, 12'000'000'000);
  EXPECT_EQ(scenario.phases[1].rate_per_s, 500);
  EXPECT_EQ(scenario.phases[1].arrival, Arrival::kPoisson);
  ASSERT_EQ(scenario.faults.size(), 2u);
  EXPECT_EQ(scenario.faults[0].type, FaultType::kProcessKill);
  EXPECT_EQ(scenario.faults[0].trigger.phase, "steady");
  EXPECT_EQ(scenario.faults[0].trigger.after_ns, 1'000'000'000);
  EXPECT_EQ(scenario.faults[0].restart_after_ns, 500'000'000);
  EXPECT_EQ(scenario.faults[1].trigger.phase, "");
  EXPECT_EQ(scenario.faults[1].trigger.count_kind, CountKind::kDelivered);
  EXPECT_EQ(scenario.faults[1].trigger.count, 3500);
  EXPECT_EQ(scenario.drain_timeout_ns, 15'000'000'000);
  ASSERT_EQ(scenario.expect.thresholds.size(), 2u);
  EXPECT_EQ(scenario.expect.thresholds[1].quantile, 0.99);
}

TEST(ScenarioFileTest, BurstAndProducerKillAreThePlansTheyDescribe) {
  const Scenario burst = MustLoad(LoadScenario(Shipped("burst.json")));
  EXPECT_EQ(burst.broker.partitions, 16);
  EXPECT_EQ(burst.clients.size(), 2u);
  int bursts = 0;
  for (const PhasePlan& phase : burst.phases) {
    if (!phase.rate_max) continue;
    ++bursts;
    EXPECT_EQ(phase.count, 100'000);
    EXPECT_TRUE(phase.then_drained);
    EXPECT_EQ(phase.duration_ns, 0);
  }
  EXPECT_EQ(bursts, 3);

  const Scenario kill = MustLoad(LoadScenario(Shipped("producer-kill.json")));
  ASSERT_EQ(kill.producers.size(), 2u);
  EXPECT_EQ(kill.producers[1].kind, ProducerKind::kProcess);
  EXPECT_EQ(kill.faults[0].target, kill.producers[1].name);
  EXPECT_TRUE(kill.faults[0].restart_after_ns.has_value());
  EXPECT_EQ(kill.expect.thresholds[0].text, "client.reconnects == 0");
}

PhasePlan PhaseWith(const std::string& rate) {
  const Scenario scenario = MustLoad(ParseScenario("s.json", Replaced(kBase, R"("500/s")", rate)));
  return scenario.phases.at(0);
}

TEST(ScenarioFileTest, RatesMayChangeOverAPhase) {
  constexpr int64_t kSecondNs = 1'000'000'000;
  const PhasePlan ramp = PhaseWith(R"({"from": "100/s", "to": "500/s"})");
  ASSERT_EQ(ramp.rate_pieces.size(), 1u);
  EXPECT_EQ(ramp.rate_pieces[0].duration_ns, 2 * kSecondNs);
  EXPECT_EQ(ramp.rate_pieces[0].from_per_s, 100);
  EXPECT_EQ(ramp.rate_pieces[0].to_per_s, 500);
  EXPECT_EQ(RecordsPlanned(ramp), 600);

  const PhasePlan steps = PhaseWith(R"({"steps": ["10/s", "0/s", "40/s"]})");
  ASSERT_EQ(steps.rate_pieces.size(), 3u);
  EXPECT_EQ(steps.rate_pieces[1].duration_ns, 666'666'666);
  EXPECT_EQ(steps.rate_pieces[2].duration_ns, 666'666'668);
  EXPECT_EQ(steps.rate_pieces[2].from_per_s, 40);
  EXPECT_EQ(RateOf(steps).duration_s(), 2);

  const PhasePlan spike = PhaseWith(R"({"base": "10/s", "spike": "1000/s", "after": "0.5s", "for": "100ms"})");
  EXPECT_EQ(RecordsPlanned(spike), 19 + 100);
  EXPECT_EQ(RateOf(spike).peak_per_s(), 1000);
  EXPECT_TRUE(OffersLoad(spike));
  EXPECT_FALSE(OffersLoad(PhaseWith(R"({"steps": ["0/s"]})")));
}

TEST(ScenarioFileTest, AClosedLoopHasACountOrADuration) {
  const auto phase = [](const std::string& text) {
    return MustLoad(ParseScenario("s.json", Replaced(kBase, R"("duration": "2s", "rate": "500/s")", text))).phases[0];
  };
  const PhasePlan counted = phase(R"("in_flight": 20, "count": 500)");
  EXPECT_EQ(counted.in_flight, 20);
  EXPECT_EQ(counted.duration_ns, 0);
  EXPECT_EQ(RecordsPlanned(counted), 500);
  EXPECT_FALSE(HasSchedule(counted));
  const PhasePlan timed = phase(R"("in_flight": 20, "duration": "2s")");
  EXPECT_EQ(timed.count, 0);
  EXPECT_EQ(RecordsPlanned(timed), 2 * 20'000);
  EXPECT_EQ(RecordsPlanned(phase(R"("in_flight": 50000, "duration": "2s")")), 2 * 300'000);
}

TEST(ScenarioFileTest, RecordsMayHaveChosenKeysAndSizes) {
  const auto producer = [](const std::string& text) {
    return MustLoad(ParseScenario("s.json", Replaced(kBase, R"("load"})", R"("load", )" + text + "}"))).producers[0];
  };
  const KeyPlan zipf = producer(R"("keys": {"choice": "zipf", "count": 1000, "exponent": 1.1})").keys;
  EXPECT_EQ(zipf.choice, KeyChoice::kZipf);
  EXPECT_EQ(zipf.count, 1'000);
  EXPECT_EQ(zipf.exponent, 1.1);
  EXPECT_EQ(producer(R"("keys": {"choice": "hot", "count": 2, "share": 0.9})").keys.share, 0.9);
  EXPECT_EQ(producer(R"("poison": {"every": 9})").keys.choice, KeyChoice::kNew);
  const ValueSizePlan fixed = producer(R"("value_bytes": {"fixed": 2000})").value_size;
  EXPECT_EQ(fixed.bytes_min, 2'000);
  EXPECT_EQ(fixed.bytes_max, 2'000);
  const ValueSizePlan uniform = producer(R"("value_bytes": {"min": 600, "max": 700})").value_size;
  EXPECT_EQ(uniform.bytes_min, 600);
  EXPECT_EQ(uniform.bytes_max, 700);
  const ValueSizePlan drawn = producer(R"("value_bytes": {"median": 1000, "sigma": 0.5, "max": 9000})").value_size;
  EXPECT_EQ(drawn.median_bytes, 1'000);
  EXPECT_EQ(drawn.bytes_min, kValueBytesMin);
  EXPECT_EQ(drawn.sigma, 0.5);
}

TEST(ScenarioFileTest, ServersAndSubscribersComeAndGoAsPlanned) {
  std::string text = Replaced(kBase, R"("server-1"})", R"("server-1", "start": {"acked": 50}})");
  text = Replaced(text, R"("count": 2})",
                  R"("count": 2, "start": "steady", "start_over": "500ms", "stop": "steady+1s", "stop_over": "250ms",
                     "rpc": "SubscribePayments", "max_batch_events": 16})");
  const Scenario scenario = MustLoad(ParseScenario("s.json", text));
  ASSERT_TRUE(scenario.servers[0].start);
  EXPECT_EQ(scenario.servers[0].start->count, 50);
  const ClientPlan& crowd = scenario.clients[1];
  EXPECT_EQ(crowd.start_over_ns, 500'000'000);
  EXPECT_EQ(crowd.stop_over_ns, 250'000'000);
  EXPECT_EQ(crowd.rpc, ClientRpc::kSubscribe);
  EXPECT_EQ(crowd.batch_events_max, 16);
  EXPECT_EQ(scenario.clients[0].rpc, ClientRpc::kAny);
}

TEST(ScenarioFileTest, DefaultsAreThoseOfTheDocumentation) {
  const Scenario scenario = MustLoad(ParseScenario("s.json", kBase));
  EXPECT_EQ(scenario.seed, 1u);
  EXPECT_EQ(scenario.broker.brokers, 1);
  EXPECT_EQ(scenario.broker.partitions, 4);
  EXPECT_EQ(scenario.clients[0].kind, ClientKind::kProcess);
  EXPECT_TRUE(scenario.clients[0].resume_token);
  EXPECT_THAT(scenario.clients[0].servers, IsEmpty());
  EXPECT_EQ(scenario.producers[0].records_per_payment_min, 1);
  EXPECT_EQ(scenario.faults[0].name, "process.kill-1");
  EXPECT_FALSE(scenario.faults[0].restart_after_ns.has_value());
  EXPECT_EQ(scenario.expect.min_records, 1);
  EXPECT_EQ(scenario.expect.schedule_share, 0.95);
  EXPECT_EQ(scenario.expect.schedule_lag_max_ns, 100'000'000);
}

TEST(ScenarioFileTest, HowLongAndWithWhatAProgramEndsMayBeSaid) {
  Scenario scenario = MustLoad(ParseScenario("s.json", kBase));
  EXPECT_EQ(scenario.servers[0].ready_within_ns, 30'000'000'000);
  EXPECT_EQ(scenario.clients[0].ready_within_ns, 30'000'000'000);
  EXPECT_EQ(scenario.servers[0].end_within_ns, 10'000'000'000);
  EXPECT_THAT(scenario.servers[0].exit_codes, IsEmpty());
  std::string text = Replaced(kBase, R"("server-1"})",
                              R"("server-1", "timeouts": {"ready": "2m", "end": "20s"}, "exit_codes": [0, 143]})");
  text = Replaced(text, R"({"name": "fast"})", R"({"name": "fast", "timeouts": {"connected": "1m"}})");
  scenario = MustLoad(ParseScenario("s.json", text));
  EXPECT_EQ(scenario.servers[0].ready_within_ns, 120'000'000'000);
  EXPECT_EQ(scenario.servers[0].end_within_ns, 20'000'000'000);
  EXPECT_EQ(scenario.servers[0].exit_codes, (std::vector<int>{0, 143}));
  EXPECT_EQ(scenario.clients[0].ready_within_ns, 60'000'000'000);
  EXPECT_EQ(scenario.clients[0].end_within_ns, 10'000'000'000);
  text = Replaced(kBase, R"("drain")", R"("broker": {"command": ["kafka", "{port}"]}, "drain")");
  scenario = MustLoad(ParseScenario("s.json", text));
  EXPECT_EQ(scenario.broker.program.ready_within_ns, 90'000'000'000);
  EXPECT_EQ(scenario.broker.program.end_within_ns, 15'000'000'000);
}

TEST(ScenarioFileTest, AClientMayJoinLateAndLeaveEarly) {
  const Scenario scenario = MustLoad(ParseScenario(
      "s.json",
      Replaced(kBase, R"({"name": "fast"})", R"({"name": "fast", "start": "steady+500ms", "stop": {"acked": 70}})")));
  ASSERT_TRUE(scenario.clients[0].start);
  EXPECT_EQ(scenario.clients[0].start->phase, "steady");
  EXPECT_EQ(scenario.clients[0].start->after_ns, 500'000'000);
  ASSERT_TRUE(scenario.clients[0].stop);
  EXPECT_EQ(scenario.clients[0].stop->count_kind, CountKind::kAcked);
  EXPECT_EQ(scenario.clients[0].stop->count, 70);
}

TEST(ScenarioFileTest, AScenarioMayBringItsBrokerAndBreakIt) {
  const Scenario scenario = MustLoad(ParseScenario(
      "s.json", Replaced(Replaced(kBase, R"("target": "server-1")", R"("target": "broker")"), R"("drain")",
                         R"("broker": {"command": ["k", "{port}", "{directory}"], "env": {"A": "{scenario_directory}"},
                             "partitions": 7}, "drain")")));
  EXPECT_EQ(scenario.broker.program.name, "broker");
  EXPECT_EQ(scenario.broker.program.command, (std::vector<std::string>{"k", "{port}", "{directory}"}));
  EXPECT_EQ(scenario.broker.program.env.at("A"), "{scenario_directory}");
  EXPECT_EQ(scenario.broker.partitions, 7);
  EXPECT_EQ(scenario.faults[0].target, "broker");
}

TEST(ScenarioFileTest, EveryOptionReachesThePlan) {
  const Scenario scenario = MustLoad(ParseScenario("s.json", R"({
    "name": "all", "description": "d", "seed": 9007199254740991, "broker": {"brokers": 3, "partitions": 8},
    "servers": [{"name": "a", "command": ["./x", "--port={port}"], "env": {"A": "{brokers}"}, "cwd": "/tmp", "rss_max": "3GiB"}, {"name": "b", "journal": true}],
    "clients": [{"name": "one", "server": "a", "filter": {"provider": "paypal", "status": "refunded"}, "resume": "none",
                 "reconnect_delay_max": "7s", "command": ["c", "{servers}"], "args": ["{event_log}"]},
                {"name": "many", "kind": "embedded", "count": 3, "server": ["b", "a"], "reconnect_delay_max": "2s"},
                {"name": "told", "command": ["c"], "reconnect_delay_min": "40ms"},
                {"name": "eq", "args": ["--backoff=1s..2.5s"]}],
    "producers": [{"name": "load", "records_per_payment": {"min": 2, "max": 2}},
                  {"name": "p", "kind": "process", "start": "steady+500ms", "args": ["--count", "0"]}],
    "phases": [{"name": "steady", "duration": "2m", "rate": "0.5/s", "then": "drained", "measure": false},
               {"name": "m", "rate": "max", "count": 7}],
    "faults": [{"name": "stop", "type": "process.pause", "target": "one", "when": {"delivered@many-3": 5}, "duration": "3s"},
               {"type": "process.terminate", "target": "p", "at": "m+1h", "restart_after": "0s"}],
    "drain": {"timeout": "1m"},
    "expect": {"min_records": 9, "schedule": {"share": 0.5, "lag_max": "2ms"},
               "relaxed": [{"invariant": "LOG_DUP", "reason": "the broker repeats"}]}})"));
  EXPECT_EQ(scenario.seed, 9'007'199'254'740'991u);
  EXPECT_EQ(scenario.servers[0].command[1], "--port={port}");
  EXPECT_EQ(scenario.servers[0].env.at("A"), "{brokers}");
  EXPECT_EQ(scenario.servers[0].cwd, "/tmp");
  EXPECT_EQ(scenario.servers[0].rss_bytes_max, int64_t{3} << 30);
  EXPECT_EQ(scenario.servers[1].rss_bytes_max, 0);
  EXPECT_FALSE(scenario.servers[0].journal);
  EXPECT_TRUE(scenario.servers[1].journal);
  EXPECT_EQ(scenario.clients[0].servers, std::vector<std::string>{"a"});
  EXPECT_EQ(scenario.clients[0].filter.provider, pipeline::Provider::kPaypal);
  EXPECT_EQ(scenario.clients[0].filter.status, pipeline::PaymentStatus::kRefunded);
  EXPECT_FALSE(scenario.clients[0].resume_token);
  EXPECT_EQ(scenario.clients[0].reconnect_delay_max_ns, 7'000'000'000);
  EXPECT_EQ(ClientNames(scenario.clients[1]), (std::vector<std::string>{"many-1", "many-2", "many-3"}));
  EXPECT_EQ(scenario.clients[1].servers, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(scenario.clients[0].reconnect_delay_min_ns, 0);
  EXPECT_EQ(scenario.clients[1].reconnect_delay_min_ns, 2'000'000'000);
  EXPECT_EQ(scenario.clients[2].reconnect_delay_min_ns, 40'000'000);
  EXPECT_EQ(scenario.clients[3].reconnect_delay_min_ns, 1'000'000'000);
  EXPECT_EQ(scenario.clients[3].reconnect_delay_max_ns, 2'500'000'000);
  EXPECT_EQ(scenario.producers[0].records_per_payment_min, 2);
  EXPECT_EQ(scenario.producers[1].start, "steady+500ms");
  EXPECT_EQ(scenario.phases[0].duration_ns, 120'000'000'000);
  EXPECT_EQ(scenario.phases[0].rate_per_s, 0.5);
  EXPECT_TRUE(scenario.phases[0].then_drained);
  EXPECT_EQ(scenario.faults[0].trigger.client, "many-3");
  EXPECT_EQ(scenario.faults[0].duration_ns, 3'000'000'000);
  EXPECT_EQ(scenario.faults[1].name, "process.terminate-2");
  EXPECT_EQ(scenario.faults[1].restart_after_ns, 0);
  EXPECT_EQ(scenario.drain_timeout_ns, 60'000'000'000);
  EXPECT_EQ(scenario.expect.min_records, 9);
  EXPECT_EQ(scenario.expect.schedule_share, 0.5);
  EXPECT_EQ(scenario.expect.schedule_lag_max_ns, 2'000'000);
  EXPECT_EQ(scenario.expect.relaxed[0].invariant, "LOG_DUP");
}

}  // namespace
}  // namespace harness
