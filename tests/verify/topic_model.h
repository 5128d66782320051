// The half of the model of the pipeline (history_model.h) that writes: producers, what they are told, what the topic
// then holds, and the broker's bad times. The other half, servers and clients, reads what is here.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/verify/history_model.h"

namespace harness {

// What both halves share: the dice, the clock, and what has happened.
class ModelWorld {
 public:
  explicit ModelWorld(const ModelPlan& made_of) : plan(made_of), random(made_of.seed) {}

  static constexpr int64_t kTick = 1'000'000;  // ns between two things that happen

  int Below(int limit);
  bool Chance(int percent) { return Below(100) < percent; }
  int64_t Now() { return now_ns += kTick; }
  void AddProcess(const std::string& name, int64_t pid);

  const ModelPlan plan;
  std::mt19937_64 random;
  int64_t now_ns = 1'000'000'000;
  History history;
  Scenario scenario;
};

class TopicModel {
 public:
  explicit TopicModel(ModelWorld* world) : world_(*world) {}

  void AddProducers();
  // A record of whatever kind.
  void Produce();
  // One that is acknowledged and that `filter` lets through.
  void ProduceCertain(const pipeline::Filter& filter);
  // For each partition and each of `filters`.
  void ProduceSentinels(const std::vector<pipeline::Filter>& filters);
  // Until it is over, acknowledgements may get lost and what was sent may come twice or overtake.
  void BreakBroker();
  void HealBroker();

 private:
  struct Content {
    uint64_t id = 0;
    int32_t partition = 0;
    pipeline::Provider provider = pipeline::Provider::kUnknown;
    pipeline::PaymentStatus status = pipeline::PaymentStatus::kUnknown;
    int64_t timestamp_s = 0;
  };
  struct How {
    bool log = true;
    bool told = true;
    bool valid = true;
    bool rec = true;
    bool sentinel = false;
  };

  void AddProducer(const std::string& name, bool has_acks = true);
  Content RandomContent();
  static void Match(const pipeline::Filter& filter, Content* content);
  void Send(size_t producer, const Content& content, Outcome outcome, How how);
  void SendOvertaken(size_t producer, const Content& content);
  int64_t Append(const Content& content, Rec rec, uint64_t hash, bool valid, bool sentinel = false);

  ModelWorld& world_;
  bool broker_broken_ = false;
  std::vector<uint64_t> payments_;
  uint64_t stranger_sequence_ = 0;
};

}  // namespace harness
