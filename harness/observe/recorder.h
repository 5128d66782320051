// Where every observer puts what it saw: the embedded generator, the audit reader, the tailers of event and
// acknowledgement logs, the embedded subscribers, the fault executor. Joins into a History, writes the journals, and
// keeps the live counts that triggers and the live view read.
//
// Thread-safe: one lock; batch calls exist so that a burst takes it once per batch. A call with an index that was never
// given out is a harness error, not a crash.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/observe/server_seen.h"
#include "harness/verify/history.h"

namespace harness {

// The producer of this name (no scenario can give it to a producer of its own) writes the sentinels and nothing else: a
// `rec` of its is a sentinel's, in the log as at a client.
inline constexpr std::string_view kSentinelProducer = "_sentinel";

struct SendSeen {
  uint64_t sequence = 0;
  Send send;  // planned_ns, sent_ns, content_hash, partition if explicit, sentinel, measured, phase
  uint64_t id_hash = 0;
  bool find_phase = false;  // the sender knows no phases (a process): phase and measured are filled in from planned_ns
};
struct OutcomeSeen {
  uint64_t sequence = 0;
  int64_t acked_ns = 0;
  Outcome outcome = Outcome::kOk;
  int32_t partition = -1;
  int64_t offset = -1;
  bool time_is_replaced = false;
};
struct LogSeen {
  int32_t partition = 0;
  LogRecord record;
};

// The text behind an id_hash.
struct NameSeen {
  uint64_t id_hash = 0;
  std::string_view id;
};

struct ClientCounts {
  std::string name;
  int64_t delivered = 0;  // distinct records handed on, warm-up included, sentinels excluded
  int64_t dropped = 0;
  int64_t connections = 0;
  bool connected = false;
  bool awaited = false;  // it starts late, and has not yet
  bool left = false;
  int64_t last_delivery_ns = 0;
  int64_t lag = 0;  // records of the audited log that its filter matches and that it was not handed yet
};

// From when to when a client is there (Client::joined_ns, left_ns, starts_late).
struct ClientStay {
  int64_t joined_ns = 0;
  int64_t left_ns = 0;
  bool starts_late = false;
};

struct LiveCounts {
  int64_t sent = 0, acked = 0, failed = 0, unknown = 0, logged = 0, rejected = 0;  // sentinels excluded
  int64_t delivered_min = 0;  // minimum over observed clients that are there
  int64_t lag_max = 0;        // likewise
  std::vector<ClientCounts> clients;
};

class Recorder {
 public:
  // `history_dir`: where the journal goes (journal.h); empty: none (tests). Throws std::system_error when it can't be
  // opened there; a write that fails later becomes a harness error.
  Recorder(std::string run_id, const std::string& history_dir);
  ~Recorder();

  // Set-up, before observers start. Return the index that later calls take.
  uint16_t AddProducer(std::string name, bool has_acks);
  size_t AddClient(const Client& client);
  uint8_t AddPhase(const Phase& phase);
  void SetPartitions(const std::vector<int64_t>& start_offsets, bool audited);

  // Producers' side.
  void OnSends(uint16_t producer, std::span<const SendSeen> sends);
  void OnOutcomes(uint16_t producer, std::span<const OutcomeSeen> outcomes);
  // Every send of `producer` still without an outcome becomes kUnknown (its process ended, or it was purged).
  void OnProducerEnded(uint16_t producer);

  // The audit.
  void OnLog(std::span<const LogSeen> records);
  void OnWatermarks(int32_t partition, int64_t low, int64_t high);

  // Clients' side. A connection is meant by its number, the latest that was called so; by 0, or one that no connection
  // has, the newest. `connection` of a Delivery or Bookmark is that number.
  void OnConnection(size_t client, const Connection& connection);
  void OnDeliveries(size_t client, std::span<const Delivery> deliveries);
  // Behind the deliveries told so far; `deliveries` is filled in here.
  void OnBookmarks(size_t client, std::span<const Bookmark> bookmarks);
  // A failed attempt when no such stream is open.
  void OnConnectionEnd(size_t client, const FailedAttempt& end, uint32_t number = 0);
  void OnFailedAttempt(size_t client, const FailedAttempt& attempt);
  // Replaces what was said before; a client of which nothing is said stays from the beginning to the end.
  void OnClientStay(size_t client, const ClientStay& stay);
  // `sentence`: where it is and what is wrong with it; empty: not told.
  void OnBrokenLine(size_t client, std::string_view sentence);
  // A line that can be read and can't be true; of claims that are alike the first is kept. `count` is left out.
  void OnClaim(const Claim& claim);
  // A content for people to see beside a violation; at most kContentsMax are kept.
  void OnContent(const KeptContent& content);
  // When the first process of that name began; 0: none has.
  int64_t StartedNs(std::string_view process) const;

  // The prober's side. AddProbedServer returns the index that the others take.
  uint16_t AddProbedServer(const ProbedServer& server);
  void OnUnaryRead(const UnaryRead& read);
  void OnListWalk(const ListWalk& walk);
  // All that the dead-letter topic holds. Once, after the drain.
  void OnDeadLetters(std::span<const DeadLetterSeen> letters);

  // What the lines of a server's journal say. AddServer returns the index that OnServer takes.
  size_t AddServer(const std::string& name);
  void OnServer(size_t server, const ServerSeen& seen);

  // For people: the text behind an id_hash. Kept once per id.
  void OnName(uint64_t id_hash, std::string_view id);
  void OnNames(std::span<const NameSeen> names);

  // The runner's side.
  size_t OnFault(const FaultEvent& fault);
  void UpdateFault(size_t index, const std::function<void(FaultEvent*)>& change);
  size_t OnProcess(const ProcessSpan& span);
  void UpdateProcess(size_t index, const std::function<void(ProcessSpan*)>& change);
  void UpdatePhase(uint8_t phase, const std::function<void(Phase*)>& change);
  void HarnessError(std::string sentence);

  // `<run>.<producer>.<sequence>` of this run to a Rec; nullopt when it is another run's or not of that form.
  // `producer` may be unknown (a phantom): then nullopt too, and the caller keeps the text as a name.
  std::optional<Rec> ParseRec(std::string_view text) const;
  // A record of kSentinelProducer.
  bool IsSentinel(Rec rec) const;

  LiveCounts Counts() const;
  // Waits until `predicate(counts)` holds (checked after every change, at least every 10 ms) or `deadline_ns`
  // (monotonic) passes; returns whether it holds. The predicate is called without the lock: it may ask the Recorder.
  bool WaitFor(const std::function<bool(const LiveCounts&)>& predicate, int64_t deadline_ns) const;

  // Reads under the lock; keep it short.
  void Read(const std::function<void(const History&)>& reader) const;
  // Ends recording: closes the journal and gives the history away. Call once, after all observers have stopped.
  // `final_change` may set what a run knows only at its end: times, drained, interrupted, phases, faults, processes,
  // flags of clients and producers, harness errors. It may not touch what was seen; the journal would not have it.
  History Finish(const std::function<void(History*)>& final_change);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
