// Keeps the replica's store to what the topic still holds. Each answer to a fetch says where its partition begins, and
// librdkafka remembers it: to look at that asks nobody. Made and called by KafkaReader, on its thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/kafka/broker_contact.h"
#include "server/ops/server_counters.h"
#include "server/replica.h"

namespace pipeline {

class RetentionFollower {
 public:
  // All but the topic's name outlive it.
  RetentionFollower(std::string topic, Replica* replica, const BrokerContact* contact, ServerCounters* counters)
      : topic_(std::move(topic)), replica_(replica), contact_(contact), counters_(counters) {}

  // The replica was begun with so many partitions.
  void Begin(size_t partitions);
  void AddPartitions(size_t partitions) { heard_of_.resize(partitions, false); }
  // A record or the end of the partition has come from the log that was begun: what librdkafka says of the partition is
  // of that log from now on, and not of another that had its name before.
  void Heard(int32_t partition) { heard_of_[static_cast<size_t>(partition)] = true; }
  // The store is to be brought up to what is known; looks again too.
  void Due() {
    look_at_ns_ = 0;
    trimming_ = true;
  }
  // Looks when it is time, and takes out some of what the topic no longer holds: call it again and again, and soon
  // while trimming(). `handle` consumes the topic.
  void Follow(rd_kafka_t* handle, int64_t now_ns);
  bool trimming() const { return trimming_; }

 private:
  // By partition, -1: not known.
  std::vector<int64_t> Lows(rd_kafka_t* handle) const;

  const std::string topic_;
  Replica* const replica_;
  const BrokerContact* const contact_;
  ServerCounters* const counters_;
  std::vector<bool> heard_of_;  // by partition
  int64_t look_at_ns_ = 0;
  bool trimming_ = false;
  int64_t expired_ = 0;  // payments of this log, as counted
};

}  // namespace pipeline
