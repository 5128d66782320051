#include "tests/verify/journal_model.h"

#include <algorithm>
#include <string>

namespace harness {

void JournalModel::Start() {
  if (!world_.plan.journal) return;
  auto& servers = world_.history.servers;
  if (servers.empty()) servers.emplace_back().name = "server-1";
  const std::string id = "host#" + std::to_string(Server().lives.size() + 1);
  Server().lives.push_back({.server_id = id, .pid = 100, .started_ns = world_.now_ns});
  read_until_.assign(world_.history.partitions.size(), 0);
}

std::string JournalModel::NameOf(const ServerStream& stream) {
  return Server().lives[stream.life].server_id + "/" + std::to_string(stream.number);
}

ServerStream* JournalModel::Behind(const Connection& connection) {
  if (!world_.plan.journal) return nullptr;
  const auto found = std::find_if(Server().streams.rbegin(), Server().streams.rend(),
                                  [&](const ServerStream& stream) { return stream.began_ns == connection.started_ns; });
  return found == Server().streams.rend() ? nullptr : &*found;
}

void JournalModel::Connect(Connection* connection, const std::vector<TokenPart>& sent) {
  if (!world_.plan.journal) return;
  ServerStream& stream = Server().streams.emplace_back();
  stream.number = Server().streams.size();
  stream.life = static_cast<uint32_t>(Server().lives.size() - 1);
  stream.began_ns = connection->started_ns;
  stream.resumed = connection->resumed;
  stream.token = connection->token;
  if (connection->resumed) stream.sent = sent;
  if (connection->has_start || !world_.plan.foreign) connection->subscription = NameOf(stream);
}

void JournalModel::ReadUpTo(int32_t partition, int64_t offset) {
  int64_t& until = read_until_[static_cast<size_t>(partition)];
  for (const LogRecord& record : world_.history.partitions[static_cast<size_t>(partition)].records) {
    if (record.offset < until || record.offset > offset) continue;
    const auto reason = record.valid ? pipeline::RejectReason::kNone : pipeline::RejectReason::kNotJson;
    Server().events.push_back({.time_ns = world_.now_ns,
                               .offset = record.offset,
                               .partition = partition,
                               .owner = static_cast<uint32_t>(Server().lives.size() - 1),
                               .reason = reason});
  }
  until = std::max(until, offset + 1);
}

void JournalModel::Write(const Connection& connection, int32_t partition, int64_t offset) {
  const ServerStream* stream = Behind(connection);
  if (stream == nullptr) return;
  ReadUpTo(partition, offset);
  Server().events.push_back({.time_ns = world_.now_ns,
                             .offset = offset,
                             .partition = partition,
                             .owner = static_cast<uint32_t>(stream - Server().streams.data()),
                             .kind = ServerEventKind::kWrote});
}

void JournalModel::End(const Connection& connection) {
  ServerStream* stream = Behind(connection);
  if (stream == nullptr) return;
  stream->ended_ns = world_.Now();
  stream->code = 1;
}

void JournalModel::Die() {
  if (!world_.plan.journal) return;
  auto& events = Server().events;
  const auto is_open = [&](const ServerEvent& event) {
    return event.kind == ServerEventKind::kRead || Server().streams[event.owner].ended_ns == 0;
  };
  while (!events.empty() && is_open(events.back()) && world_.Chance(70)) events.pop_back();
  if (world_.Chance(10)) Server().lives.back().lost = 1 + world_.Below(9);
}

void JournalModel::Stop() {
  if (world_.plan.journal) Server().lives.back().stopped_ns = world_.Now();
}

}  // namespace harness
