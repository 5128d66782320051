// Break what holds between two things: two streams, a token and a stream, a send and the log, an end and the next
// attempt. Exactly the right checker speaks, naming the right record and the right cause.
#include <algorithm>
#include <utility>
#include <vector>

#include "harness/verify/log_index.h"
#include "harness/verify/producer_faults.h"
#include "tests/verify/mutation_testing.h"
#include "tests/verify/topic_model.h"

namespace harness {
namespace {

bool IsDroppedSomewhere(const Client& client, const Delivery& of) {
  return std::any_of(client.deliveries.begin(), client.deliveries.end(), [&](const Delivery& delivery) {
    return delivery.kind == DeliveryKind::kDropped && delivery.partition == of.partition &&
           delivery.offset == of.offset;
  });
}

size_t IndexOf(const Client& client, const Delivery& delivery) {
  return static_cast<size_t>(&delivery - client.deliveries.data());
}

ModelPlan PlanWithKills() {
  ModelPlan plan = FullPlan();
  plan.server_kills = *rc::gen::inRange(1, 3);
  return plan;
}

RC_GTEST_PROP(SeamMutationTest, WhatOneStreamLeavesOutAndALaterOneBringsIsASkip, ()) {
  ModelRun run = MakeRun(PlanWithKills());
  const Victim victim = OneOf(Victims(run.history, [](const Client& client, const Delivery& delivery) {
    return ByToken(client) && delivery.kind == DeliveryKind::kNew && !delivery.sentinel &&
           delivery.connection + 1 < client.connections.size() && Neighbour(client, IndexOf(client, delivery)) &&
           !IsDroppedSomewhere(client, delivery);
  }));
  Expected expected = About(run.history, victim, "SKIP", {kDeliveryHops});
  expected.violated = {"ORDER", "SKIP"};
  Client& client = run.history.clients[victim.client];
  Delivery moved = client.deliveries[victim.delivery];
  client.deliveries.erase(client.deliveries.begin() + static_cast<std::ptrdiff_t>(victim.delivery));
  RC_PRE(StreamsThatJumped(run.history, victim.client, moved.partition, moved.offset) == 0);
  moved.connection = client.deliveries.back().connection;
  moved.time_ns = client.deliveries.back().time_ns;
  client.deliveries.push_back(moved);
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(SeamMutationTest, AStreamThatDoesNotBeginWhereItsTokenEndsHasJumped, ()) {
  ModelRun run = MakeRun(PlanWithKills());
  const Victim victim = OneOf(Victims(run.history, [](const Client& client, const Delivery& delivery) {
    const size_t index = IndexOf(client, delivery);
    const bool first =
        std::none_of(client.deliveries.begin(), client.deliveries.begin() + static_cast<std::ptrdiff_t>(index),
                     [&](const Delivery& before) {
                       return before.connection == delivery.connection && before.partition == delivery.partition;
                     });
    return ByToken(client) && client.connections[delivery.connection].resumed && first && !delivery.sentinel &&
           delivery.kind == DeliveryKind::kNew && Neighbour(client, index) && !IsDroppedSomewhere(client, delivery);
  }));
  Client& client = run.history.clients[victim.client];
  // The stream began where it was asked to, so that the client may have lost what came first.
  Expected expected = About(run.history, victim, "RESUME", {kDeliveryHops});
  expected.violated = {"LOST", "RESUME"};
  client.deliveries.erase(client.deliveries.begin() + static_cast<std::ptrdiff_t>(victim.delivery));
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  ExpectVerdict(run, expected);
}

// An acknowledged send, where the log has its only record, and where no fault has met it.
struct Placed {
  Rec rec;
  LogPlace place = kNoPlace;
};

std::vector<Placed> PlacedSends(const ModelRun& run, const LogIndex& log, size_t producer) {
  const JudgeOptions options;
  const ClientViews clients(run.history, log);
  const ServerEvidence servers(run.history);
  const Damage damage(run.history);
  const Evidence evidence{run.history, run.scenario, log, clients, servers, damage, options};
  std::vector<Placed> placed;
  const auto& sends = run.history.producers[producer].sends;
  for (size_t i = 0; i < sends.size(); ++i) {
    const Rec rec = Rec::Make(static_cast<uint16_t>(producer), i + 1);
    const auto places = log.Places(rec);
    if (sends[i].outcome != Outcome::kOk || places.size() != 1) continue;
    const int64_t end_ns = std::max(sends[i].acked_ns, log.record(places[0]).seen_ns);
    if (FaultOfProducer(evidence, producer, sends[i].sent_ns, end_ns) == nullptr) placed.push_back({rec, places[0]});
  }
  return placed;
}

Causes CausesOfProducer(size_t producer) {
  return producer == 0 ? Causes(Cause::kBroker) : Causes{Cause::kProducer, Cause::kBroker};
}

RC_GTEST_PROP(SeamMutationTest, ARecordThatStandsInTheLogAgainWithoutAReasonIsALogDup, ()) {
  ModelRun run = MakeRun(FullPlan());
  const size_t producer = *rc::gen::inRange<size_t>(0, 2);
  const LogIndex log(run.history);
  const Placed original = OneOf(PlacedSends(run, log, producer));
  LogRecord copy = log.record(original.place);
  const int32_t partition = log.partition(original.place);
  PartitionLog& into = run.history.partitions[static_cast<size_t>(partition)];
  copy.offset = into.end_offset++;
  into.records.push_back(copy);
  ExpectVerdict(run, {{"LOG_DUP"}, "LOG_DUP", {CausesOfProducer(producer)}, "", partition, copy.offset});
  FaultEvent& fault = run.history.faults.emplace_back();
  fault.target = "broker-1";
  fault.struck_ns = copy.seen_ns;
  fault.effective = true;
  RC_ASSERT(Violated(Judge(run.history, run.scenario)).empty());
}

// Two sends, one after the other in their partition, change their numbers: the log then has the later before the
// earlier.
RC_GTEST_PROP(SeamMutationTest, ARecordThatOvertookAnotherWithoutAReasonIsOutOfSendOrder, ()) {
  ModelRun run = MakeRun(FullPlan());
  const size_t producer = *rc::gen::inRange<size_t>(0, 2);
  const LogIndex log(run.history);
  const std::vector<Placed> placed = PlacedSends(run, log, producer);
  std::vector<std::pair<Placed, Placed>> pairs;
  for (size_t i = 0; i + 1 < placed.size(); ++i) {
    // Neighbours as numbers too, so that no fault and no other send lies between them.
    const bool next = placed[i].rec.sequence() + 1 == placed[i + 1].rec.sequence();
    if (next && log.partition(placed[i].place) == log.partition(placed[i + 1].place)) {
      pairs.emplace_back(placed[i], placed[i + 1]);
    }
  }
  const auto [first, second] = OneOf(pairs);
  const auto renumber = [a = first.rec, b = second.rec](Rec* rec) {
    if (*rec == a) {
      *rec = b;
    } else if (*rec == b) {
      *rec = a;
    }
  };
  const int32_t partition = log.partition(first.place);
  const int64_t offset = log.record(first.place).offset;
  auto& sends = run.history.producers[producer].sends;
  std::swap(sends[first.rec.sequence() - 1], sends[second.rec.sequence() - 1]);
  for (LogRecord& record : run.history.partitions[static_cast<size_t>(partition)].records) renumber(&record.rec);
  for (Client& client : run.history.clients) {
    for (Delivery& delivery : client.deliveries) renumber(&delivery.rec);
  }
  ExpectVerdict(run, {{"SEND_ORDER"}, "SEND_ORDER", {CausesOfProducer(producer)}, "", partition, offset});
}

// A client that has an end to try again after, and its first connection that has.
struct Ended {
  size_t client = 0;
  size_t connection = 0;
};
std::vector<Ended> EndsWithSuccessor(const History& history) {
  std::vector<Ended> ends;
  for (size_t c = 0; c < history.clients.size(); ++c) {
    const auto& connections = history.clients[c].connections;
    for (size_t i = 0; i + 1 < connections.size(); ++i) {
      if (history.clients[c].observed && connections[i].ended_ns != 0) ends.push_back({c, i});
    }
  }
  return ends;
}

RC_GTEST_PROP(SeamMutationTest, AStormOfAttemptsKeepsNoBackoff, ()) {
  ModelRun run = MakeRun(PlanWithKills());
  const Ended end = OneOf(EndsWithSuccessor(run.history));
  Client& client = run.history.clients[end.client];
  client.reconnect_delay_min_ns = ModelWorld::kTick;
  const int attempts = *rc::gen::inRange(1, 50);
  for (int i = 1; i <= attempts; ++i) {
    const int64_t time_ns = client.connections[end.connection].ended_ns + ModelWorld::kTick * i / 100;
    client.attempts.push_back({time_ns, 14, "refused"});
  }
  ExpectVerdict(run, {{"BACKOFF"}, "BACKOFF", {Cause::kClient}, client.name, -1, -1});
}

RC_GTEST_PROP(SeamMutationTest, ACodeThatIsNotRetriedAndWasKeepsNoBackoff, ()) {
  ModelRun run = MakeRun(PlanWithKills());
  const Ended end = OneOf(EndsWithSuccessor(run.history));
  Client& client = run.history.clients[end.client];
  client.connections[end.connection].code = *rc::gen::element(3, 7, 16);
  ExpectVerdict(run, {{"BACKOFF"}, "BACKOFF", {Cause::kClient}, client.name, -1, -1});
}

}  // namespace
}  // namespace harness
