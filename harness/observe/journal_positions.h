// The positions of a stream's token as bytes, in whichever of a journal's frames they stand. Shared by the journal's
// writer and reader. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/observe/bytes.h"
#include "harness/verify/history.h"

namespace harness {

inline constexpr size_t kPositionBytes = 20;

inline void PutPositions(const std::vector<StartPosition>& positions, ByteWriter* writer) {
  writer->Put(static_cast<uint32_t>(positions.size()));
  for (const StartPosition& start : positions) {
    writer->Put(start.partition).Put(start.after).Put(start.snapshot_until);
  }
}

inline void GetPositions(ByteReader* in, std::vector<StartPosition>* positions) {
  positions->resize(in->GetCount(kPositionBytes));
  for (StartPosition& start : *positions) {
    start.partition = in->Get<int32_t>();
    start.after = in->Get<int64_t>();
    start.snapshot_until = in->Get<int64_t>();
  }
}

}  // namespace harness
