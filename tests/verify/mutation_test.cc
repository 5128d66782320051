// Break one thing that a client received, and exactly the right checker speaks: naming the right record and the right
// cause.
#include <algorithm>
#include <optional>
#include <vector>

#include "harness/verify/client_view.h"
#include "harness/verify/log_index.h"
#include "tests/verify/mutation_testing.h"

namespace harness {
namespace {

RC_GTEST_PROP(MutationTest, AClientThatMissesOneRecordHasLostIt, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const Victim victim = OneOf(Victims(history, [](const Client& client, const Delivery& delivery) {
    return ByToken(client) && delivery.kind == DeliveryKind::kNew && !delivery.sentinel;
  }));
  Expected expected = About(history, victim, "LOST", {kDeliveryHops, Cause::kServer});
  auto& deliveries = history.clients[victim.client].deliveries;
  deliveries.erase(deliveries.begin() + static_cast<std::ptrdiff_t>(victim.delivery));
  // Its drops of the same record would be received again: not this bug.
  std::erase_if(deliveries, [&](const Delivery& delivery) {
    return delivery.kind == DeliveryKind::kDropped && delivery.partition == expected.partition &&
           delivery.offset == expected.offset;
  });
  const int64_t jumped = StreamsThatJumped(history, victim.client, expected.partition, expected.offset);
  if (jumped > 0) expected.violated.insert("RESUME");
  if (Claimed(history.clients[victim.client], expected.partition, expected.offset)) {
    expected.causes.insert(Cause::kClient);
  }
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  ExpectVerdict(run, expected);
  RC_ASSERT(Of(Judge(history, run.scenario), "RESUME").violation_count == jumped);
}

// Two clients that lack the same record are two witnesses only when they are different programs.
RC_GTEST_PROP(MutationTest, ARecordThatNoClientGotIsTheServersLossWhenTheyAreDifferentPrograms, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const bool different = *rc::gen::arbitrary<bool>();
  for (size_t i = 0; i < history.clients.size(); ++i) {
    history.clients[i].program = different ? "program-" + std::to_string(i) : "program";
  }
  const Victim victim = OneOf(Victims(history, [](const Client& client, const Delivery& delivery) {
    return ByToken(client) && HasPosition(delivery) && delivery.kind == DeliveryKind::kNew && !delivery.sentinel;
  }));
  const Expected expected = About(history, victim, "LOST", {});
  const Rec rec = history.clients[victim.client].deliveries[victim.delivery].rec;
  const uint64_t content_hash = history.clients[victim.client].deliveries[victim.delivery].content_hash;
  int owed = 0;
  int64_t jumped = 0;
  for (size_t i = 0; i < history.clients.size(); ++i) {
    Client& client = history.clients[i];
    if (!client.observed) continue;
    const bool has_positions = std::all_of(client.deliveries.begin(), client.deliveries.end(), HasPosition);
    const auto erased = std::erase_if(client.deliveries, [&](const Delivery& delivery) {
      return delivery.offset >= 0 ? delivery.partition == expected.partition && delivery.offset == expected.offset
             : rec.has_value()    ? delivery.rec == rec
                                  : delivery.content_hash == content_hash;
    });
    if (erased == 0) continue;
    // Without positions another record of the same rec may be lost with it.
    RC_PRE(has_positions);
    ++owed;
    jumped += StreamsThatJumped(history, i, expected.partition, expected.offset);
  }
  RC_PRE(owed >= 2);
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  const Verdict verdict = Judge(history, run.scenario);
  RC_LOG() << Sentences(verdict);
  RC_ASSERT(Violated(verdict) == (jumped > 0 ? Names{"LOST", "RESUME"} : Names{"LOST"}));
  const CheckResult lost = Of(verdict, "LOST");
  const bool by_two = different && lost.violation_count >= 2;
  for (const Violation& violation : lost.violations) {
    const auto client = std::find_if(history.clients.begin(), history.clients.end(),
                                     [&](const Client& candidate) { return candidate.name == violation.client; });
    const bool claimed = Claimed(*client, expected.partition, expected.offset);
    RC_ASSERT(violation.causes == (by_two ? Causes(Cause::kServer) : kDeliveryHops) ||
              (claimed && violation.causes == Cause::kClient));
  }
}

RC_GTEST_PROP(MutationTest, ARecordHandedOnTwiceIsADup, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const Victim victim =
      OneOf(Victims(history, [](const Client&, const Delivery& delivery) { return HasPosition(delivery); }));
  Client& client = history.clients[victim.client];
  // On the same stream anybody; on a later one the client, if it asked for it again.
  Expected expected = About(history, victim, "DUP", {kDeliveryHops});
  Delivery again = client.deliveries[victim.delivery];
  // A repeat that a stream had declared would be one more on the same connection.
  RC_PRE(std::none_of(client.deliveries.begin(), client.deliveries.end(), [&](const Delivery& delivery) {
    return delivery.kind == DeliveryKind::kDropped && delivery.partition == expected.partition &&
           delivery.offset == expected.offset;
  }));
  size_t at = *rc::gen::inRange(victim.delivery + 1, client.deliveries.size() + 1);
  if (!ByToken(client)) at = victim.delivery + 1;  // a life of its own: on the same connection
  again.connection = client.deliveries[at - 1].connection;
  again.time_ns = client.deliveries[at - 1].time_ns;
  const Connection& stream = client.connections[again.connection];
  const bool asked_again = again.connection != client.deliveries[victim.delivery].connection && stream.resumed &&
                           !stream.sent.empty() && StartOf(stream.sent, again.partition).after < again.offset;
  if (asked_again) expected.causes = {Cause::kClient};
  client.deliveries.insert(client.deliveries.begin() + static_cast<std::ptrdiff_t>(at), again);
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, ARecordWithoutPositionMoreOftenThanTheLogHoldsItIsADup, ()) {
  ModelPlan plan = FullPlan();
  plan.foreign = true;
  ModelRun run = MakeRun(plan);
  History& history = run.history;
  const Victim victim = OneOf(Victims(history, [](const Client&, const Delivery& delivery) {
    return !HasPosition(delivery) && delivery.rec.has_value();
  }));
  Client& client = history.clients[victim.client];
  const Delivery again = client.deliveries[victim.delivery];
  const LogIndex log(history);
  const auto held = static_cast<std::ptrdiff_t>(log.Places(again.rec).size());
  client.deliveries.insert(client.deliveries.begin() + static_cast<std::ptrdiff_t>(victim.delivery),
                           static_cast<size_t>(held), again);
  const Verdict verdict = Judge(history, run.scenario);
  RC_LOG() << Sentences(verdict);
  RC_ASSERT(Violated(verdict) == Names{"DUP"});
  RC_ASSERT(Of(verdict, "DUP").violations.at(0).rec == again.rec);
  RC_ASSERT(Of(verdict, "DUP").violations.at(0).causes == kDeliveryHops);
}

RC_GTEST_PROP(MutationTest, SwappedNeighboursAreOutOfOrder, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const Victim victim = OneOf(Victims(history, [](const Client& client, const Delivery& delivery) {
    return HasPosition(delivery) && Neighbour(client, static_cast<size_t>(&delivery - client.deliveries.data()));
  }));
  const Expected expected = About(history, victim, "ORDER", {kDeliveryHops});
  Client& client = history.clients[victim.client];
  Exchange(&client.deliveries[victim.delivery], &client.deliveries[*Neighbour(client, victim.delivery)]);
  run.scenario.expect.relaxed.push_back({"WELL_FORMED", "a time that came with its neighbour"});
  ExpectVerdict(run, expected);
}

// What our own client does with them: it drops the one that comes late.
RC_GTEST_PROP(MutationTest, SwappedNeighboursOfWhichOneIsDroppedAreOutOfOrderAndALoss, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const Victim victim = OneOf(Victims(history, [](const Client& client, const Delivery& delivery) {
    const auto i = static_cast<size_t>(&delivery - client.deliveries.data());
    return ByToken(client) && delivery.kind == DeliveryKind::kNew && !delivery.sentinel && Neighbour(client, i);
  }));
  Expected expected = About(history, victim, "ORDER", {kDeliveryHops});
  expected.violated = {"ORDER", "LOST"};
  Client& client = history.clients[victim.client];
  const size_t later = *Neighbour(client, victim.delivery);
  Exchange(&client.deliveries[victim.delivery], &client.deliveries[later]);
  Delivery& dropped = client.deliveries[later];
  dropped.kind = DeliveryKind::kDropped;
  dropped.rec = {};
  dropped.content_hash = dropped.id_hash = 0;
  std::erase_if(client.deliveries, [&](const Delivery& delivery) {
    return &delivery != &dropped && delivery.kind == DeliveryKind::kDropped &&
           delivery.partition == expected.partition && delivery.offset == expected.offset;
  });
  // A later stream that had only dropped it begins beyond it now.
  if (StreamsThatJumped(history, victim.client, expected.partition, expected.offset) > 0) {
    expected.violated.insert("RESUME");
  }
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  run.scenario.expect.relaxed.push_back({"WELL_FORMED", "a time that came with its neighbour"});
  ExpectVerdict(run, expected);
  expected.invariant = "LOST";
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, ChangedContentDisagrees, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Victim victim = OneOf(Victims(run.history, [](const Client&, const Delivery& delivery) {
    return delivery.rec.has_value() && HasPosition(delivery);
  }));
  const Expected expected = About(run.history, victim, "AGREE", {kDeliveryHops});
  Delivery& delivery = run.history.clients[victim.client].deliveries[victim.delivery];
  const int what = *rc::gen::inRange(0, 3);
  if (what == 0) delivery.content_hash ^= 2;
  if (what == 1) delivery.rec = Rec::Make(0, delivery.rec.sequence() + 1'000'000);
  if (what == 2) {
    delivery.crc32c = run.history.partitions[static_cast<size_t>(delivery.partition)].Find(delivery.offset)->crc32c ^ 2;
  }
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "another rec is not acknowledged"});
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, SwappedContentsDisagreeTwice, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Victim victim = OneOf(Victims(run.history, [](const Client& client, const Delivery& delivery) {
    return HasPosition(delivery) && delivery.content_hash != client.deliveries.back().content_hash;
  }));
  Expected expected = About(run.history, victim, "AGREE", {kDeliveryHops});
  expected.count = 2;
  Client& client = run.history.clients[victim.client];
  RC_PRE(client.deliveries.back().kind != DeliveryKind::kDropped);
  Delivery& delivery = client.deliveries[victim.delivery];
  std::swap(delivery.rec, client.deliveries.back().rec);
  std::swap(delivery.content_hash, client.deliveries.back().content_hash);
  std::swap(delivery.id_hash, client.deliveries.back().id_hash);
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "the sentinel does not count"});
  run.scenario.expect.relaxed.push_back({"WELL_FORMED", "the sentinel's content comes before it was sent"});
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, APaymentFromNowhereIsAPhantom, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Victim victim =
      OneOf(Victims(run.history, [](const Client&, const Delivery& delivery) { return HasPosition(delivery); }));
  Client& client = run.history.clients[victim.client];
  Delivery phantom = client.deliveries.back();
  phantom.partition = client.deliveries[victim.delivery].partition;
  phantom.offset = run.history.partitions[static_cast<size_t>(phantom.partition)].end_offset + 5;
  phantom.rec = {};
  client.deliveries.push_back(phantom);
  ExpectVerdict(run, {{"PHANTOM"}, "PHANTOM", {kDeliveryHops}, client.name, phantom.partition, phantom.offset});
}

RC_GTEST_PROP(MutationTest, ARecordThatTheFilterExcludesIsAPhantom, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  // Every record at or beyond the first that the client got in its partition, and that it did not want.
  struct Leak {
    size_t client = 0;
    int32_t partition = 0;
    LogRecord record;
  };
  std::vector<Leak> leaks;
  for (size_t c = 0; c < history.clients.size(); ++c) {
    for (int32_t p = 0; p < static_cast<int32_t>(history.partitions.size()); ++p) {
      for (const LogRecord& record : history.partitions[static_cast<size_t>(p)].records) {
        if (!history.clients[c].observed || !record.valid || !ByToken(history.clients[c])) continue;
        if (!history.clients[c].filter.Matches(record.provider, record.status)) leaks.push_back({c, p, record});
      }
    }
  }
  const Leak leak = OneOf(leaks);
  Client& client = history.clients[leak.client];
  const auto at = std::find_if(client.deliveries.begin(), client.deliveries.end(), [&](const Delivery& delivery) {
    return delivery.kind != DeliveryKind::kDropped && delivery.partition == leak.partition &&
           delivery.offset > leak.record.offset;
  });
  RC_PRE(at != client.deliveries.end());
  Delivery leaked = *at;
  leaked.offset = leak.record.offset;
  leaked.rec = leak.record.rec;
  leaked.content_hash = leak.record.content_hash;
  leaked.crc32c = leak.record.crc32c;
  leaked.sentinel = false;
  client.deliveries.insert(at, leaked);
  ExpectVerdict(run, {{"PHANTOM"}, "PHANTOM", {kDeliveryHops}, client.name, leak.partition, leak.record.offset});
}

}  // namespace
}  // namespace harness
