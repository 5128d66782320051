// A record's whole life: what somebody calls a record, looked up in a History, and everything that happened to it.
// Called by the witness and by `harness history`. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/run_event.h"
#include "harness/verify/history.h"

namespace harness {

struct RecordPosition {
  int32_t partition = -1;
  int64_t offset = -1;
  auto operator<=>(const RecordPosition&) const = default;
};

// One record: by its identity, by where it stands in the topic, or both. Of what a client was handed without either,
// the payment's id is all that there is.
struct RecordName {
  Rec rec;
  std::vector<RecordPosition> positions;
  uint64_t id_hash = 0;  // 0 where it has a rec or a position
  bool operator==(const RecordName&) const = default;
};

// What FindRecords understands, for people.
inline constexpr std::string_view kRecordForms =
    "a rec (RUN.PRODUCER.SEQUENCE or PRODUCER.SEQUENCE), a payment id (all its records), or a position "
    "(PARTITION@OFFSET)";

// The records that `id` means in one of the forms above, with every position that the topic holds them at. Empty: the
// run knows none. O(events).
std::vector<RecordName> FindRecords(const History& history, std::string_view id);
// All records of a payment, by the hash of its id: what was sent, what the topic holds, and what any client was handed.
std::vector<RecordName> FindRecordsOfPayment(const History& history, uint64_t id_hash);
// `name` with the rec that the topic, or a producer that was told of this place and sent that content, gives it.
RecordName Completed(const History& history, RecordName name);

// Everything that happened to any of `records`, in time order. What a client was handed without rec and position is a
// record's when it has the same payment id and content.
std::vector<RunEvent> LifeOf(const History& history, std::span<const RecordName> records);
// Those of `life` that are of `record`.
std::vector<RunEvent> LifeWithin(const History& history, std::span<const RunEvent> life, const RecordName& record);

// What else happened between the first and the last of `life`: faults (also those that were on before), breaks and
// connections of clients, processes; in time order.
std::vector<RunEvent> MeanwhileOf(const History& history, std::span<const RunEvent> life);

// The hops at which a record should have been seen and was not: the place, and why or that it is missing.
struct Absence {
  std::string place;
  std::string sentence;
};
std::vector<Absence> AbsencesOf(const History& history, std::span<const RunEvent> life);

// "pay_5", or its hash where the run did not keep the id.
std::string PaymentIdText(const History& history, uint64_t id_hash);

}  // namespace harness
