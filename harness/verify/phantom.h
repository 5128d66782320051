// PHANTOM: nothing comes from nowhere.
//  - i in L => i was sent, same content hash; FAIL(i) => i not in L. A record without rec (a program that passes none
//  on)
//    is a producer's if a told position or a send's content says so.
//  - What a client hands on is in L, is a valid payment there, and matches the client's filter by its own content.
//
// The log's half is n/a for the records of producers that do not tell what they sent, the clients' for deliveries that
// have neither a position nor a rec; the whole without the audit. In an interrupted run, what the audit has not read
// yet is pending. Cause: for the log as in ACK_DURABLE (a record that no producer owns: broker); for deliveries
// hop.h. Linear in log and deliveries; two hash maps of the log's records without rec.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckPhantom(const Evidence& evidence);

}  // namespace harness
