// What happened in a run as one row of events: a History's entries, each as a small reference that can be put in time
// order. Called by the witness and by `harness history`. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verify/history.h"

namespace harness {

// In the order in which events of the same moment are told.
enum class EventType : uint8_t {
  kPhaseBegan,
  kProcessStarted,
  kProcessReady,
  kFaultStruck,
  kProcessEnded,
  kDisconnected,
  kAttemptFailed,
  kFaultHealed,
  kConnected,
  kPlanned,
  kSent,
  kOutcome,  // what the producer was told, or that it was told nothing
  kLogged,
  kServerRead,   // by a server that keeps a journal
  kServerWrote,  // to one of its streams
  kDelivered,
  kPhaseEnded,
};
// "planned", "outcome", "process_ready": as machine-readable output spells them.
std::string_view EventTypeName(EventType type);

struct RunEvent {
  int64_t time_ns = 0;  // 0: it never came (an outcome that nobody told)
  uint64_t index = 0;   // of the send, log record, server event, delivery, connection or attempt within its actor
  uint32_t actor = 0;   // index of the producer, partition, server, client, fault, process or phase in the History
  EventType type = EventType::kSent;
  bool operator==(const RunEvent&) const = default;
};
static_assert(sizeof(RunEvent) <= 24);  // a run has five or more for each record

// In time order; what never came is last.
bool Before(const RunEvent& a, const RunEvent& b);

// The events of records (planned, sent, outcome, logged, read and written by servers, delivered), not in time order.
void ForEachRecordEvent(const History& history, const std::function<void(const RunEvent&)>& visit);
// All others: what records went through meanwhile.
void ForEachOtherEvent(const History& history, const std::function<void(const RunEvent&)>& visit);
// Everything, in time order.
std::vector<RunEvent> AllEvents(const History& history);

// What an event refers to. Call the one that its type says.
const Send& SendOf(const History& history, const RunEvent& event);
const LogRecord& LogRecordOf(const History& history, const RunEvent& event);
const ServerEvent& ServerEventOf(const History& history, const RunEvent& event);
const Delivery& DeliveryOf(const History& history, const RunEvent& event);

// What an event says of a record; an event of nothing but a client or a process says nothing of one.
struct RecordSeen {
  Rec rec;
  int32_t partition = -1;
  int64_t offset = -1;
  uint64_t id_hash = 0;
};
RecordSeen RecordOf(const History& history, const RunEvent& event);

// Who did it: the producer, client, fault, process or phase; of what the topic holds nobody, "".
std::string ActorName(const History& history, const RunEvent& event);
// For people: where it happened ("acknowledged", "in the topic", "client fast") and what ("ok, partition 0 offset 4").
// `partition`: of the record that the reader asks about, so that a stream's start says where it began there; -1: none.
std::string EventPlace(const History& history, const RunEvent& event);
std::string EventText(const History& history, const RunEvent& event, int32_t partition = -1);
std::string_view DeliveryKindName(DeliveryKind kind);  // "existing", "new", "dropped", "untold"

}  // namespace harness
