// Histories made by hand, a step at a time: each step takes one millisecond unless the test moves the clock.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/threshold.h"
#include "tests/verify/verify_testing.h"

namespace harness {

inline constexpr int64_t kMillisecond = 1'000'000;  // ns
inline constexpr int64_t kSecond = 1'000'000'000;   // ns

class Story {
 public:
  explicit Story(int partitions = 1, const std::vector<std::string>& clients = {"watcher"});

  History history;
  Scenario scenario;

  int64_t now_ns = 100 * kSecond;
  int64_t Tick(int64_t step_ns = kMillisecond) { return now_ns += step_ns; }

  struct Record {
    uint64_t id = 0;  // 0: a new payment
    pipeline::PaymentStatus status = pipeline::PaymentStatus::kPending;
    pipeline::Provider provider = pipeline::Provider::kStripe;
    bool sentinel = false;
    size_t producer = 0;
  };
  // Sends and logs a record, acknowledged with its offset, which is returned.
  int64_t Write(int32_t partition, Record record);
  int64_t Write(int32_t partition) { return Write(partition, Record()); }
  Send* SendAt(int32_t partition, int64_t offset);
  LogRecord* LogAt(int32_t partition, int64_t offset);

  // A stream without a token began; `token` is its StreamStart's. The first one of every client is there from the
  // start: a snapshot of nothing.
  Connection* Connect(size_t client, std::vector<TokenPart> token, bool resumed = false);
  void Break(size_t client, int code = 14);
  // The stream of a client that has got nothing yet began only now, with `token`.
  void BeginNow(size_t client, std::vector<TokenPart> token);
  // Hands a logged record on, now.
  void Deliver(size_t client, int32_t partition, int64_t offset, DeliveryKind kind = DeliveryKind::kNew);
  // A bookmark on its last connection, now.
  void Tell(size_t client, int32_t partition, int64_t offset);
  // Everything in `partition` from `from` on.
  void DeliverFrom(size_t client, int32_t partition, int64_t from);
  // Ends the load, writes a sentinel to each partition and hands it to every client that is not in `except`.
  void End(const std::vector<size_t>& except = {});

  FaultEvent* AddFault(const std::string& name, const std::string& target, int64_t struck_ns, int64_t healed_ns);
  ProcessSpan* AddProcess(const std::string& name, int64_t started_ns, int64_t ended_ns = 0);
  void AddThreshold(const std::string& text);

  Verdict Judged(const JudgeOptions& options = {}) const { return Judge(history, scenario, options); }

 private:
  uint64_t next_id_ = 1;
};

}  // namespace harness
