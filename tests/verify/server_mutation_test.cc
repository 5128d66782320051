// Break one thing in a pipeline whose server keeps a journal, and the right one is blamed: the server for what its
// journal shows that it did, the wire for the rest; and a stream that outlives its client is a zombie.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "harness/verify/server_evidence.h"
#include "tests/verify/mutation_testing.h"

namespace harness {
namespace {

ModelRun JournaledRun() {
  ModelPlan plan = FullPlan();
  plan.journal = true;
  ModelRun run = MakeRun(plan);
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  return run;
}

// A delivery behind which another one of its partition came on the same connection, of whose stream a journal is whole.
Victim JournaledVictim(const History& history) {
  const ServerEvidence servers(history);
  return OneOf(Victims(history, [&](const Client& client, const Delivery& delivery) {
    const auto i = static_cast<size_t>(&delivery - client.deliveries.data());
    if (!ByToken(client) || delivery.kind != DeliveryKind::kNew || delivery.sentinel) return false;
    const auto at = servers.Behind(client.connections[delivery.connection]);
    const auto next = Neighbour(client, i);
    if (!at || servers.IsCut(*at) || !next) return false;
    return servers.WrittenTo(*at, delivery.partition, client.deliveries[*next].offset).times > 0;
  }));
}

// As if it had never come, in whatever form.
void Forget(History* history, const Victim& victim) {
  auto& deliveries = history->clients[victim.client].deliveries;
  const Delivery gone = deliveries[victim.delivery];
  std::erase_if(deliveries, [&](const Delivery& delivery) {
    return delivery.partition == gone.partition && delivery.offset == gone.offset;
  });
}

Causes CausesOfLoss(const ModelRun& run, const Client& client, const Delivery& lost) {
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_LOG() << Sentences(verdict);
  for (const Violation& violation : Of(verdict, "LOST").violations) {
    if (violation.client != client.name || violation.offset != lost.offset) continue;
    if (violation.partition == lost.partition) return violation.causes;
  }
  RC_FAIL("nothing is lost");
  return Cause::kHarness;
}

RC_GTEST_PROP(ServerMutationTest, WhatTheServerWroteAndTheClientLacksWasLostOnTheWire, ()) {
  ModelRun run = JournaledRun();
  const Victim victim = JournaledVictim(run.history);
  const Client& client = run.history.clients[victim.client];
  const Delivery lost = client.deliveries[victim.delivery];
  Forget(&run.history, victim);
  const Causes causes = CausesOfLoss(run, client, lost);
  RC_ASSERT(causes == kBehindServer || (causes == Cause::kClient && Claimed(client, lost.partition, lost.offset)));
}

RC_GTEST_PROP(ServerMutationTest, WhatTheServerNeverWroteIsTheServersLoss, ()) {
  ModelRun run = JournaledRun();
  const Victim victim = JournaledVictim(run.history);
  const Client& client = run.history.clients[victim.client];
  const Delivery lost = client.deliveries[victim.delivery];
  Forget(&run.history, victim);
  std::erase_if(run.history.servers[0].events, [&](const ServerEvent& event) {
    return event.kind == ServerEventKind::kWrote && event.partition == lost.partition && event.offset == lost.offset;
  });
  const Causes causes = CausesOfLoss(run, client, lost);
  RC_ASSERT(causes == Cause::kServer || (causes == Cause::kClient && Claimed(client, lost.partition, lost.offset)));
}

// Whatever is broken: what is missing for good has one story, whichever invariant tells it.
RC_GTEST_PROP(ServerMutationTest, OneRecordHasOneStory, ()) {
  ModelPlan plan = FullPlan();
  plan.journal = *rc::gen::arbitrary<bool>();
  ModelRun run = MakeRun(plan);
  for (Client& client : run.history.clients) {
    client.program = OneOf(std::vector<std::string>{"a", "b"});
    const auto every = *rc::gen::inRange<size_t>(2, 12);
    const auto from = *rc::gen::inRange<size_t>(0, 12);
    size_t i = from;
    std::erase_if(client.deliveries, [&](const Delivery&) { return ++i % every == 0; });
    for (size_t j = 0; j + 1 < client.deliveries.size() && j < 3; ++j) {
      if (*rc::gen::arbitrary<bool>()) Exchange(&client.deliveries[j], &client.deliveries[j + 1]);
    }
    for (const Connection& connection : client.connections) {
      if (!*rc::gen::arbitrary<bool>() || !connection.has_start) continue;
      const auto index = static_cast<uint32_t>(&connection - client.connections.data());
      const auto at =
          static_cast<uint64_t>(std::count_if(client.deliveries.begin(), client.deliveries.end(),
                                              [&](const Delivery& seen) { return seen.connection <= index; }));
      client.bookmarks.push_back({.time_ns = connection.ended_ns,
                                  .offset = *rc::gen::inRange(0, 20),
                                  .deliveries = at,
                                  .partition = 0,
                                  .connection = index});
    }
  }
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_LOG() << Sentences(verdict);
  std::map<std::tuple<std::string, int32_t, int64_t>, Causes> stories;
  for (const Violation& lost : Of(verdict, "LOST").violations) {
    stories[{lost.client, lost.partition, lost.offset}] = lost.causes;
  }
  for (const char* invariant : {"SKIP", "RESUME", "BOOKMARK", "ORDER", "LIVE"}) {
    for (const Violation& violation : Of(verdict, invariant).violations) {
      const auto story = stories.find({violation.client, violation.partition, violation.offset});
      if (story == stories.end()) continue;  // RC_ASSERT evaluates both sides of ||
      RC_ASSERT(story->second == violation.causes);
    }
  }
}

RC_GTEST_PROP(ServerMutationTest, WhatTheServerSwappedIsTheServersDisorder, ()) {
  ModelRun run = JournaledRun();
  const Victim victim = JournaledVictim(run.history);
  Client& client = run.history.clients[victim.client];
  Delivery& first = client.deliveries[victim.delivery];
  Delivery& second = client.deliveries[*Neighbour(client, victim.delivery)];
  const bool by_server = *rc::gen::arbitrary<bool>();
  if (by_server) {
    const ServerEvidence servers(run.history);
    const size_t stream = servers.Behind(client.connections[first.connection])->stream;
    for (ServerEvent& event : run.history.servers[0].events) {
      if (event.kind != ServerEventKind::kWrote || event.owner != stream) continue;
      if (event.partition != first.partition) continue;
      if (event.offset == first.offset) {
        event.offset = second.offset;
      } else if (event.offset == second.offset) {
        event.offset = first.offset;
      }
    }
  }
  Exchange(&first, &second);
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_LOG() << Sentences(verdict);
  const CheckResult order = Of(verdict, "ORDER");
  RC_ASSERT(order.violation_count == 1);
  RC_ASSERT(order.violations[0].causes == (by_server ? Causes(Cause::kServer) : kBehindServer));
}

RC_GTEST_PROP(ServerMutationTest, AStreamThatOutlivesItsClientIsAZombie, ()) {
  ModelRun run = JournaledRun();
  History& history = run.history;
  struct Past {
    std::string client;
    ServerEvidence::Stream at;
    int64_t over_ns = 0;
  };
  const ServerEvidence servers(history);
  std::vector<Past> pasts;
  for (const Client& client : history.clients) {
    for (size_t i = 0; i + 1 < client.connections.size(); ++i) {
      const auto at = servers.Behind(client.connections[i]);
      if (!at || servers.IsCut(*at)) continue;
      pasts.push_back({client.name, *at, client.connections[i + 1].started_ns});
    }
  }
  const Past& past = OneOf(pasts);
  const bool in_time = *rc::gen::arbitrary<bool>();
  history.servers[0].events.push_back({.time_ns = past.over_ns + JudgeOptions().zombie_settle_ns + (in_time ? 0 : 1),
                                       .offset = 0,
                                       .partition = 0,
                                       .owner = static_cast<uint32_t>(past.at.stream),
                                       .kind = ServerEventKind::kWrote});
  const Verdict verdict = Judge(history, run.scenario);
  RC_LOG() << Sentences(verdict);
  RC_ASSERT(Violated(verdict) == (in_time ? Names{} : Names{"ZOMBIE"}));
  if (in_time) return;
  RC_ASSERT(Of(verdict, "ZOMBIE").violation_count == 1);
  RC_ASSERT(Of(verdict, "ZOMBIE").violations[0].client == past.client);
  RC_ASSERT(Of(verdict, "ZOMBIE").violations[0].causes == Cause::kServer);
}

}  // namespace
}  // namespace harness
