// Joins what the observers saw into a History, and counts. The Recorder feeds it live, the journal's reader feeds it
// the same events again: so both end with the same History. Pure; not thread-safe (the Recorder has the lock).
//
// Indices are those of the History; a call with an unknown one changes nothing and returns false. Contradictions in
// what observers say (a sequence number sent twice, offsets that go back) are not joined: they are complained of,
// counted, and become harness errors when the history is closed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "harness/observe/distinct_set.h"
#include "harness/observe/recorder.h"
#include "harness/observe/server_builder.h"
#include "harness/verify/history.h"

namespace harness {

inline constexpr int64_t kEventsMax = 400'000'000;  // of one run: 24 GiB at 64 bytes each
// Sequence numbers of one producer that were skipped so far (64 bytes each).
inline constexpr int64_t kSequencesMissingMax = int64_t{1} << 20;
inline constexpr size_t kProducersMax = 65'535;  // a Rec has 16 bits for it
inline constexpr size_t kPhasesMax = 255;
inline constexpr size_t kClientsMax = 65'535;
inline constexpr size_t kPartitionsMax = 100'000;
inline constexpr size_t kConnectionsMax = 1'000'000;  // of one client; attempts likewise
inline constexpr size_t kProbedServersMax = 65'535;
inline constexpr size_t kUnaryReadsMax = 1'000'000;
inline constexpr size_t kDeadLettersMax = 4'000'000;
inline constexpr size_t kListedMax = 4'000'000;  // payments of all traversals
inline constexpr size_t kNamesMax = 4'000'000;
inline constexpr size_t kNameBytesMax = 256;
inline constexpr size_t kHarnessErrorsMax = 1'000;
inline constexpr size_t kBrokenLineTextsMax = 8;
inline constexpr size_t kClaimsMax = 10'000;  // kinds of claims of all subjects
inline constexpr size_t kContentsMax = 1'000;
inline constexpr size_t kTextBytesMax = 4'096;  // longer messages and addresses are cut

// How many events there will be, where that is known before: what the History's vectors are made for, so that they are
// not moved while they grow. Too few or too many does no harm but to memory.
struct EntryCounts {
  std::vector<size_t> sends;       // by producer
  std::vector<size_t> logged;      // by partition
  std::vector<size_t> deliveries;  // by client
  size_t names = 0;
};

inline std::string CutText(std::string text) {
  if (text.size() > kTextBytesMax) text.resize(kTextBytesMax);
  return text;
}

class HistoryBuilder {
 public:
  explicit HistoryBuilder(std::string run_id, EntryCounts expected = {}, int64_t events_max = kEventsMax);

  // An index of the next one adds it; a known one replaces what is not an event.
  bool SetProducer(size_t producer, std::string name, bool has_acks);
  bool SetClient(size_t client, const Client& description);
  bool SetPhase(size_t phase, const Phase& value);
  bool SetFault(size_t fault, const FaultEvent& value);
  bool SetProcess(size_t process, const ProcessSpan& value);
  bool SetPartitions(std::span<const int64_t> start_offsets, bool audited);

  bool OnSends(size_t producer, std::span<const SendSeen> sends);
  bool OnOutcomes(size_t producer, std::span<const OutcomeSeen> outcomes);
  bool OnProducerEnded(size_t producer);
  bool OnLog(std::span<const LogSeen> records);
  bool OnWatermarks(int32_t partition, int64_t low, int64_t high);
  bool OnConnection(size_t client, const Connection& connection);
  bool OnDeliveries(size_t client, std::span<const Delivery> deliveries);
  // `connection` of a delivery, a bookmark: the connection's number, as the Recorder is told it.
  bool OnBookmarks(size_t client, std::span<const Bookmark> bookmarks);
  bool OnConnectionEnd(size_t client, const FailedAttempt& end, uint32_t number);
  bool SetProbedServer(size_t server, const ProbedServer& value);
  // Beyond kUnaryReadsMax and kListedMax they are counted and left out.
  bool OnUnaryRead(const UnaryRead& read);
  bool OnListWalk(ListWalk walk);
  // `whole`: the topic was read to its end. Beyond kDeadLettersMax they are counted and left out.
  bool OnDeadLetters(std::span<const DeadLetterSeen> letters, bool whole);
  bool SetServer(size_t server, const std::string& name) { return servers_.SetServer(server, name, &history_.servers); }
  bool OnServer(size_t server, const ServerSeen& seen);
  bool OnClientStay(size_t client, const ClientStay& stay);
  bool OnFailedAttempt(size_t client, const FailedAttempt& attempt);
  bool OnBrokenLines(size_t client, int64_t count);
  // One of them, with where it is and what is wrong: of the first kBrokenLineTextsMax of a client this is kept.
  bool OnBrokenLineText(size_t client, std::string_view sentence);
  // Counts it; what is kept of those of one subject and kind is the first.
  bool OnClaim(const Claim& claim);
  bool OnContent(const KeptContent& content);
  // True when the name is new and was kept.
  bool OnName(uint64_t id_hash, std::string_view id);
  void HarnessError(std::string sentence);

  // The phases are over: places the sends of producers that know no phases.
  void PlaceInPhases();
  // What was complained of becomes harness errors. Once, at the end.
  void ReportComplaints();

  History& history() { return history_; }
  const History& history() const { return history_; }
  LiveCounts Counts() const;
  // Never sent: sequence numbers below a producer's greatest that no send has named.
  int64_t sequences_missing(size_t producer) const { return producers_[producer].missing; }
  int64_t names_skipped() const { return names_skipped_; }

 private:
  struct ProducerState {
    int64_t missing = 0;
    bool find_phase = false;
  };
  struct ClientState {
    DistinctSet seen;
    std::unordered_map<uint32_t, uint32_t> connections;  // by number: the latest that was called so
  };
  struct Complaint {
    std::string first;
    int64_t count = 0;
  };

  Send* Slot(size_t producer, uint64_t sequence);
  // Whether `count` more events may be kept; complained of, once they may not.
  bool HasRoomFor(size_t count);
  void Complain(const std::string& key, const std::string& sentence);
  void ClaimOf(size_t producer, const std::string& what);
  bool IsDistinct(size_t client, const Delivery& delivery);
  // Index of the connection that `number` means; the client has at least one.
  uint32_t ConnectionOf(size_t client, uint32_t number) const;
  // Adds `sign` times what this send counts for.
  void Count(const Send& send, int64_t sign);

  History history_;
  const EntryCounts expected_;
  const int64_t events_max_;
  int64_t events_ = 0;
  LiveCounts counts_;
  // Valid records of the audited log by provider and status, sentinels excluded: what a filter matches up to now.
  static constexpr size_t kKinds = 8;
  std::array<std::array<int64_t, kKinds>, kKinds> logged_kinds_{};
  int64_t LoggedFor(const pipeline::Filter& filter) const;
  std::vector<ProducerState> producers_;
  std::vector<ClientState> clients_;
  ServerBuilder servers_;
  std::map<std::string, Complaint> complaints_;
  std::map<std::tuple<SubjectKind, uint32_t, ClaimKind>, size_t> claims_;  // index into History::claims
  int64_t names_skipped_ = 0;
  size_t listed_ = 0;
  int64_t harness_errors_skipped_ = 0;
};

}  // namespace harness
