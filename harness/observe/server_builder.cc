#include "harness/observe/server_builder.h"

#include <algorithm>
#include <utility>

#include "harness/observe/history_builder.h"

namespace harness {
namespace {

std::string Cut(const std::string& text) { return text.substr(0, kTextBytesMax); }

// The process at hand; one whose start line is missing counts from its first line.
uint32_t LifeOf(JournaledServer* server, int64_t time_ns) {
  if (server->lives.empty()) server->lives.emplace_back().started_ns = time_ns;
  return static_cast<uint32_t>(server->lives.size() - 1);
}

}  // namespace

bool ServerBuilder::SetServer(size_t server, const std::string& name, std::vector<JournaledServer>* servers) {
  if (server > servers->size() || server >= kServersMax) return false;
  if (server == servers->size()) {
    servers->emplace_back();
    numbers_.emplace_back();
  }
  (*servers)[server].name = Cut(name);
  return true;
}

bool ServerBuilder::On(size_t server, const ServerSeen& seen, std::vector<JournaledServer>* servers) {
  if (server >= servers->size()) return false;
  std::visit([&](const auto& what) { Take(what, &(*servers)[server], &numbers_[server]); }, seen);
  return true;
}

void ServerBuilder::Take(const ServerStarted& seen, JournaledServer* server, Numbers* numbers) {
  numbers->clear();
  if (server->lives.size() >= kServerLivesMax) {
    ++server->broken_lines;
    return;
  }
  server->lives.push_back({.server_id = Cut(seen.server_id), .pid = seen.pid, .started_ns = seen.time_ns});
}

void ServerBuilder::Take(const ServerBegan& seen, JournaledServer* server, Numbers* numbers) {
  const auto index = static_cast<uint32_t>(server->streams.size());
  if (index >= kServerStreamsMax || !numbers->emplace(seen.stream.number, index).second) {
    ++server->broken_lines;
    return;
  }
  ServerStream& stream = server->streams.emplace_back(seen.stream);
  stream.life = LifeOf(server, stream.began_ns);
  stream.peer = Cut(stream.peer);
}

void ServerBuilder::Take(const ServerRecords& seen, JournaledServer* server, Numbers* numbers) {
  const bool read = seen.number == 0;
  const auto stream = numbers->find(seen.number);
  if (seen.records.empty() || (!read && stream == numbers->end())) {
    ++server->broken_lines;
    return;
  }
  const uint32_t owner = read ? LifeOf(server, seen.records.front().time_ns) : stream->second;
  for (const ServerRecord& record : seen.records) {
    server->events.push_back({.time_ns = record.time_ns,
                              .offset = record.offset,
                              .partition = record.partition,
                              .owner = owner,
                              .kind = read ? ServerEventKind::kRead : ServerEventKind::kWrote,
                              .reason = record.reason});
  }
}

void ServerBuilder::Take(const ServerEnded& seen, JournaledServer* server, Numbers* numbers) {
  const auto stream = numbers->find(seen.number);
  if (stream == numbers->end()) {
    ++server->broken_lines;
    return;
  }
  ServerStream& ended = server->streams[stream->second];
  ended.ended_ns = std::max<int64_t>(seen.time_ns, 1);
  ended.code = seen.code;
  ended.reason = Cut(seen.reason);
}

void ServerBuilder::Take(const ServerCut& seen, JournaledServer* server, Numbers* /*numbers*/) {
  server->lives[LifeOf(server, 0)].lost += seen.lost;
}

void ServerBuilder::Take(const ServerStopped& seen, JournaledServer* server, Numbers* /*numbers*/) {
  server->lives[LifeOf(server, seen.time_ns)].stopped_ns = seen.time_ns;
}

void ServerBuilder::Take(const ServerBroken& seen, JournaledServer* server, Numbers* /*numbers*/) {
  server->broken_lines += seen.lines;
}

}  // namespace harness
