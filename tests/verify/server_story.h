// A Story whose server, "server-1", keeps a journal: every step of its own is in there, as a test says it. The first
// connection of each client has its stream from the start.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/verify/story.h"

namespace harness {

class ServerStory : public Story {
 public:
  explicit ServerStory(int partitions = 1, const std::vector<std::string>& clients = {"watcher"})
      : Story(partitions, clients) {
    JournaledServer& server = history.servers.emplace_back();
    server.name = "server-1";
    StartServer();
    for (size_t c = 0; c < clients.size(); ++c) Join(c);
  }

  // A process of the server's began to write; what the one before left open is open for ever.
  void StartServer() {
    JournaledServer& server = history.servers[0];
    server.lives.push_back({.server_id = "life-" + std::to_string(server.lives.size() + 1), .started_ns = now_ns});
    number_ = 0;
  }
  // Connect, with its stream.
  Connection* ServerConnects(size_t client, std::vector<TokenPart> token, bool resumed = false) {
    Connect(client, std::move(token), resumed);
    Join(client);
    return &history.clients[client].connections.back();
  }
  ServerStream* StreamBehind(size_t client, size_t connection) {
    const std::string& name = history.clients[client].connections[connection].subscription;
    for (ServerStream& stream : history.servers[0].streams) {
      if (NameOf(stream) == name) return &stream;
    }
    return nullptr;
  }
  // To the stream behind a client's last connection; it may be out of order or twice.
  void ServerWrites(size_t client, int64_t offset, int32_t partition = 0) {
    ServerWritesTo(client, history.clients[client].connections.size() - 1, offset, partition);
  }
  void ServerWritesTo(size_t client, size_t connection, int64_t offset, int32_t partition = 0) {
    const auto owner = static_cast<uint32_t>(StreamBehind(client, connection) - history.servers[0].streams.data());
    history.servers[0].events.push_back(
        {.time_ns = Tick(), .offset = offset, .partition = partition, .owner = owner, .kind = ServerEventKind::kWrote});
  }
  void ServerSends(size_t client, int32_t partition, int64_t offset) {
    ServerWrites(client, offset, partition);
    Deliver(client, partition, offset);
  }
  // Everything that the partition holds and this process has not read.
  void ServerReads(int32_t partition) {
    JournaledServer& server = history.servers[0];
    int64_t next = 0;
    const auto life = static_cast<uint32_t>(server.lives.size() - 1);
    for (const ServerEvent& event : server.events) {
      if (event.kind == ServerEventKind::kRead && event.partition == partition) next = event.offset + 1;
    }
    for (const LogRecord& record : history.partitions[static_cast<size_t>(partition)].records) {
      if (record.offset < next) continue;
      server.events.push_back({.time_ns = Tick(), .offset = record.offset, .partition = partition, .owner = life});
    }
  }
  // The stream behind a client's last connection.
  void ServerEnds(size_t client) {
    ServerStream* stream = StreamBehind(client, history.clients[client].connections.size() - 1);
    stream->ended_ns = Tick();
    stream->code = 1;
  }

 private:
  std::string NameOf(const ServerStream& stream) const {
    return history.servers[0].lives[stream.life].server_id + "/" + std::to_string(stream.number);
  }
  // The client's last connection is a stream of the server's.
  void Join(size_t client) {
    Connection& connection = history.clients[client].connections.back();
    ServerStream& stream = history.servers[0].streams.emplace_back();
    stream.number = ++number_;
    stream.life = static_cast<uint32_t>(history.servers[0].lives.size() - 1);
    stream.began_ns = connection.started_ns;
    stream.resumed = connection.resumed;
    stream.token = connection.token;
    connection.subscription = NameOf(stream);
  }

  uint64_t number_ = 0;
};

}  // namespace harness
