// Whose a violation is, when it happened between the audited log and a client's log: which of server, wire and client
// the evidence does not exclude. One function for each way in which a record can have gone wrong, which every checker
// asks, so that one record has one story whichever invariant tells it. Called for the violations that are kept. Pure,
// thread-safe.
//
// Evidence is, in this order of weight:
//  1. What a client's log says of itself: the token that it sent, that it sent none, a record that it received and
//     dropped. And what it says that the server said: StreamStart, status.
//  2. What two different programs both have or lack (two_programs.h); two of one kind may have one fault.
//  3. What a server's own journal has. What it lacks, where it is known to go on (server_evidence.h), and where no
//     client received on that stream what it says was never written.
// Wire and client can't be told apart from outside: behind the server's hand-over to gRPC they are suspects together.
//
//   what is wrong      who                     by what
//   missing            as start_claim.h        its StreamStart began beyond it, and had not been asked to
//                      server                  its journal never has it on that stream, or only behind a later one;
//                                              clients of different programs have passed it without getting it
//                      client                  a token that it sent claims it, which no StreamStart and no bookmark had
//                                              claimed before; it dropped it, though it came in order
//                      wire or client          the server's journal has it on that stream before all later ones
//   behind a bookmark  server                  its journal has it on that stream after the bookmark came, or never
//                      wire or client          its journal has it before
//   repeated           server                  its journal has it twice on that stream, or once though the stream began
//                                              beyond it; the token that it got claimed it, and its StreamStart did not
//                      client                  it handed it on on an earlier stream, and asked for it again or sent no
//                                              token, though it had one
//                      wire or client          the server's journal has it once on the stream on which it came twice
//   out of order       server                  its journal has it on that stream behind a later one, or twice
//                      wire or client          its journal has it once and in order
//                      as missing              the later one came on an earlier stream: that one passed it over
//   unwanted           server                  its journal has it on that stream
//                      wire or client          its journal is whole there, and lacks it
//   each of these      server                  where two different programs show the same (two_programs.h)
//   anything else      server, wire or client
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/verify/checker.h"

namespace harness {

struct Blame {
  Causes causes = kDeliveryHops;
  std::string why = {};  // a clause for the violation's sentence; empty: nothing to say
  bool passed = false;   // missing: some stream owed it and went on without it
};

// Of a record that `view`'s client is owed and has not got, by the first thing that went wrong with it.
Blame BlameMissing(const Evidence& evidence, const ClientView& view, LogPlace place);
// Of a record that `connection` passed over, and that the client has from elsewhere.
Blame BlamePassedOver(const Evidence& evidence, const ClientView& view, LogPlace place, size_t connection);
// Of a record that `bookmark` covers and that had not come before it.
Blame BlameBookmark(const Evidence& evidence, const ClientView& view, LogPlace place, const Bookmark& bookmark);
// Of a delivery that came before, as delivery `before`.
Blame BlameRepeated(const Evidence& evidence, const ClientView& view, size_t delivery, size_t before);
// Of a delivery that came behind delivery `later`, whose record is a later one of its partition.
Blame BlameOutOfOrder(const Evidence& evidence, const ClientView& view, size_t delivery, size_t later);
// Of a delivery that should never have come.
Blame BlameUnwanted(const Evidence& evidence, const ClientView& view, size_t delivery);

// Takes over the causes, and appends the clause.
void Accuse(const Blame& blame, Violation* violation);

}  // namespace harness
