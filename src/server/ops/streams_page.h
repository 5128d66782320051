// The open streams on one page, the slowest first: who it is, what it asked for, where it stands, how far it is behind
// and since when it takes nothing. For people who look for the subscriber behind a metric (docs/metrics.md). It holds
// no payment and nothing of one. Made by PaymentServer; called from the metrics listener's thread.
//
// A page takes the hub's mutex once, to take hold of the calls, and the replica's once, to copy some numbers; of each
// stream it reads atomics alone. So it costs what a scrape costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/calls/call_hub.h"
#include "server/ops/http_page.h"
#include "server/replica.h"
#include "server/stream/slow_subscriber.h"

namespace pipeline {

// Beyond it streams are counted and not shown.
inline constexpr size_t kStreamRowsMax = 100;

struct StreamRow {
  StreamFacts facts;
  CallProgress progress;
  // Behind the newest record that this server has applied: records that it has yet to be past, and events that are not
  // handed to gRPC. nullopt: it has not begun, or has ended.
  std::optional<int64_t> behind_records;
  bool fell_off = false;  // its next record has left the log window: it is caught up once it reads, or is ended
};

struct StreamRows {
  int64_t now_ns = 0;  // monotonic
  SlowSubscriber slow_subscriber = SlowSubscriber::kCatchUp;
  size_t streams = 0;           // open ones
  std::vector<StreamRow> rows;  // the slowest first; kStreamRowsMax at most
};

// Pure.
std::string StreamsTable(const StreamRows& rows);
std::string StreamsJson(const StreamRows& rows);

class StreamsPage {
 public:
  // Both outlive this.
  StreamsPage(const CallHub* hub, Replica* replica, SlowSubscriber slow_subscriber)
      : hub_(hub), replica_(replica), slow_subscriber_(slow_subscriber) {}

  StreamRows Rows() const;
  // JSON where `query` has format=json, else a table.
  HttpContent Show(std::string_view query) const;

 private:
  const CallHub* hub_;
  Replica* replica_;
  SlowSubscriber slow_subscriber_;
};

}  // namespace pipeline
