// What clients of two different programs both show is the server's, whichever way it is wrong; what two clients of one
// program show, or one client alone, leaves server, wire and client. A record that another program's client was owed,
// and this one was not, shows nothing.
#include "harness/verify/two_programs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "tests/verify/mutation_testing.h"

namespace harness {
namespace {

// A place that `first` was handed a new record of, and at least one other client too; all others' such deliveries.
struct Shared {
  Delivery seen;
  std::vector<Victim> at;
};

Shared SharedDelivery(const History& history) {
  const Victim chosen = OneOf(Victims(history, [](const Client& client, const Delivery& delivery) {
    return client.name == "first" && HasPosition(delivery) && delivery.kind == DeliveryKind::kNew &&
           !delivery.sentinel && delivery.rec.has_value();
  }));
  const Delivery seen = history.clients[chosen.client].deliveries[chosen.delivery];
  Shared shared{seen, Victims(history, [&](const Client& client, const Delivery& delivery) {
                  return client.observed && delivery.kind == DeliveryKind::kNew &&
                         delivery.partition == seen.partition && delivery.offset == seen.offset;
                })};
  RC_PRE(shared.at.size() >= 2);
  // Each client once, and in no other way.
  for (const Client& client : history.clients) {
    const auto times = std::count_if(client.deliveries.begin(), client.deliveries.end(), [&](const Delivery& delivery) {
      return delivery.partition == seen.partition && delivery.offset == seen.offset;
    });
    RC_PRE(times <= 1);
  }
  return shared;
}

RC_GTEST_PROP(TwoProgramsTest, WhatBothShowIsTheServers, ()) {
  ModelPlan plan = FullPlan();
  plan.journal = false;
  ModelRun run = MakeRun(plan);
  History& history = run.history;
  const bool different = *rc::gen::arbitrary<bool>();
  for (size_t i = 0; i < history.clients.size(); ++i) {
    history.clients[i].program = different ? "program-" + std::to_string(i) : "program";
  }
  const Shared shared = SharedDelivery(history);
  const bool alone = *rc::gen::arbitrary<bool>();
  const int how = *rc::gen::inRange(0, 3);
  const char* const invariant = how == 0 ? "AGREE" : how == 1 ? "DUP" : "PHANTOM";
  for (const Victim& victim : shared.at) {
    auto& deliveries = history.clients[victim.client].deliveries;
    const auto at = deliveries.begin() + static_cast<std::ptrdiff_t>(victim.delivery);
    if (how == 0) at->content_hash ^= 2;
    if (how == 1) deliveries.insert(at, *at);
    if (how == 2) {
      Delivery invented = *at;
      invented.offset += 1'000'000;
      invented.content_hash ^= 2;
      deliveries.insert(at + 1, invented);
    }
    if (alone) break;
  }
  const Verdict verdict = Judge(history, run.scenario);
  RC_LOG() << Sentences(verdict);
  const CheckResult& result = Of(verdict, invariant);
  RC_ASSERT(!result.violations.empty());
  for (const Violation& violation : result.violations) {
    RC_ASSERT(violation.causes == (different && !alone ? Causes(Cause::kServer) : kDeliveryHops));
  }
}

RC_GTEST_PROP(TwoProgramsTest, WhatAnotherWasOwedShowsNothing, ()) {
  ModelPlan plan = FullPlan();
  plan.journal = false;
  ModelRun run = MakeRun(plan);
  History& history = run.history;
  for (size_t i = 0; i < history.clients.size(); ++i) history.clients[i].program = "program-" + std::to_string(i);
  const Shared shared = SharedDelivery(history);
  const LogRecord* record = history.partitions[static_cast<size_t>(shared.seen.partition)].Find(shared.seen.offset);
  // The last of them asked for another provider.
  const size_t asked = shared.at.back().client;
  RC_PRE(history.clients[asked].filter.provider == pipeline::Provider::kUnknown);
  history.clients[asked].filter.provider =
      record->provider == pipeline::Provider::kStripe ? pipeline::Provider::kPaypal : pipeline::Provider::kStripe;
  const Verdict verdict = Judge(history, run.scenario);
  RC_LOG() << Sentences(verdict);
  RC_ASSERT(!Of(verdict, "PHANTOM").violations.empty());
  for (const Violation& violation : Of(verdict, "PHANTOM").violations) RC_ASSERT(violation.causes == kDeliveryHops);
}

}  // namespace
}  // namespace harness
