// What every stream needs of its server. Filled by PaymentServer; outlives all streams. Read from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "server/stream/slow_subscriber.h"

namespace pipeline {

class CallHub;
class CatchUpPool;
class EvidenceReader;
class ReadyRuns;
class Replica;
class ServerJournal;
struct ServerCounters;

struct StreamServices {
  Replica* replica = nullptr;
  CallHub* hub = nullptr;
  EvidenceReader* evidence = nullptr;
  CatchUpPool* catch_up = nullptr;
  ReadyRuns* ready_runs = nullptr;
  std::string server_id;
  // How long a stream that was ended may leave its status unread, and one that is caught up its events, before it is
  // cancelled.
  int64_t stuck_ns = 5'000'000'000;
  ServerJournal* journal = nullptr;  // null: none is kept
  SlowSubscriber slow_subscriber = SlowSubscriber::kCatchUp;
  ServerCounters* counters = nullptr;
};

}  // namespace pipeline
