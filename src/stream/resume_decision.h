// What to do with a resume token: the only code that decides whether a stream may go on from it. Called by a stream
// when it begins, from what the replica knows; where that is not enough, once more with what Kafka has answered. Pure,
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "payment.pb.h"
#include "stream/replica_state.h"

namespace pipeline {

// Where a stream goes on in one partition.
struct PartitionStart {
  int64_t after = -1;                     // last offset covered
  std::optional<int64_t> snapshot_until;  // up to here only the latest state is owed
  std::optional<uint32_t> record_crc32c;  // of the record at `after`, not compared yet
  // Every record above this is owed.
  int64_t records_after() const { return snapshot_until && *snapshot_until > after ? *snapshot_until : after; }
};

// A partition that can't be served from where the token wants it.
struct PartitionGap {
  int32_t partition = 0;
  int64_t wanted = 0;
  int64_t earliest = 0;  // the first offset that the log holds
  bool operator==(const PartitionGap&) const = default;
};

enum class RefusalCode : uint8_t { kInvalidArgument, kFailedPrecondition, kOutOfRange };

struct Refusal {
  RefusalCode code = RefusalCode::kInvalidArgument;
  std::string message;
  std::vector<PartitionGap> gaps;  // with kOutOfRange
};

// What Kafka says about the log and about the records that a decision asked for.
struct KafkaEvidence {
  struct Record {
    Position position;
    std::optional<uint32_t> crc32c;  // nullopt: there is no record any more
  };
  uint64_t generation = 0;        // of the replica's log, when it was asked
  std::vector<Watermarks> marks;  // as of now, one per partition
  std::vector<Record> records;    // all that were asked for, one of a partition at most
};

struct ResumeDecision {
  enum class Action : uint8_t {
    kServe,     // from `starts`; checksums left in them are of records that this replica has yet to apply
    kAskKafka,  // for watermarks, and for the records at `asked`; then decide again
    kRefuse,
  };
  Action action = Action::kRefuse;
  Refusal refusal;
  std::vector<PartitionStart> starts;  // with kServe, one per partition
  std::vector<Position> asked;         // with kAskKafka; may be empty
};

// `state` has started. `evidence`: the answer to what an earlier decision about this token asked for; null: there is
// none. With it the answer is kServe or kRefuse, unless the log was replaced or got partitions meanwhile: the evidence
// is void then.
ResumeDecision DecideResume(const ::payment::ResumeToken& token, const ReplicaState& state,
                            const KafkaEvidence* evidence);

// The refusal of a token whose record at `after` has another checksum.
Refusal OtherRecord(int32_t partition, int64_t offset, uint32_t wanted, uint32_t found);

// The refusal of a stream that wants records which the log no longer holds. `gaps` is not empty.
Refusal Trimmed(std::vector<PartitionGap> gaps);

// The token that says where a stream begins: what StreamStart carries.
::payment::ResumeToken MakeToken(const std::string& log_id, const std::vector<PartitionStart>& starts);

}  // namespace pipeline
