// What the server counts of its own doings, as plain atomics: telling one costs an addition, and nothing is looked up
// by name. Told by the Kafka reader's thread (records), by gRPC's threads, the hub's and the catch-up readers' (calls
// and streams); read by the metrics listener's thread at each scrape (metrics_collector.h). Relaxed: each number is
// right by itself, numbers read together may be of slightly different moments. Made by PaymentServer; outlives all that
// tell it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "payment/status_codes.h"

namespace pipeline {

// A number that only grows. Any thread, at any time.
class Counter {
 public:
  void Add(int64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_ = 0;
};

// Two counters that are told for every message written, by several threads at once: each thread has a cache line of
// its own (threads share one only when there are more of them than lines), so that none waits for another's.
class WriteCounter {
 public:
  void Add(int64_t events, int64_t bytes) {
    Line& line = lines_[ThreadLine()];
    line.events.fetch_add(events, std::memory_order_relaxed);
    line.bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  int64_t events() const { return Sum(&Line::events); }
  int64_t bytes() const { return Sum(&Line::bytes); }

 private:
  static constexpr size_t kLines = 16;
  struct alignas(64) Line {
    std::atomic<int64_t> events = 0;
    std::atomic<int64_t> bytes = 0;
  };
  static size_t ThreadLine() {
    static std::atomic<size_t> threads = 0;
    thread_local const size_t line = threads.fetch_add(1, std::memory_order_relaxed) % kLines;
    return line;
  }
  int64_t Sum(std::atomic<int64_t> Line::*number) const {
    int64_t sum = 0;
    for (const Line& line : lines_) sum += (line.*number).load(std::memory_order_relaxed);
    return sum;
  }
  std::array<Line, kLines> lines_;
};

enum class CallMethod : uint8_t { kGetPayment, kListPayments, kStreamPayments, kSubscribePayments };
inline constexpr std::array<std::string_view, 4> kCallMethodNames = {"GetPayment", "ListPayments", "StreamPayments",
                                                                     "SubscribePayments"};

// Why streams end: the words of payment-end-reason (docs/formats.md), and "client": it went by itself. A word that is
// not among them is counted under the last.
inline constexpr std::array<std::string_view, 7> kStreamEndReasons = {"shutdown", "slow",   "kafka", "refused",
                                                                      "limit",    "client", "other"};

// Which limit a call was refused for.
enum class CallLimit : uint8_t { kCalls, kCallsPerPeer, kRequestBytes, kMetadataEntries, kPayments };
inline constexpr std::array<std::string_view, 5> kCallLimitNames = {"calls", "calls_per_peer", "request_bytes",
                                                                    "metadata_entries", "payments"};

// Which limit a connection was closed for.
enum class ConnectionLimit : uint8_t { kConnections, kConnectionsPerPeer, kDescriptors };
inline constexpr std::array<std::string_view, 3> kConnectionLimitNames = {"connections", "connections_per_peer",
                                                                          "descriptors"};

// Of the newest record that was applied of a partition. Written by the reader's thread.
struct PartitionProgress {
  std::atomic<int64_t> applied_ms = 0;   // its Kafka timestamp, ms since the epoch; 0: none, or it has none
  std::atomic<int64_t> level_at_ms = 0;  // when everything of the partition was last seen to be applied; 0: never
};

inline constexpr int32_t kCountedPartitionsMax = 200;

struct ServerCounters {
  // The reader's thread.
  Counter records_accepted;
  Counter records_not_kept;  // of them: of payments beyond the limit
  Counter tombstones;        // that deleted
  Counter payments_expired;  // the topic no longer has any record of them
  std::array<PartitionProgress, kCountedPartitionsMax> partitions;
  Counter log_checks;     // whether it is the same log, after contact with Kafka was lost
  Counter logs_replaced;  // of them: it was another one

  // gRPC's threads, the hub's and the catch-up readers'.
  WriteCounter written;  // events handed to gRPC, and the bytes of their messages
  std::array<Counter, kCallMethodNames.size()> calls_started;
  std::array<std::array<Counter, kStatusCodeNames.size()>, kCallMethodNames.size()> calls_ended;
  std::array<Counter, kStreamEndReasons.size()> streams_ended;
  std::array<Counter, kCallLimitNames.size()> calls_refused;

  // The acceptor's thread.
  Counter connections_accepted;
  std::array<Counter, kConnectionLimitNames.size()> connections_refused;

  void CallStarted(CallMethod method) { calls_started[static_cast<size_t>(method)].Add(); }
  // `code`: of gRPC, as this server gave it; an unknown one is counted as UNKNOWN.
  void CallEnded(CallMethod method, int code) {
    const size_t known = code >= 0 && code < static_cast<int>(kStatusCodeNames.size()) ? static_cast<size_t>(code)
                                                                                       : size_t{status_code::kUnknown};
    calls_ended[static_cast<size_t>(method)][known].Add();
  }
  void StreamEnded(std::string_view reason) {
    size_t at = 0;
    while (at + 1 < kStreamEndReasons.size() && kStreamEndReasons[at] != reason) ++at;
    streams_ended[at].Add();
  }
  void ConnectionRefused(ConnectionLimit limit) { connections_refused[static_cast<size_t>(limit)].Add(); }
  void CallRefused(CallLimit limit) { calls_refused[static_cast<size_t>(limit)].Add(); }
};

}  // namespace pipeline
