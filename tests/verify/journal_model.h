// The part of the model of the pipeline (history_model.h) that writes the server's journal: what a correct server says
// of what it read and of what it handed to its streams. A killed process loses the end of what it would have written;
// now and then one has no room for all of it.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/verify/history.h"
#include "tests/verify/topic_model.h"

namespace harness {

class JournalModel {
 public:
  explicit JournalModel(ModelWorld* world) : world_(*world) {}

  // A process began; after the death of another one.
  void Start();
  // A stream began, which the client may know by its name. `sent`: the token that came.
  void Connect(Connection* connection, const std::vector<TokenPart>& sent);
  // To the last stream of the connection.
  void Write(const Connection& connection, int32_t partition, int64_t offset);
  // The server has noticed that the stream is over.
  void End(const Connection& connection);
  void Die();
  void Stop();

 private:
  JournaledServer& Server() { return world_.history.servers.front(); }
  // All that the partition holds up to `offset` and that this process has not read.
  void ReadUpTo(int32_t partition, int64_t offset);
  ServerStream* Behind(const Connection& connection);
  std::string NameOf(const ServerStream& stream);

  ModelWorld& world_;
  std::vector<int64_t> read_until_;  // by partition: offsets below were read
};

}  // namespace harness
