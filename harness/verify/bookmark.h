// BOOKMARK: a bookmark at P means that everything up to P that matches the filter came before it.
//
// Judged for each connection by itself: every valid record of the audited log that matches the client's filter, beyond
// the stream's start (of a snapshot only what lies beyond it) and up to P, has been received on that connection,
// whether handed on or dropped, before the bookmark was. A record that a bookmark passes over is counted once a
// connection, at the first bookmark that does.
//
// n/a for clients that got none, for those that are not observed or mark no connections, and without the audit. Causes:
// hop.h. Linear in the log,
// the deliveries and the bookmarks of each client; memory: 4 bytes for each log record.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckBookmark(const Evidence& evidence);

}  // namespace harness
