// Where a client's sequence of offsets does not simply grow: what DUP and ORDER are made of. Pure.
//
// Two passes over the deliveries. The first keeps one maximum per partition and notes every offset that does not exceed
// it: any repeat and any step backwards is among those, and in a healthy history there are none. The second tells them
// apart. Memory grows with the offences, not with the deliveries.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/verify/client_view.h"

namespace harness {

enum class OffenceKind : uint8_t {
  kRepeat,        // handed on again within its scope (ClientView::scope)
  kBackward,      // handed on after a later one of its partition
  kWireRepeat,    // received again, outside what the stream had declared to repeat; the client dropped it
  kWireBackward,  // received for the first time after a later one of its partition; the client dropped it
};

struct Offence {
  OffenceKind kind = OffenceKind::kRepeat;
  size_t delivery = 0;  // the offending one
  size_t before = 0;    // the first time it was received (repeats), or the later record that came earlier (backward)
};

struct SequenceScan {
  std::vector<Offence> offences;  // in the order of the client's log
  int64_t judged = 0;             // deliveries whose position is known
  int64_t unknown = 0;            // without a position, and not found in the audited log by rec either
};

SequenceScan ScanSequence(const LogIndex& log, const ClientView& view);

}  // namespace harness
