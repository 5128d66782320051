// What clients of two different programs both show (Client::program): that excludes the clients, and the wire between
// the server and each of them. Two clients of one program may have one fault. Called by hop.cc and AGREE for the
// violations that are kept: each question is linear in the deliveries of the other programs' clients. Pure.
#pragma once

#include <cstddef>

#include "harness/verify/checker.h"

namespace harness {

// True when clients of different programs, two at least, have passed the record at `place` without ever getting it, and
// no client that was owed it has got it.
bool AllMiss(const Evidence& evidence, LogPlace place);

// Of a delivery of `view`'s client: another program was handed the same payment at the same position (without
// positions: under the same rec or id) with the same content, and with the same checksum and processed_at where both
// tell them.
bool SameElsewhere(const Evidence& evidence, const ClientView& view, size_t delivery);
// Likewise, and it was as little owed there: the log does not hold it, or not as a payment that its filter matches.
bool UnwantedElsewhere(const Evidence& evidence, const ClientView& view, size_t delivery);
// Another program got what `delivery` brings twice on one stream.
bool TwiceElsewhere(const Evidence& evidence, const ClientView& view, size_t delivery);
// The StreamStart of the stream that brought `delivery` says that the stream begins behind it, and so it was for
// another program.
bool BeforeStartElsewhere(const Evidence& evidence, const ClientView& view, size_t delivery);
// Another program got the record at `place` behind a later one of its partition.
bool BehindElsewhere(const Evidence& evidence, const ClientView& view, LogPlace place);

}  // namespace harness
