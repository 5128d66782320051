// The server's journal as text (docs/formats.md, "Server journal"): what goes into a line. Called by the ServerJournal.
// Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "payment.pb.h"
#include "payment/payment.h"
#include "payment/record_decoder.h"

namespace pipeline {

// A record that was read from Kafka, or one that was handed to gRPC.
struct JournaledRecord {
  int64_t time_ns = 0;
  int64_t offset = 0;
  int32_t partition = 0;
  RejectReason reason = RejectReason::kNone;  // read: kNone, it was accepted
};

// A stream whose StreamStart was sent.
struct SubscriptionBegan {
  int64_t time_ns = 0;
  uint64_t number = 0;  // from 1, unique in its process
  std::string peer;
  Filter filter;
  std::optional<::payment::ResumeToken> sent;  // as it came
  ::payment::ResumeToken token;                // the StreamStart's
};

// Each appends one JSON object, unsealed and without a newline. The records of one line may not be empty.
void AppendJournalStart(int64_t time_ns, std::string_view server_id, int64_t pid, std::string* out);
void AppendJournalRead(std::span<const JournaledRecord> records, std::string* out);
void AppendJournalBegin(const SubscriptionBegan& began, std::string* out);
void AppendJournalWrite(uint64_t subscription, std::span<const JournaledRecord> events, std::string* out);
void AppendJournalEnd(int64_t time_ns, uint64_t subscription, int code, std::string_view reason, std::string* out);
void AppendJournalCut(int64_t time_ns, int64_t lost, std::string* out);
void AppendJournalStop(int64_t time_ns, std::string* out);

// How a stream is called in its metadata and in its client's event log: "<server id>/<number>".
std::string SubscriptionName(std::string_view server_id, uint64_t number);

}  // namespace pipeline
