#include "tests/verify/story.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

namespace harness {

Story::Story(int partitions, const std::vector<std::string>& clients) {
  scenario.expect.acked_share = 0;  // too short for a share
  history.run_id = "run";
  history.load_begin_ns = now_ns;
  history.partitions.resize(static_cast<size_t>(partitions));
  Phase phase;
  phase.name = "steady";
  phase.begin_ns = now_ns;
  history.phases.push_back(phase);
  scenario.phases.emplace_back().name = "steady";
  scenario.servers.emplace_back().name = "server-1";
  scenario.producers.emplace_back().name = "load";
  scenario.producers.emplace_back().name = "shop";
  history.producers.emplace_back().name = "load";
  history.producers.emplace_back().name = "shop";
  AddProcess("server-1", now_ns);
  AddProcess("shop", now_ns);
  for (const std::string& name : clients) {
    scenario.expect.acked_share = 0;  // too short for a share
    scenario.clients.emplace_back().name = name;
    history.clients.emplace_back().name = name;
    AddProcess(name, now_ns);
    Connect(history.clients.size() - 1, {});
  }
}

int64_t Story::Write(int32_t partition, Record record) {
  PartitionLog& log = history.partitions[static_cast<size_t>(partition)];
  auto& sends = history.producers[record.producer].sends;
  Send send;
  send.planned_ns = send.sent_ns = Tick();
  send.acked_ns = Tick();
  const uint64_t number = (uint64_t{record.producer} << 24) + sends.size() + 1;
  send.content_hash = number << 32 | number;  // with metadata
  send.offset = log.end_offset;
  send.partition = partition;
  send.outcome = Outcome::kOk;
  send.sentinel = record.sentinel;
  send.measured = !record.sentinel;
  if (record.producer == 0 && !record.sentinel) ++history.phases[0].planned;
  sends.push_back(send);
  LogRecord logged;
  logged.seen_ns = Tick();
  logged.offset = log.end_offset++;
  logged.rec = Rec::Make(static_cast<uint16_t>(record.producer), sends.size());
  logged.content_hash = send.content_hash;
  logged.id_hash = record.id != 0 ? record.id : 1'000'000 + next_id_++;
  logged.timestamp_s = 1'700'000'000;
  logged.crc32c = static_cast<uint32_t>(send.content_hash);
  logged.provider = record.provider;
  logged.status = record.status;
  logged.valid = true;
  logged.sentinel = record.sentinel;
  log.records.push_back(logged);
  return logged.offset;
}

LogRecord* Story::LogAt(int32_t partition, int64_t offset) {
  auto& records = history.partitions[static_cast<size_t>(partition)].records;
  return &*std::find_if(records.begin(), records.end(),
                        [&](const LogRecord& record) { return record.offset == offset; });
}

Send* Story::SendAt(int32_t partition, int64_t offset) {
  const Rec rec = LogAt(partition, offset)->rec;
  return &history.producers[rec.producer()].sends[rec.sequence() - 1];
}

Connection* Story::Connect(size_t client, std::vector<TokenPart> token, bool resumed) {
  Connection& connection = history.clients[client].connections.emplace_back();
  connection.started_ns = Tick();
  connection.has_start = true;
  connection.resumed = resumed;
  connection.token = std::move(token);
  return &connection;
}

void Story::BeginNow(size_t client, std::vector<TokenPart> token) {
  Connection& connection = history.clients[client].connections.back();
  connection.started_ns = Tick();
  connection.token = std::move(token);
}

void Story::Break(size_t client, int code) {
  Connection& connection = history.clients[client].connections.back();
  connection.ended_ns = Tick();
  connection.code = code;
}

void Story::Deliver(size_t client, int32_t partition, int64_t offset, DeliveryKind kind) {
  Client& receiver = history.clients[client];
  const LogRecord& record = *LogAt(partition, offset);
  Delivery delivery;
  delivery.time_ns = Tick();
  delivery.partition = partition;
  delivery.offset = offset;
  delivery.connection = static_cast<uint32_t>(receiver.connections.size() - 1);
  delivery.kind = kind;
  if (kind != DeliveryKind::kDropped) {
    delivery.rec = record.rec;
    delivery.content_hash = record.content_hash;
    delivery.id_hash = record.id_hash;
    delivery.crc32c = record.crc32c;
    delivery.sentinel = record.sentinel;
  }
  if (receiver.connections.back().first_message_ns == 0) receiver.connections.back().first_message_ns = now_ns;
  receiver.deliveries.push_back(delivery);
}

void Story::Tell(size_t client, int32_t partition, int64_t offset) {
  Client& receiver = history.clients[client];
  receiver.bookmarks.push_back({.time_ns = Tick(),
                                .offset = offset,
                                .deliveries = receiver.deliveries.size(),
                                .partition = partition,
                                .connection = static_cast<uint32_t>(receiver.connections.size() - 1)});
}

void Story::DeliverFrom(size_t client, int32_t partition, int64_t from) {
  for (const LogRecord& record : history.partitions[static_cast<size_t>(partition)].records) {
    if (record.offset >= from) Deliver(client, partition, record.offset);
  }
}

void Story::End(const std::vector<size_t>& except) {
  history.phases.back().end_ns = history.load_end_ns = Tick();
  for (int32_t p = 0; p < static_cast<int32_t>(history.partitions.size()); ++p) {
    // One for each distinct filter; every client gets those that it matches.
    for (size_t c = 0; c < history.clients.size(); ++c) {
      const pipeline::Filter& filter = history.clients[c].filter;
      Record record;
      if (filter.provider != pipeline::Provider::kUnknown) record.provider = filter.provider;
      if (filter.status != pipeline::PaymentStatus::kUnknown) record.status = filter.status;
      record.sentinel = true;
      const int64_t offset = Write(p, record);
      for (size_t receiver = 0; receiver < history.clients.size(); ++receiver) {
        const bool wanted = history.clients[receiver].filter.Matches(record.provider, record.status);
        const bool left_out = std::find(except.begin(), except.end(), receiver) != except.end();
        if (wanted && !left_out && history.clients[receiver].observed) Deliver(receiver, p, offset);
      }
    }
  }
  history.drain_end_ns = Tick();
  history.drained = except.empty();
}

FaultEvent* Story::AddFault(const std::string& name, const std::string& target, int64_t struck_ns, int64_t healed_ns) {
  FaultEvent& fault = history.faults.emplace_back();
  fault.name = name;
  fault.type = "process.kill";
  fault.target = target;
  fault.planned_ns = fault.struck_ns = struck_ns;
  fault.healed_ns = healed_ns;
  fault.effective = true;
  fault.evidence = "pid 7 ended by signal 9";
  return &fault;
}

ProcessSpan* Story::AddProcess(const std::string& name, int64_t started_ns, int64_t ended_ns) {
  ProcessSpan& span = history.processes.emplace_back();
  span.name = name;
  span.pid = 7;
  span.started_ns = span.ready_ns = started_ns;
  span.ended_ns = ended_ns;
  return &span;
}

void Story::AddThreshold(const std::string& text) {
  const auto threshold = ParseThreshold(text);
  if (const auto* problem = std::get_if<std::string>(&threshold)) throw std::invalid_argument(*problem);
  scenario.expect.thresholds.push_back(std::get<Threshold>(threshold));
}

}  // namespace harness
