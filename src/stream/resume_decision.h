// What to do with a resume token: the one place that decides whether a stream may go on from it. Called by a stream
// when it begins (from what the replica knows), and by the token verifier (with Kafka's own answers). Pure,
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

struct ResumeDecision {
  enum class Action : uint8_t {
    kServe,   // from `starts`; checksums left in them are of records that this replica has yet to apply
    kVerify,  // Kafka has to be asked first: for fresh watermarks, and for the records that `unread` names
    kRefuse,
  };
  Action action = Action::kRefuse;
  Refusal refusal;
  std::vector<PartitionStart> starts;  // with kServe, one per partition
  std::vector<int32_t> unread;         // partitions whose checksum only Kafka can tell
};

// `fresh`: Kafka's watermarks as of now, one per partition; absent: those the replica has, and what they can't decide
// is kVerify. `state` has started. With `fresh`, kServe may come with `unread`: compare those before serving.
ResumeDecision DecideResume(const ::payment::ResumeToken& token, const ReplicaState& state,
                            const std::vector<Watermarks>* fresh);

// The refusal of a token whose record at `after` has another checksum.
Refusal OtherRecord(int32_t partition, int64_t offset, uint32_t wanted, uint32_t found);

// The refusal of a stream that wants records which the log no longer holds. `gaps` is not empty.
Refusal Trimmed(std::vector<PartitionGap> gaps);

// The token that says where a stream begins: what StreamStart carries.
::payment::ResumeToken MakeToken(const std::string& log_id, const std::vector<PartitionStart>& starts);

}  // namespace pipeline
