// RESUME: the first record of a partition on a resumed stream after its token (p, o) is the least o' > o in the audited
// log that matches the client's filter; a trimmed token gives an explicit error, never a silent jump.
//
// The token is the one that the client sent, where its log says so, else the StreamStart's, which then stands for it.
// Judged is every partition of a resumed stream in which something came beyond the token, by what the stream brought at
// all (a first record that came late is ORDER's), and only beyond a snapshot that the token was in the midst of, which
// is latest state only. One violation for each stream and partition, naming the first record that was jumped over: each
// of them is LOST as well, unless it came later after all.
//
// A token that ends below where the log began when the audit did asks for what is trimmed: a stream that started on it,
// with no more to say, has jumped.
//
// n/a for clients that are not observed, that never resumed, whose log marks no connections, and without the audit.
// Cause: server, when the token that was sent is known; else by the server's journal (hop.h), or server, wire or
// client. Linear (stream_scan.h).
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckResume(const Evidence& evidence);

}  // namespace harness
