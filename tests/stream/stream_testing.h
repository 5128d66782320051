// What the tests of the pure core share: records by hand, and by random draw.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <string>
#include <vector>

#include "stream/replica_state.h"

namespace pipeline {

// Its "payment" is the id: the core never looks inside. The checksum is of the place alone, and never 0.
inline LogRecord MakeRecord(int32_t partition, int64_t offset, const std::string& id,
                            PaymentStatus status = PaymentStatus::kPending, Provider provider = Provider::kStripe,
                            int64_t created_at_s = 0) {
  LogRecord record;
  record.partition = partition;
  record.offset = offset;
  record.record_crc32c = static_cast<uint32_t>(int64_t{1000} * (partition + 1) + offset);
  record.provider = provider;
  record.status = status;
  record.created_at_s = created_at_s;
  record.id = id;
  record.frame = MakeEventFrame(id, partition, offset, record.record_crc32c);
  return record;
}

// One partition's offsets: an accepted record, or (no id) one that was rejected.
struct Logged {
  LogRecord record;
  bool rejected = false;
};
using TestLog = std::vector<std::vector<Logged>>;  // [partition][offset]

inline void ApplyNext(const TestLog& log, int32_t partition, ReplicaState* state) {
  const int64_t offset = state->next_offset(partition);
  const Logged& logged = log[partition][offset];
  if (logged.rejected) {
    state->Advance(partition, offset + 1);
  } else {
    state->Apply(logged.record);
  }
}

inline Filter DrawFilter() {
  return {static_cast<Provider>(*rc::gen::inRange(0, 3)), static_cast<PaymentStatus>(*rc::gen::inRange(0, 4))};
}

// Few ids, so that they repeat; mostly on a partition of their own; a tenth is rejected.
inline TestLog DrawLog(int32_t partition_count) {
  TestLog log(static_cast<size_t>(partition_count));
  const int count = *rc::gen::inRange(0, 60);
  for (int i = 0; i < count; ++i) {
    const int id = *rc::gen::inRange(0, 12);
    const bool astray = *rc::gen::inRange(0, 10) == 0;
    const int32_t partition = astray ? *rc::gen::inRange(0, partition_count) : id % partition_count;
    const auto offset = static_cast<int64_t>(log[partition].size());
    Logged logged;
    logged.rejected = *rc::gen::inRange(0, 10) == 0;
    logged.record =
        MakeRecord(partition, offset, "pay_" + std::to_string(id), static_cast<PaymentStatus>(*rc::gen::inRange(0, 5)),
                   static_cast<Provider>(*rc::gen::inRange(0, 4)), *rc::gen::inRange(0, 3));
    log[partition].push_back(logged);
  }
  return log;
}

}  // namespace pipeline
