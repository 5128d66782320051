// What all checkers share. A checker is one invariant: a pure function from the evidence to a CheckResult, in a file of
// its own whose header gives the definition, how it is applied, and the complexity. harness/judge has the list and
// calls each once. Thread-safe: checkers only read.
//
// A checker says kPass, kViolated, kInvalid or kNotApplicable; harness/judge then applies what the scenario relaxes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/plan/scenario.h"
#include "harness/verify/client_views.h"
#include "harness/verify/damage.h"
#include "harness/verify/history.h"
#include "harness/verify/judge_options.h"
#include "harness/verify/log_index.h"
#include "harness/verify/server_evidence.h"
#include "harness/verify/verdict.h"

namespace harness {

struct Evidence {
  const History& history;
  const Scenario& scenario;
  const LogIndex& log;            // of `history`
  const ClientViews& clients;     // of `history`
  const ServerEvidence& servers;  // of `history`
  const Damage& damage;           // of `history`
  const JudgeOptions& options;
};

using Checker = CheckResult (*)(const Evidence& evidence);

// Collects what one checker finds.
class Findings {
 public:
  explicit Findings(std::string_view name) { result_.name = name; }
  void Judged(int64_t things = 1) { result_.judged += things; }
  // Counts a violation, and keeps the first kViolationsKept: `make` (no argument, returns a Violation) is called for
  // those only, so that a million of them cost no million sentences. `stands`: whatever the harness missed (damage.h).
  template <typename Make>
  void Add(bool stands, Make&& make) {
    result_.stands = result_.stands || stands;
    if (static_cast<size_t>(result_.violation_count++) < kViolationsKept) Keep(make());
  }
  // Likewise, one that does not.
  template <typename Make>
  void Add(Make&& make) {
    Add(false, std::forward<Make>(make));
  }
  // Something that the reason has to say: what could not be judged. "3 deliveries have no identity". The first few are
  // told, the others counted.
  void Note(const std::string& clause);
  int64_t violation_count() const { return result_.violation_count; }

  // The violations kept come in time order, those without a time last. `broken`: the state when there are violations.
  // Without any, and without anything that was judged: n/a, because a
  // pass over nothing is no pass.
  CheckResult Finish(CheckState broken = CheckState::kViolated);
  // Nothing was looked at, because of `reason`.
  CheckResult NotApplicable(const std::string& reason);

 private:
  void Keep(Violation violation);
  void TellNotes();

  CheckResult result_;
  int64_t notes_ = 0;
};

// Calls `visit` for every client whose deliveries can be told apart by connection, by index into History::clients, and
// notes the others. False: there is none, and nothing was visited (kNoMarkedClient is the reason to give).
bool ForEachMarkedClient(const History& history, Findings* findings, const std::function<void(size_t)>& visit);
inline constexpr char kNoMarkedClient[] = "no observed client marks its connections";
// Behind a client's name: it would resume by token.
inline constexpr char kJudgedAsNone[] = " never got a token to resume with: judged as with \"resume\": \"none\"";

enum class Role : uint8_t { kServer, kClient, kProducer, kBroker, kOther };
// What the process `name` is in this scenario; a restarted one ("load#2") as the one it follows.
Role RoleOf(const Evidence& evidence, std::string_view name);
Cause CauseOf(Role role);

// Whether the scenario relaxes that invariant: then what another leaves to it is said by nobody.
bool IsRelaxed(const Evidence& evidence, std::string_view invariant);

// "load" of "load#2".
std::string_view BaseName(std::string_view name);
// False for the harness's own generator, whose word is the client library's.
bool IsProcessProducer(const History& history, size_t producer);
// Who may be to blame when what `producer` was told and what the topic holds don't agree: a program or the broker that
// told it so; for the harness's own generator, whose word is the client library's, the broker.
Causes ProducerCauses(const History& history, size_t producer);
// ... when the topic holds under the name of `producer` what it never sent: no broker makes that up.
Cause WriterCause(const History& history, size_t producer);
// ... of a record that nobody is known to have sent.
Causes SendersCauses(const History& history);

// "partition 2 offset 117 (pay_abc123, run.load.12)"; by its place also ", rejected: bad_field".
std::string PlaceText(const History& history, int32_t partition, int64_t offset, uint64_t id_hash, Rec rec);
std::string PlaceText(const Evidence& evidence, LogPlace place);
// A violation about the log record at `place`; sentence, cause and client are the caller's.
Violation AtPlace(const Evidence& evidence, LogPlace place);
// A violation about a delivery of `view`'s client.
Violation AtDelivery(const Evidence& evidence, const ClientView& view, size_t delivery);

// The offset up to which the audit has read `partition` (not included). Beyond it, an interrupted run knows nothing.
int64_t AuditedEnd(const History& history, int32_t partition);
// The last audited offset of every partition: for ClientView::ForEachMissing.
std::vector<int64_t> AuditedLasts(const History& history, const LogIndex& log);
// True when a record at `offset` may have been trimmed before the audit read it.
bool TrimmedUnread(const PartitionLog& log, int64_t offset);
// "3 s", "250 ms", "1.25 us": for sentences.
std::string TimeText(int64_t duration_ns);
// Seconds since the load began, "at 3.21 s".
std::string MomentText(const History& history, int64_t time_ns);

}  // namespace harness
