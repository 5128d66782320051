// Break one thing that a producer was told, that the topic holds, or that happened to a program, and exactly the right
// checker speaks: naming the right record and the right cause.
#include <algorithm>
#include <vector>

#include "harness/verify/client_view.h"
#include "harness/verify/log_index.h"
#include "tests/verify/mutation_testing.h"

namespace harness {
namespace {

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

Causes CausesOfProducer(Rec rec) {
  return rec.producer() == 0 ? Causes(Cause::kBroker) : Causes{Cause::kProducer, Cause::kBroker};
}

RC_GTEST_PROP(SystemMutationTest, AnAcknowledgementOfNothingIsNotDurable, ()) {
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
  ExpectVerdict(run, {{"ACK_DURABLE"}, "ACK_DURABLE", {CausesOfProducer(model)}, "", lie.partition, lie.offset});
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_ASSERT(Of(verdict, "ACK_DURABLE").violations.at(0).rec == Rec::Make(model.producer(), sends.size()));
}

RC_GTEST_PROP(SystemMutationTest, ARecordGoneFromTheLogIsNotDurable, ()) {
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
  Expected expected{{"ACK_DURABLE"}, "ACK_DURABLE", {CausesOfProducer(rec)}, "", send.partition, send.offset};
  if (delivered) expected.violated.insert("PHANTOM");  // the clients got what the topic does not hold
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(SystemMutationTest, WhatTheLogHoldsAndNobodySentIsAPhantom, ()) {
  ModelRun run = MakeRun(FullPlan());
  const LogIndex log(run.history);
  std::vector<Rec> candidates;
  for (const Rec rec : Told(run.history)) {
    if (log.Places(rec).size() == 1) candidates.push_back(rec);
  }
  const Rec rec = OneOf(candidates);
  Send* send = SendOf(&run.history, rec);
  const int what = *rc::gen::inRange(0, 3);
  // No broker makes up what was sent; what was told of it, it may have.
  const Causes writer = rec.producer() == 0 ? Cause::kBroker : Cause::kProducer;
  const Causes causes = what == 2 ? CausesOfProducer(rec) : writer;
  const Expected expected{{"PHANTOM"}, "PHANTOM", {causes}, "", send->partition, send->offset};
  if (what == 0) send->sent_ns = 0;
  if (what == 1) send->content_hash ^= 4;
  if (what == 2) send->outcome = Outcome::kFail;
  run.scenario.expect.relaxed.push_back({"NONVACUOUS", "it may have been the only one"});
  run.scenario.expect.relaxed.push_back({"HARNESS_OK", "one planned send less"});
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(SystemMutationTest, ASentinelThatDoesNotComeIsAFailureToLive, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Victim victim = OneOf(Victims(
      run.history, [](const Client&, const Delivery& delivery) { return delivery.sentinel && HasPosition(delivery); }));
  Client& client = run.history.clients[victim.client];
  Expected expected = About(run.history, victim, "LIVE", {kDeliveryHops});
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

RC_GTEST_PROP(SystemMutationTest, AProgramThatEndsUnaskedIsAFailureToLive, ()) {
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

RC_GTEST_PROP(SystemMutationTest, ARepeatOnTheWireThatNoStreamDeclaredIsADup, ()) {
  ModelRun run = MakeRun(FullPlan());
  const Victim victim = OneOf(Victims(run.history, [](const Client& client, const Delivery& delivery) {
    return ByToken(client) && HasPosition(delivery);
  }));
  const Expected expected = About(run.history, victim, "DUP", {kDeliveryHops});
  Client& client = run.history.clients[victim.client];
  Delivery again = client.deliveries[victim.delivery];
  again.kind = DeliveryKind::kDropped;
  again.rec = {};
  again.content_hash = again.id_hash = 0;
  again.sentinel = false;
  client.deliveries.insert(client.deliveries.begin() + static_cast<std::ptrdiff_t>(victim.delivery) + 1, again);
  ExpectVerdict(run, expected);
}

RC_GTEST_PROP(SystemMutationTest, AFaultWithoutEvidenceMakesTheRunInvalid, ()) {
  ModelPlan plan = FullPlan();
  plan.server_kills = *rc::gen::inRange(1, 3);
  ModelRun run = MakeRun(plan);
  // Not one of the broker's, which explains what the log holds.
  std::vector<FaultEvent*> kills;
  for (FaultEvent& candidate : run.history.faults) {
    if (candidate.target == "server-1") kills.push_back(&candidate);
  }
  FaultEvent& fault = *OneOf(kills);
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
