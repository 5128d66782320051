// Joins what the lines of servers' journals say into History::servers. A part of the HistoryBuilder; pure, not
// thread-safe. What can't be joined (a write to a stream that never began, more than is kept) is counted as a broken
// line of its server, so that nobody takes what is absent for what did not happen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/observe/server_seen.h"
#include "harness/verify/history.h"

namespace harness {

inline constexpr size_t kServersMax = 65'535;
inline constexpr size_t kServerLivesMax = 1'000'000;    // of one server
inline constexpr size_t kServerStreamsMax = 1'000'000;  // of one server

class ServerBuilder {
 public:
  // An index of the next one adds it; false for one beyond.
  bool SetServer(size_t server, const std::string& name, std::vector<JournaledServer>* servers);
  // False for a server that is not known.
  bool On(size_t server, const ServerSeen& seen, std::vector<JournaledServer>* servers);

 private:
  using Numbers = std::unordered_map<uint64_t, uint32_t>;

  // What each kind of line does to its server; `numbers`: the streams of the process at hand.
  static void Take(const ServerStarted& seen, JournaledServer* server, Numbers* numbers);
  static void Take(const ServerBegan& seen, JournaledServer* server, Numbers* numbers);
  static void Take(const ServerRecords& seen, JournaledServer* server, Numbers* numbers);
  static void Take(const ServerEnded& seen, JournaledServer* server, Numbers* numbers);
  static void Take(const ServerCut& seen, JournaledServer* server, Numbers* numbers);
  static void Take(const ServerStopped& seen, JournaledServer* server, Numbers* numbers);
  static void Take(const ServerBroken& seen, JournaledServer* server, Numbers* numbers);

  std::vector<Numbers> numbers_;  // by server
};

}  // namespace harness
