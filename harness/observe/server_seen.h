// What a line of a server's journal (docs/formats.md, "Server journal") says, as the LogTail tells it to the Recorder
// and as a frame of the harness's own journal tells it again. Plain data, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/verify/history.h"

namespace harness {

// Of one line: a journal whose lines hold more is not read (ours hold half as many).
inline constexpr size_t kServerRecordsMax = 4'096;

struct ServerRecord {
  int64_t time_ns = 0;
  int64_t offset = 0;
  int32_t partition = 0;
  pipeline::RejectReason reason = pipeline::RejectReason::kNone;
};

struct ServerStarted {
  int64_t time_ns = 0;
  int64_t pid = 0;
  std::string server_id;
};
struct ServerBegan {
  ServerStream stream;  // number, began_ns, resumed, peer, token, sent
};
struct ServerRecords {
  uint64_t number = 0;  // of the stream that they were written to; 0: they were read
  std::vector<ServerRecord> records;
};
struct ServerEnded {
  int64_t time_ns = 0;
  uint64_t number = 0;
  int code = -1;
  std::string reason;
};
struct ServerCut {
  int64_t lost = 0;
};
struct ServerStopped {
  int64_t time_ns = 0;
};
struct ServerBroken {  // lines that could not be read
  int64_t lines = 0;
};
// In the order of the frame types.
using ServerSeen =
    std::variant<ServerStarted, ServerBegan, ServerRecords, ServerEnded, ServerCut, ServerStopped, ServerBroken>;

}  // namespace harness
