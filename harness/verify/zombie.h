// ZOMBIE: at most one live server stream per subscription; the count settles after heal.
//
// From the servers' journals, joined with the clients' connections by the name that the server gave to the stream
// (server_evidence.h). A stream belongs to a client's past once the client's connection has ended and its next one has
// begun. From then on the server has zombie_settle_ns (JudgeOptions) to learn that nobody listens; a fault that pauses
// the server gives it as long again from its heal. A stream is a zombie
//  - when the server writes to it after that, or
//  - when it is still open at the end of the drain, and that time has passed.
// A stream is closed by its end in the journal or by the end of its process, however that came. One violation for each
// stream. A connection whose own end nobody wrote down (the client was killed) ended when the next began.
//
// n/a without a server that keeps a journal, and for processes whose journal is cut. Cause: server. Linear in the
// servers' events and the clients' connections; the settle time is judged also under --thresholds=report: it is
// hundreds of times what a server needs to be told by the kernel.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckZombie(const Evidence& evidence);

}  // namespace harness
