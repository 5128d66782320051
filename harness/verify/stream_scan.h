// What the streams of a client passed over: what SKIP and RESUME are made of. Pure.
//
// A stream is one connection. In each partition it owes every audited valid record that matches the client's filter
// between where it began and the last that the client received on it; one that it has passed and that never came on it,
// handed on or dropped, in order or late, was passed over. A stream with a StreamStart begins where ClientView::Begin
// says (what it repeats at or below that is its own affair: the client said that it has it), one without with its first
// new record.
// The part of a snapshot is not looked at: it is latest state only, of which LOST judges what is owed.
//
// One pass over the deliveries, in which each stream walks over the part of the log that it covers: linear in
// deliveries and log, times the streams that cover it. Memory grows with what was passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/verify/client_view.h"

namespace harness {

struct PassedOver {
  LogPlace place = kNoPlace;
  LogPlace next = kNoPlace;  // the record with which the stream passed it
  size_t connection = 0;
  size_t delivery = 0;    // of `next`
  bool at_start = false;  // nothing came between where the stream began and it
};

struct StreamScan {
  std::vector<PassedOver> passed_over;  // by stream, by partition, in offset order
  int64_t judged = 0;                   // deliveries that followed another of their partition and stream
  int64_t starts = 0;                   // partitions of resumed streams in which something came
};

StreamScan ScanStreams(const LogIndex& log, const ClientView& view);

}  // namespace harness
