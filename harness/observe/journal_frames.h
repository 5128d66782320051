// What stands in a journal's frames (docs/formats.md, "Journals"): one frame type per call of the HistoryBuilder,
// encoded by the Recorder, replayed by the journal's reader. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "harness/observe/history_builder.h"
#include "harness/observe/recorder.h"
#include "harness/observe/server_seen.h"

namespace harness {

// Numbers are part of the format.
enum class FrameType : uint8_t {
  kRun = 1,
  kProducer = 2,
  kClient = 3,
  kPhase = 4,
  kPartitions = 5,
  kSends = 6,
  kOutcomes = 7,
  kProducerEnded = 8,
  kLog = 9,
  kWatermarks = 10,
  kConnection = 11,
  kDeliveries = 12,
  kConnectionEnd = 13,
  kFailedAttempt = 14,
  kBrokenLines = 15,
  kNames = 16,
  kFault = 17,
  kProcess = 18,
  kHarnessError = 19,
  kClosing = 20,
  kProbedServer = 21,
  kUnaryRead = 22,
  kListWalk = 23,
  kServer = 24,
  kServerStarted = 25,  // from here on one for each ServerSeen, in its order
  kServerBegan = 26,
  kServerRecords = 27,
  kServerEnded = 28,
  kServerCut = 29,
  kServerStopped = 30,
  kServerBroken = 31,
  kBookmarks = 32,
  kDeadLetters = 33,
  kClaim = 37,
  kContent = 38,
  kClientStay = 41,
  kBrokenLineText = 45,
};

inline constexpr size_t kFramePayloadBytesMax = size_t{16} << 20;
// Entries of one frame: longer batches are told in several, so that a torn one loses little.
inline constexpr size_t kFrameEntriesMax = 4'096;

// Each clears *out and fills it with a payload.
void EncodeRun(std::string_view run_id, std::string* out);
void EncodeProducer(size_t index, const Producer& producer, std::string* out);
void EncodeClient(size_t index, const Client& client, std::string* out);
void EncodePhase(size_t index, const Phase& phase, std::string* out);
void EncodePartitions(std::span<const int64_t> start_offsets, bool audited, std::string* out);
void EncodeSends(size_t producer, std::span<const SendSeen> sends, std::string* out);
void EncodeOutcomes(size_t producer, std::span<const OutcomeSeen> outcomes, std::string* out);
void EncodeProducerEnded(size_t producer, std::string* out);
void EncodeLog(std::span<const LogSeen> records, std::string* out);
void EncodeWatermarks(int32_t partition, int64_t low, int64_t high, std::string* out);
void EncodeConnection(size_t client, const Connection& connection, std::string* out);
void EncodeDeliveries(size_t client, std::span<const Delivery> deliveries, std::string* out);
void EncodeBookmarks(size_t client, std::span<const Bookmark> bookmarks, std::string* out);
void EncodeConnectionEnd(size_t client, const FailedAttempt& end, uint32_t number, std::string* out);
void EncodeFailedAttempt(size_t client, const FailedAttempt& attempt, std::string* out);
void EncodeBrokenLines(size_t client, int64_t count, std::string* out);
void EncodeBrokenLineText(size_t client, std::string_view sentence, std::string* out);
void EncodeNames(std::span<const NameSeen> names, std::string* out);
void EncodeFault(size_t index, const FaultEvent& fault, std::string* out);
void EncodeProcess(size_t index, const ProcessSpan& process, std::string* out);
void EncodeClientStay(size_t client, const ClientStay& stay, std::string* out);
void EncodeHarnessError(std::string_view sentence, std::string* out);
void EncodeProbedServer(size_t index, const ProbedServer& server, std::string* out);
void EncodeUnaryRead(const UnaryRead& read, std::string* out);
void EncodeListWalk(const ListWalk& walk, std::string* out);
void EncodeDeadLetters(std::span<const DeadLetterSeen> letters, bool whole, std::string* out);
void EncodeClaim(const Claim& claim, std::string* out);
void EncodeContent(const KeptContent& content, std::string* out);
void EncodeServer(size_t index, std::string_view name, std::string* out);
FrameType FrameTypeOf(const ServerSeen& seen);
void EncodeServerSeen(size_t index, const ServerSeen& seen, std::string* out);
// What a run knows only at its end: times of load and drain, whether it drained or was interrupted, all harness errors.
void EncodeClosing(const History& history, std::string* out);

// Adds what one frame will make grow; nothing when its payload makes no sense.
void CountEntries(FrameType type, std::string_view payload, EntryCounts* counts);
// Applies one frame. False: its payload is not one of its type (damage, or another version).
bool ReplayFrame(FrameType type, std::string_view payload, HistoryBuilder* builder);

}  // namespace harness
