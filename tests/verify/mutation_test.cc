// Break one thing in a legal history, and exactly the right checker speaks: naming the right record and the right
// cause.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "harness/verify/client_view.h"
#include "harness/verify/log_index.h"
#include "tests/verify/verify_testing.h"

namespace harness {
namespace {

using Names = std::set<std::string>;

// What the verdict has to say.
struct Expected {
  Names violated;          // these invariants and no other
  std::string invariant;   // the one that names the record
  std::set<Cause> causes;  // any of these
  std::string client;
  int32_t partition = -1;
  int64_t offset = -1;
  int64_t count = 1;
};

ModelPlan FullPlan() {
  return *rc::gen::build<ModelPlan>(rc::gen::set(&ModelPlan::seed, rc::gen::arbitrary<uint64_t>()),
                                    rc::gen::set(&ModelPlan::partitions, rc::gen::inRange(1, 4)),
                                    rc::gen::set(&ModelPlan::records, rc::gen::inRange(20, 60)),
                                    rc::gen::set(&ModelPlan::clients, rc::gen::inRange(1, 4)),
                                    rc::gen::set(&ModelPlan::server_kills, rc::gen::inRange(0, 3)),
                                    rc::gen::set(&ModelPlan::foreign, rc::gen::arbitrary<bool>()));
}

template <typename T>
const T& OneOf(const std::vector<T>& candidates) {
  RC_PRE(!candidates.empty());
  return candidates[*rc::gen::inRange<size_t>(0, candidates.size())];
}

void ExpectVerdict(const ModelRun& run, const Expected& expected) {
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_LOG() << "expected " << expected.invariant << " for client " << expected.client << " partition "
           << expected.partition << " offset " << expected.offset << "\n"
           << Sentences(verdict);
  RC_ASSERT(Violated(verdict) == expected.violated);
  RC_ASSERT(verdict.exit_code == 1);
  const CheckResult result = Of(verdict, expected.invariant);
  RC_ASSERT(result.violation_count == expected.count);
  const Violation& violation = result.violations.at(0);
  RC_ASSERT(violation.client == expected.client);
  RC_ASSERT(violation.partition == expected.partition);
  RC_ASSERT(violation.offset == expected.offset);
  RC_ASSERT(expected.causes.contains(violation.cause));
}

struct Victim {
  size_t client = 0;
  size_t delivery = 0;
};

// The deliveries, of any client, that `is_fit` finds fit.
template <typename IsFit>
std::vector<Victim> Victims(const History& history, IsFit is_fit) {
  std::vector<Victim> victims;
  for (size_t c = 0; c < history.clients.size(); ++c) {
    const auto& deliveries = history.clients[c].deliveries;
    for (size_t i = 0; i < deliveries.size(); ++i) {
      const bool handed_on = deliveries[i].kind != DeliveryKind::kDropped;
      if (handed_on && is_fit(history.clients[c], deliveries[i])) victims.push_back({c, i});
    }
  }
  return victims;
}

Expected About(const History& history, const Victim& victim, const std::string& invariant, std::set<Cause> causes) {
  const Client& client = history.clients[victim.client];
  const Delivery& delivery = client.deliveries[victim.delivery];
  return {{invariant}, invariant, std::move(causes), client.name, delivery.partition, delivery.offset};
}

bool ByToken(const Client& client) { return client.resume == ResumeMode::kToken; }
bool HasPosition(const Delivery& delivery) { return delivery.offset >= 0; }

// The next delivery of the same partition on the same connection, if it is of the same kind.
std::optional<size_t> Neighbour(const Client& client, size_t delivery) {
  const auto& deliveries = client.deliveries;
  for (size_t i = delivery + 1; i < deliveries.size(); ++i) {
    if (deliveries[i].connection != deliveries[delivery].connection) return std::nullopt;
    if (deliveries[i].partition != deliveries[delivery].partition) continue;
    // The first new record marks the end of the snapshot: moving it would change what may be missing of that.
    return deliveries[i].kind == deliveries[delivery].kind ? std::optional(i) : std::nullopt;
  }
  return std::nullopt;
}

// Exchanges what came, not when.
void Exchange(Delivery* a, Delivery* b) {
  std::swap(*a, *b);
  std::swap(a->time_ns, b->time_ns);
  std::swap(a->connection, b->connection);
}

RC_GTEST_PROP(MutationTest, AClientThatMissesOneRecordHasLostIt, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const Victim victim = OneOf(Victims(history, [](const Client& client, const Delivery& delivery) {
    return ByToken(client) && delivery.kind == DeliveryKind::kNew && !delivery.sentinel;
  }));
  const Expected expected = About(history, victim, "LOST", {Cause::kServerOrWire, Cause::kServer});
  auto& deliveries = history.clients[victim.client].deliveries;
  deliveries.erase(deliveries.begin() + static_cast<std::ptrdiff_t>(victim.delivery));
  // Its drops of the same record would be received again: not this bug.
  std::erase_if(deliveries, [&](const Delivery& delivery) {
    return delivery.kind == DeliveryKind::kDropped && delivery.partition == expected.partition &&
           delivery.offset == expected.offset;
  });
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, ARecordThatNoClientGotIsTheServersLoss, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const Victim victim = OneOf(Victims(history, [](const Client& client, const Delivery& delivery) {
    return ByToken(client) && delivery.kind == DeliveryKind::kNew && !delivery.sentinel;
  }));
  Expected expected = About(history, victim, "LOST", {Cause::kServer});
  const Rec rec = history.clients[victim.client].deliveries[victim.delivery].rec;
  int owed = 0;
  for (Client& client : history.clients) {
    if (!client.observed) continue;
    const auto erased = std::erase_if(client.deliveries, [&](const Delivery& delivery) {
      return delivery.offset >= 0 ? delivery.partition == expected.partition && delivery.offset == expected.offset
                                  : rec.has_value() && delivery.rec == rec;
    });
    if (erased > 0) ++owed;
  }
  RC_PRE(owed >= 2);
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  const Verdict verdict = Judge(history, run.scenario);
  RC_LOG() << Sentences(verdict);
  RC_ASSERT(Violated(verdict) == Names{"LOST"});
  const CheckResult lost = Of(verdict, "LOST");
  for (const Violation& violation : lost.violations) {
    // A client without positions may have lost another record of the same rec with it.
    if (violation.offset == expected.offset) RC_ASSERT(violation.cause == Cause::kServer);
  }
}

RC_GTEST_PROP(MutationTest, ARecordHandedOnTwiceIsADup, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const Victim victim =
      OneOf(Victims(history, [](const Client&, const Delivery& delivery) { return HasPosition(delivery); }));
  Client& client = history.clients[victim.client];
  const Expected expected = About(history, victim, "DUP", {ByToken(client) ? Cause::kClient : Cause::kServerOrWire});
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
  RC_ASSERT(Of(verdict, "DUP").violations.at(0).cause == Cause::kServerOrWire);
}

RC_GTEST_PROP(MutationTest, SwappedNeighboursAreOutOfOrder, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const Victim victim = OneOf(Victims(history, [](const Client& client, const Delivery& delivery) {
    return HasPosition(delivery) && Neighbour(client, static_cast<size_t>(&delivery - client.deliveries.data()));
  }));
  const Expected expected = About(history, victim, "ORDER", {Cause::kServerOrWire});
  Client& client = history.clients[victim.client];
  Exchange(&client.deliveries[victim.delivery], &client.deliveries[*Neighbour(client, victim.delivery)]);
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
  Expected expected = About(history, victim, "ORDER", {Cause::kServerOrWire});
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
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  ExpectVerdict(run, expected);
  expected.invariant = "LOST";
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, ChangedContentDisagrees, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Victim victim = OneOf(Victims(run.history, [](const Client&, const Delivery& delivery) {
    return delivery.rec.has_value() && HasPosition(delivery);
  }));
  const Expected expected = About(run.history, victim, "AGREE", {Cause::kServerOrWire});
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
  Expected expected = About(run.history, victim, "AGREE", {Cause::kServerOrWire});
  expected.count = 2;
  Client& client = run.history.clients[victim.client];
  RC_PRE(client.deliveries.back().kind != DeliveryKind::kDropped);
  Delivery& delivery = client.deliveries[victim.delivery];
  std::swap(delivery.rec, client.deliveries.back().rec);
  std::swap(delivery.content_hash, client.deliveries.back().content_hash);
  std::swap(delivery.id_hash, client.deliveries.back().id_hash);
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "the sentinel does not count"});
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
  ExpectVerdict(run, {{"PHANTOM"}, "PHANTOM", {Cause::kServerOrWire}, client.name, phantom.partition, phantom.offset});
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
  ExpectVerdict(run, {{"PHANTOM"}, "PHANTOM", {Cause::kServerOrWire}, client.name, leak.partition, leak.record.offset});
}

// The sends that were told a position.
std::vector<Rec> Told(const History& history) {
  std::vector<Rec> told;
  for (uint16_t i = 0; i < 2; ++i) {
    const auto& sends = history.producers[i].sends;
    for (size_t j = 0; j < sends.size(); ++j) {
      const bool placed = sends[j].offset >= 0 && sends[j].content_hash != 0;
      if (placed && sends[j].outcome == Outcome::kOk) told.push_back(Rec::Make(i, j + 1));
    }
  }
  return told;
}

Send* SendOf(History* history, Rec rec) { return &history->producers[rec.producer()].sends[rec.sequence() - 1]; }

Cause CauseOfProducer(Rec rec) { return rec.producer() == 0 ? Cause::kBroker : Cause::kProducer; }

RC_GTEST_PROP(MutationTest, AnAcknowledgementOfNothingIsNotDurable, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Rec model = OneOf(Told(run.history));
  Send lie = *SendOf(&run.history, model);
  lie.content_hash ^= 4;
  const int what = *rc::gen::inRange(0, 3);
  if (what == 0) lie.offset = run.history.partitions[static_cast<size_t>(lie.partition)].end_offset + 3;
  if (what == 1) lie.offset = lie.partition = -1;
  // what == 2: at the place of another record.
  auto& sends = run.history.producers[model.producer()].sends;
  sends.push_back(lie);
  ExpectVerdict(run, {{"ACK_DURABLE"}, "ACK_DURABLE", {CauseOfProducer(model)}, "", lie.partition, lie.offset});
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_ASSERT(Of(verdict, "ACK_DURABLE").violations.at(0).rec == Rec::Make(model.producer(), sends.size()));
}

RC_GTEST_PROP(MutationTest, ARecordGoneFromTheLogIsNotDurable, ()) {
  ModelRun run = MakeRun(FullPlan());
  History& history = run.history;
  const LogIndex log(history);
  std::vector<Rec> lonely;  // single record of its rec and of its payment, so that no winner changes
  for (const Rec rec : Told(history)) {
    if (log.Places(rec).size() != 1) continue;
    const uint64_t id = log.record(log.Places(rec)[0]).id_hash;
    int of_payment = 0;
    for (const PartitionLog& partition : history.partitions) {
      for (const LogRecord& record : partition.records) of_payment += record.id_hash == id ? 1 : 0;
    }
    if (of_payment == 1) lonely.push_back(rec);
  }
  const Rec rec = OneOf(lonely);
  const Send send = *SendOf(&history, rec);
  bool delivered = false;
  for (const Client& client : history.clients) {
    for (const Delivery& delivery : client.deliveries) delivered = delivered || delivery.rec == rec;
  }
  std::erase_if(history.partitions[static_cast<size_t>(send.partition)].records,
                [&](const LogRecord& record) { return record.offset == send.offset; });
  Expected expected{{"ACK_DURABLE"}, "ACK_DURABLE", {CauseOfProducer(rec)}, "", send.partition, send.offset};
  if (delivered) expected.violated.insert("PHANTOM");  // the clients got what the topic does not hold
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, WhatTheLogHoldsAndNobodySentIsAPhantom, ()) {
  ModelRun run = MakeRun(FullPlan());
  const LogIndex log(run.history);
  std::vector<Rec> candidates;
  for (const Rec rec : Told(run.history)) {
    if (log.Places(rec).size() == 1) candidates.push_back(rec);
  }
  const Rec rec = OneOf(candidates);
  Send* send = SendOf(&run.history, rec);
  const Expected expected{{"PHANTOM"}, "PHANTOM", {CauseOfProducer(rec)}, "", send->partition, send->offset};
  const int what = *rc::gen::inRange(0, 3);
  if (what == 0) send->sent_ns = 0;
  if (what == 1) send->content_hash ^= 4;
  if (what == 2) send->outcome = Outcome::kFail;
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  run.scenario.expect.relaxed.push_back({"HARNESS_OK", "one planned send less"});
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, ASentinelThatDoesNotComeIsAFailureToLive, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Victim victim = OneOf(Victims(
      run.history, [](const Client&, const Delivery& delivery) { return delivery.sentinel && HasPosition(delivery); }));
  Client& client = run.history.clients[victim.client];
  Expected expected = About(run.history, victim, "LIVE", {Cause::kServerOrWire});
  std::erase_if(client.deliveries, [&](const Delivery& delivery) {
    return delivery.sentinel && delivery.partition == expected.partition;
  });
  // It names the first that is missing: the last sentinel where nothing else is.
  const auto& records = run.history.partitions[static_cast<size_t>(expected.partition)].records;
  const auto last = std::find_if(records.rbegin(), records.rend(), [&](const LogRecord& record) {
    return record.sentinel && client.filter.Matches(record.provider, record.status);
  });
  expected.offset = last->offset;
  run.history.drained = false;
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, AProgramThatEndsUnaskedIsAFailureToLive, ()) {
  ModelRun run = MakeRun(FullPlan());
  auto& processes = run.history.processes;
  std::vector<size_t> ended;
  for (size_t i = 0; i < processes.size(); ++i) {
    if (processes[i].ended_by_harness) ended.push_back(i);
  }
  ProcessSpan& span = processes[OneOf(ended)];
  span.ended_by_harness = false;
  span.how = "signal 11";
  const bool is_client = span.name != "server-1" && span.name != "shop";
  const Cause cause = is_client ? Cause::kClient : span.name == "shop" ? Cause::kProducer : Cause::kServer;
  ExpectVerdict(run, {{"LIVE"}, "LIVE", {cause}, is_client ? span.name : "", -1, -1});
  // What a producer may do.
  span.how = "exit 0";
  RC_ASSERT(Violated(Judge(run.history, run.scenario)).empty() == (span.name == "shop"));
}

RC_GTEST_PROP(MutationTest, ARepeatOnTheWireThatNoStreamDeclaredIsADup, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Victim victim = OneOf(Victims(run.history, [](const Client& client, const Delivery& delivery) {
    return ByToken(client) && HasPosition(delivery);
  }));
  const Expected expected = About(run.history, victim, "DUP", {Cause::kServerOrWire});
  Client& client = run.history.clients[victim.client];
  Delivery again = client.deliveries[victim.delivery];
  again.kind = DeliveryKind::kDropped;
  again.rec = {};
  again.content_hash = again.id_hash = 0;
  again.sentinel = false;
  client.deliveries.insert(client.deliveries.begin() + static_cast<std::ptrdiff_t>(victim.delivery) + 1, again);
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(MutationTest, AFaultWithoutEvidenceMakesTheRunInvalid, ()) {
  ModelPlan plan = FullPlan();
  plan.server_kills = *rc::gen::inRange(1, 3);
  ModelRun run = MakeRun(plan);
  FaultEvent& fault = run.history.faults[*rc::gen::inRange<size_t>(0, run.history.faults.size())];
  if (*rc::gen::arbitrary<bool>()) {
    fault.effective = false;
  } else {
    fault.struck_ns = 0;
  }
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_ASSERT(verdict.exit_code == 4);
  RC_ASSERT(InState(verdict, CheckState::kInvalid) == Names{"EFFICACY"});
}

}  // namespace
}  // namespace harness
