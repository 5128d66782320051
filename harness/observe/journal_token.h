// A stream's token as bytes, in whichever of a journal's frames it stands. Shared by the journal's writer and reader.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/observe/bytes.h"
#include "harness/verify/history.h"

namespace harness {

inline constexpr size_t kTokenPartBytes = 20;

inline void PutToken(const std::vector<TokenPart>& token, ByteWriter* writer) {
  writer->Put(static_cast<uint32_t>(token.size()));
  for (const TokenPart& part : token) {
    writer->Put(part.partition).Put(part.after).Put(part.snapshot_until);
  }
}

inline void GetToken(ByteReader* in, std::vector<TokenPart>* token) {
  token->resize(in->GetCount(kTokenPartBytes));
  for (TokenPart& part : *token) {
    part.partition = in->Get<int32_t>();
    part.after = in->Get<int64_t>();
    part.snapshot_until = in->Get<int64_t>();
  }
}

}  // namespace harness
