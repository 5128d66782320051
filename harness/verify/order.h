// ORDER: offsets of A_k strictly increase per partition, across reconnects (with resume "none": per connection).
//
// A repeat of what was handed on before is DUP's and not counted here. A record that arrived for the first time after a
// later one, and that the client therefore dropped, counts: the client hid the disorder from A at the price of a loss.
// Where the server gives no positions, new records are judged by their place in the log (by rec), a snapshot is not.
// n/a for clients that are not observed, and for those whose log marks no connections. Causes: hop.h. Linear
// (sequence_scan.h).
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckOrder(const Evidence& evidence);

}  // namespace harness
