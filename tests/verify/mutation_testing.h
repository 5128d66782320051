// What the mutation tests share: a legal history of every kind to break, something in it to break, and the verdict that
// must come of it.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/verify/client_view.h"
#include "harness/verify/log_index.h"
#include "tests/verify/verify_testing.h"

namespace harness {

using Names = std::set<std::string>;

// What the verdict has to say.
struct Expected {
  Names violated;           // these invariants and no other
  std::string invariant;    // the one that names the record
  std::set<Causes> causes;  // any of these
  std::string client;
  int32_t partition = -1;
  int64_t offset = -1;
  int64_t count = 1;
};

inline ModelPlan FullPlan() {
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

inline void ExpectVerdict(const ModelRun& run, const Expected& expected) {
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
  RC_ASSERT(expected.causes.contains(violation.causes));
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

inline Expected About(const History& history, const Victim& victim, const std::string& invariant,
                      std::set<Causes> causes) {
  const Client& client = history.clients[victim.client];
  const Delivery& delivery = client.deliveries[victim.delivery];
  return {{invariant}, invariant, std::move(causes), client.name, delivery.partition, delivery.offset};
}

// It resumes, and its server gives it what to resume with.
inline bool ByToken(const Client& client) {
  return client.resume == ResumeMode::kToken && !client.connections.empty() && client.connections[0].has_start;
}
inline bool HasPosition(const Delivery& delivery) { return delivery.offset >= 0; }

// The next delivery of the same partition on the same connection, if it is of the same kind.
inline std::optional<size_t> Neighbour(const Client& client, size_t delivery) {
  const auto& deliveries = client.deliveries;
  for (size_t i = delivery + 1; i < deliveries.size(); ++i) {
    if (deliveries[i].connection != deliveries[delivery].connection) return std::nullopt;
    if (deliveries[i].partition != deliveries[delivery].partition) continue;
    // The first new record marks the end of the snapshot: moving it would change what may be missing of that.
    return deliveries[i].kind == deliveries[delivery].kind ? std::optional(i) : std::nullopt;
  }
  return std::nullopt;
}

// Whether a token that the client sent claims the record at `offset`: then it is the client that misses it.
inline bool Claimed(const Client& client, int32_t partition, int64_t offset) {
  return std::any_of(client.connections.begin(), client.connections.end(),
                     [&](const Connection& connection) { return StartOf(connection.sent, partition).after >= offset; });
}

// How many of the client's resumed streams begin, in what they owe of that partition, with a later one than the record
// at `offset`, which has come on none of them.
inline int64_t StreamsThatJumped(const History& history, size_t index, int32_t partition, int64_t offset) {
  const LogIndex log(history);
  const ClientView view(history, log, index);
  const Client& client = view.client();
  int64_t jumped = 0;
  for (size_t i = 0; i < client.connections.size(); ++i) {
    const Connection& connection = client.connections[i];
    if (!connection.resumed) continue;
    const int64_t begin = view.Begin(i, partition).bound();
    std::set<int64_t> came;
    for (const Delivery& delivery : client.deliveries) {
      if (delivery.connection != i || delivery.partition != partition || delivery.offset <= begin) continue;
      came.insert(delivery.offset);
    }
    if (offset > begin && !came.empty() && *came.begin() > offset) ++jumped;
  }
  return jumped;
}

// Exchanges what came, not when.
inline void Exchange(Delivery* a, Delivery* b) {
  std::swap(*a, *b);
  std::swap(a->time_ns, b->time_ns);
  std::swap(a->connection, b->connection);
}

}  // namespace harness
