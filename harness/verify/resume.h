// RESUME: the first record of a partition on a resumed stream after its token (p, o) is the least o' > o in the audited
// log that matches the client's filter; a trimmed token gives an explicit error, never a silent jump; a StreamStart
// repeats the token that was sent; one without a token begins at the beginning, and its snapshot reaches no further
// than the topic can have done at that moment; a refusal is true of the audited log.
//
// Where a resumed stream begins: ClientView::Begin. Judged is every partition of a resumed stream in which something
// came beyond the token, by what the stream brought at all (a first record that came late is ORDER's), and only beyond
// a snapshot that the token was in the midst of, which is latest state only. One violation for each stream and
// partition, naming the first record that was jumped over: each of them is LOST as well, unless it came later after
// all.
//
// StreamStarts: one violation a stream, for the first partition in which it is wrong. A stream without a token may say
// that it begins where the topic was trimmed to. Refusals: refusal.h; a false one is a violation each, with the text
// that the server gave, and one of which the log says nothing is noted.
//
// A token that ends below where the log began when the audit did asks for what is trimmed: a stream that started on it,
// with no more to say, has jumped.
//
// n/a for clients that are not observed, whose log marks no connections, that never had a StreamStart and were never
// refused, and without the audit. Causes: of a record that was jumped over, hop.h; else server, unless its journal has
// another request or nobody tells which token was refused. Linear (stream_scan.h).
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckResume(const Evidence& evidence);

}  // namespace harness
