#include "harness/report/run_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "harness/report/names.h"
#include "harness/verify/server_evidence.h"

namespace harness {
namespace {

using Visit = std::function<void(const RunEvent&)>;

void VisitSends(const History& history, const Visit& visit) {
  for (uint32_t p = 0; p < history.producers.size(); ++p) {
    const Producer& producer = history.producers[p];
    for (uint64_t i = 0; i < producer.sends.size(); ++i) {
      const Send& send = producer.sends[i];
      if (send.sent_ns != 0) {
        if (send.planned_ns != 0) visit({send.planned_ns, i, p, EventType::kPlanned});
        visit({send.sent_ns, i, p, EventType::kSent});
      }
      const bool open = send.outcome == Outcome::kPending;
      if (!open || (send.sent_ns != 0 && producer.has_acks)) visit({send.acked_ns, i, p, EventType::kOutcome});
    }
  }
}

// An event of each time that came.
void VisitIfCame(const Visit& visit, int64_t time_ns, uint64_t index, uint32_t actor, EventType type) {
  if (time_ns != 0) visit({time_ns, index, actor, type});
}

void VisitConnections(const History& history, const Visit& visit) {
  for (uint32_t c = 0; c < history.clients.size(); ++c) {
    const Client& client = history.clients[c];
    for (uint64_t i = 0; i < client.connections.size(); ++i) {
      VisitIfCame(visit, client.connections[i].started_ns, i, c, EventType::kConnected);
      VisitIfCame(visit, client.connections[i].ended_ns, i, c, EventType::kDisconnected);
    }
    for (uint64_t i = 0; i < client.attempts.size(); ++i) {
      visit({client.attempts[i].time_ns, i, c, EventType::kAttemptFailed});
    }
  }
}

std::string At(int32_t partition, int64_t offset) {
  return offset < 0 ? "no position" : fmt::format("partition {} offset {}", partition, offset);
}

std::string SentinelMark(bool sentinel) { return sentinel ? ", a sentinel" : ""; }

std::string SendText(const History& history, const RunEvent& event) {
  const Send& send = SendOf(history, event);
  switch (event.type) {
    case EventType::kPlanned:
      return send.phase < history.phases.size() ? "phase " + history.phases[send.phase].name : "";
    case EventType::kSent:
      return fmt::format("by {}, content {:016x}{}", history.producers[event.actor].name, send.content_hash,
                         SentinelMark(send.sentinel));
    default:
      return std::string(OutcomeName(send.outcome)) +
             (send.offset >= 0 ? ", " + At(send.partition, send.offset) : std::string());
  }
}

// Whose stream it is, where a client's log says so: "client fast's connection 2".
std::string SubscriberText(const History& history, const std::string& subscription) {
  for (const Client& client : history.clients) {
    for (size_t i = 0; i < client.connections.size(); ++i) {
      if (client.connections[i].subscription != subscription) continue;
      return fmt::format(", client {}'s connection {}", client.name, i + 1);
    }
  }
  return "";
}

std::string ServerText(const History& history, const RunEvent& event) {
  const JournaledServer& server = history.servers[event.actor];
  const ServerEvent& seen = server.events[event.index];
  const std::string at = At(seen.partition, seen.offset);
  if (event.type == EventType::kServerRead) {
    const bool accepted = seen.reason == pipeline::RejectReason::kNone;
    return at + (accepted ? "" : fmt::format(", rejected: {}", pipeline::RejectReasonName(seen.reason)));
  }
  const ServerStream& stream = server.streams[seen.owner];
  return fmt::format("{} to subscription {}{}", at, stream.number,
                     SubscriberText(history, SubscriptionName(server, stream)));
}

std::string ConnectedText(const Connection& connection, uint64_t index, int32_t partition) {
  std::string text = fmt::format("connection {} to {}, {}", index + 1, connection.server,
                                 connection.resumed ? "resumed" : "from the beginning");
  for (const TokenPart& start : connection.token) {
    if (start.partition == partition && partition >= 0) text += fmt::format(" after offset {}", start.after);
  }
  return text;
}

std::string EndText(int code, const std::string& message) {
  return fmt::format("with code {}{}{}", code, message.empty() ? "" : " ", message);
}

std::string ProcessText(const ProcessSpan& process, EventType type) {
  if (type == EventType::kProcessStarted) return fmt::format("pid {} started", process.pid);
  if (type == EventType::kProcessReady) return fmt::format("pid {} ready", process.pid);
  return fmt::format("pid {} ended{}: {}", process.pid,
                     process.ended_by_fault     ? " by a fault"
                     : process.ended_by_harness ? " as the harness asked"
                                                : "",
                     process.how);
}

}  // namespace

std::string_view EventTypeName(EventType type) {
  static constexpr std::string_view kNames[] = {
      "phase_began",    "process_started", "process_ready", "fault_struck", "process_ended", "disconnected",
      "attempt_failed", "fault_healed",    "connected",     "planned",      "sent",          "outcome",
      "logged",         "server_read",     "server_wrote",  "delivered",    "phase_ended"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view DeliveryKindName(DeliveryKind kind) {
  static constexpr std::string_view kNames[] = {"existing", "new", "dropped", "untold"};
  return kNames[static_cast<size_t>(kind)];
}

bool Before(const RunEvent& a, const RunEvent& b) {
  const auto key = [](const RunEvent& event) {
    const int64_t time_ns = event.time_ns == 0 ? std::numeric_limits<int64_t>::max() : event.time_ns;
    return std::tuple(time_ns, event.type, event.actor, event.index);
  };
  return key(a) < key(b);
}

void ForEachRecordEvent(const History& history, const Visit& visit) {
  VisitSends(history, visit);
  for (uint32_t p = 0; p < history.partitions.size(); ++p) {
    const std::vector<LogRecord>& records = history.partitions[p].records;
    for (uint64_t i = 0; i < records.size(); ++i) visit({records[i].seen_ns, i, p, EventType::kLogged});
  }
  for (uint32_t s = 0; s < history.servers.size(); ++s) {
    const std::vector<ServerEvent>& events = history.servers[s].events;
    for (uint64_t i = 0; i < events.size(); ++i) {
      const bool read = events[i].kind == ServerEventKind::kRead;
      visit({events[i].time_ns, i, s, read ? EventType::kServerRead : EventType::kServerWrote});
    }
  }
  for (uint32_t c = 0; c < history.clients.size(); ++c) {
    const std::vector<Delivery>& deliveries = history.clients[c].deliveries;
    for (uint64_t i = 0; i < deliveries.size(); ++i) visit({deliveries[i].time_ns, i, c, EventType::kDelivered});
  }
}

void ForEachOtherEvent(const History& history, const Visit& visit) {
  VisitConnections(history, visit);
  for (uint32_t f = 0; f < history.faults.size(); ++f) {
    VisitIfCame(visit, history.faults[f].struck_ns, 0, f, EventType::kFaultStruck);
    VisitIfCame(visit, history.faults[f].healed_ns, 0, f, EventType::kFaultHealed);
  }
  for (uint32_t p = 0; p < history.processes.size(); ++p) {
    VisitIfCame(visit, history.processes[p].started_ns, 0, p, EventType::kProcessStarted);
    VisitIfCame(visit, history.processes[p].ready_ns, 0, p, EventType::kProcessReady);
    VisitIfCame(visit, history.processes[p].ended_ns, 0, p, EventType::kProcessEnded);
  }
  for (uint32_t p = 0; p < history.phases.size(); ++p) {
    VisitIfCame(visit, history.phases[p].begin_ns, 0, p, EventType::kPhaseBegan);
    VisitIfCame(visit, history.phases[p].end_ns, 0, p, EventType::kPhaseEnded);
  }
}

std::vector<RunEvent> AllEvents(const History& history) {
  std::vector<RunEvent> events;
  const Visit keep = [&](const RunEvent& event) { events.push_back(event); };
  ForEachRecordEvent(history, keep);
  ForEachOtherEvent(history, keep);
  std::sort(events.begin(), events.end(), Before);
  return events;
}

const Send& SendOf(const History& history, const RunEvent& event) {
  return history.producers[event.actor].sends[event.index];
}
const LogRecord& LogRecordOf(const History& history, const RunEvent& event) {
  return history.partitions[event.actor].records[event.index];
}
const ServerEvent& ServerEventOf(const History& history, const RunEvent& event) {
  return history.servers[event.actor].events[event.index];
}
const Delivery& DeliveryOf(const History& history, const RunEvent& event) {
  return history.clients[event.actor].deliveries[event.index];
}

RecordSeen RecordOf(const History& history, const RunEvent& event) {
  switch (event.type) {
    case EventType::kPlanned:
    case EventType::kSent:
      return {Rec::Make(static_cast<uint16_t>(event.actor), event.index + 1), -1, -1, SendOf(history, event).id_hash};
    case EventType::kOutcome: {
      const Send& send = SendOf(history, event);
      return {Rec::Make(static_cast<uint16_t>(event.actor), event.index + 1), send.partition, send.offset,
              send.id_hash};
    }
    case EventType::kLogged: {
      const LogRecord& record = LogRecordOf(history, event);
      return {record.rec, static_cast<int32_t>(event.actor), record.offset, record.id_hash};
    }
    case EventType::kServerRead:
    case EventType::kServerWrote: {
      const ServerEvent& seen = ServerEventOf(history, event);
      return {{}, seen.partition, seen.offset, 0};
    }
    case EventType::kDelivered: {
      const Delivery& delivery = DeliveryOf(history, event);
      return {delivery.rec, delivery.partition, delivery.offset, delivery.id_hash};
    }
    default:
      return {};
  }
}

std::string ActorName(const History& history, const RunEvent& event) {
  switch (event.type) {
    case EventType::kPlanned:
    case EventType::kSent:
    case EventType::kOutcome:
      return history.producers[event.actor].name;
    case EventType::kLogged:
      return "";
    case EventType::kServerRead:
    case EventType::kServerWrote:
      return history.servers[event.actor].name;
    case EventType::kDelivered:
    case EventType::kConnected:
    case EventType::kDisconnected:
    case EventType::kAttemptFailed:
      return history.clients[event.actor].name;
    case EventType::kFaultStruck:
    case EventType::kFaultHealed:
      return history.faults[event.actor].name;
    case EventType::kPhaseBegan:
    case EventType::kPhaseEnded:
      return history.phases[event.actor].name;
    default:
      return history.processes[event.actor].name;
  }
}

std::string EventPlace(const History& history, const RunEvent& event) {
  switch (event.type) {
    case EventType::kPlanned:
      return "planned";
    case EventType::kSent:
      return "sent";
    case EventType::kOutcome:
      return "acknowledged";
    case EventType::kLogged:
      return "in the topic";
    case EventType::kServerRead:
      return "read by " + ActorName(history, event);
    case EventType::kServerWrote:
      return "written by " + ActorName(history, event);
    case EventType::kDelivered:
    case EventType::kConnected:
    case EventType::kDisconnected:
    case EventType::kAttemptFailed:
      return "client " + ActorName(history, event);
    case EventType::kFaultStruck:
    case EventType::kFaultHealed:
      return "fault " + ActorName(history, event);
    case EventType::kPhaseBegan:
    case EventType::kPhaseEnded:
      return "phase " + ActorName(history, event);
    default:
      return "process " + ActorName(history, event);
  }
}

std::string EventText(const History& history, const RunEvent& event, int32_t partition) {
  switch (event.type) {
    case EventType::kPlanned:
    case EventType::kSent:
    case EventType::kOutcome:
      return SendText(history, event);
    case EventType::kLogged: {
      const LogRecord& record = LogRecordOf(history, event);
      return fmt::format("partition {} offset {}, crc32c {:08x}, content {:016x}{}", event.actor, record.offset,
                         record.crc32c, record.content_hash, SentinelMark(record.sentinel));
    }
    case EventType::kServerRead:
    case EventType::kServerWrote:
      return ServerText(history, event);
    case EventType::kDelivered: {
      const Delivery& delivery = DeliveryOf(history, event);
      const std::string where = At(delivery.partition, delivery.offset);
      // Of what it dropped (it had handed on that or a later one) a client's log says no more than where it stood.
      if (delivery.kind == DeliveryKind::kDropped) {
        return fmt::format("dropped, {}, connection {}", where, delivery.connection + 1);
      }
      return fmt::format("{}, {}, connection {}, content {:016x}{}", DeliveryKindName(delivery.kind), where,
                         delivery.connection + 1, delivery.content_hash, SentinelMark(delivery.sentinel));
    }
    case EventType::kConnected:
      return ConnectedText(history.clients[event.actor].connections[event.index], event.index, partition);
    case EventType::kDisconnected: {
      const Connection& connection = history.clients[event.actor].connections[event.index];
      return fmt::format("connection {} ended {}", event.index + 1, EndText(connection.code, connection.message));
    }
    case EventType::kAttemptFailed: {
      const FailedAttempt& attempt = history.clients[event.actor].attempts[event.index];
      return "failed to connect, " + EndText(attempt.code, attempt.message);
    }
    case EventType::kFaultStruck:
    case EventType::kFaultHealed: {
      const FaultEvent& fault = history.faults[event.actor];
      const std::string what = fmt::format("{} {}", fault.type, fault.target);
      return event.type == EventType::kFaultHealed ? what + ", healed" : what + ", struck; " + fault.evidence;
    }
    case EventType::kPhaseBegan:
      return "begins";
    case EventType::kPhaseEnded:
      return "ends";
    default:
      return ProcessText(history.processes[event.actor], event.type);
  }
}

}  // namespace harness
