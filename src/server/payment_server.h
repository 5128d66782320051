// A payment server, assembled: Kafka reader, replica, gRPC service. Made by main() and by tests; any number may run in
// one process, each on a port of its own. Listen, Start and Shutdown are called from one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/settings.h"
#include "payment/record_decoder.h"
#include "server/kafka/dead_letters.h"
#include "server/kafka/tombstones.h"
#include "server/ops/reach_check.h"
#include "server/stream/slow_subscriber.h"

namespace pipeline {

struct ServerOptions {
  KafkaSettings kafka;
  std::string listen = "127.0.0.1";
  int port = 50051;  // 0: a free one
  int64_t window_bytes_max = 256LL * 1024 * 1024;
  bool demo_data = false;  // pay_001 to pay_003, served also without Kafka
  int64_t drain_timeout_ns = 5'000'000'000;
  int64_t keepalive_time_ns = 10'000'000'000;
  int64_t keepalive_timeout_ns = 5'000'000'000;
  int64_t calls_max = 10'000;            // open calls: streams, and unary ones that wait for a position
  int64_t calls_per_peer_max = 2'000;    // of one host
  int64_t connections_max = 0;           // 0: 1,000 more than calls, or what descriptors allow (descriptors.h)
  int64_t connections_per_peer_max = 0;  // 0: 100 more than calls of one host
  // Somebody asked for just these: they are not fitted to the descriptors that there are.
  bool calls_max_given = false;
  bool calls_per_peer_max_given = false;
  int64_t handshake_timeout_ns = 10'000'000'000;     // until a connection has to have said that it speaks HTTP/2
  int64_t connection_idle_ns = 300'000'000'000;      // a connection without a call ends after this
  int64_t connection_age_ns = 0;                     // a connection is ended about so old; 0: never
  int64_t connection_age_grace_ns = 30'000'000'000;  // calls of one that is so old may take this to end
  int64_t payments_max = 10'000'000;                 // kept; beyond it only resumed streams are served
  int64_t store_bytes_max = 0;                       // likewise, in bytes of them; 0: a share of the memory there is
  int32_t catch_up_readers_max = 8;                  // further streams that are older than the window wait
  std::string journal_path;  // what was read and written goes to this file (server_journal.h); empty: nowhere
  int64_t unready_after_ns = 15'000'000'000;  // Kafka may be away for so long before health says so
  std::string metrics_listen;                 // HOST:PORT for Prometheus (port 0: a free one); empty: not
  SlowSubscriber slow_subscriber = SlowSubscriber::kCatchUp;
  DeadLetterOptions dead_letters;  // where rejected records go
  Tombstones tombstones = Tombstones::kReject;
  ReachOptions reach;
  int64_t stuck_ns = 5'000'000'000;  // a call that was ended and is not read is cancelled after this
};

class PaymentServer {
 public:
  // Throws SettingsError for a Kafka property that is refused, std::runtime_error when the journal can't be opened.
  // `on_fatal`: called once, from a thread of the server's,
  // when it can't go on (the topic has too many partitions, nobody reaches it any more).
  explicit PaymentServer(const ServerOptions& options, std::function<void(const std::string&)> on_fatal = nullptr);
  ~PaymentServer();  // shuts down

  // Accepts calls, and scrapes. Throws std::runtime_error when it can't listen (a port is in use).
  void Listen();
  int port() const;
  int metrics_port() const;  // 0: none
  // Listens if it does not yet, then reads Kafka.
  void Start();
  // NOT_SERVING, stops reading, ends the calls (UNAVAILABLE), cancels what is stuck. Returns within drain_timeout_ns
  // and what it takes to leave a Kafka that does not answer (up to three seconds). A second
  // call does nothing.
  void Shutdown();

  bool serving() const;  // as health says
  int64_t rejected(RejectReason reason) const;
  DeadLetterCounts dead_letters() const;  // all 0 without --dlq=on
  int64_t open_calls() const;
  int64_t connections() const;       // open ones of clients, as of a second ago
  int64_t journal_lost() const;      // entries that the journal could not take; 0 without one
  int64_t caught_up() const;         // streams that a catch-up reader joined to the window
  int32_t catch_up_reading() const;  // catch-up readers at work

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline
