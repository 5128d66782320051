// Everything that was seen of one run, joined: sends, acknowledgements, the audited log, every client's deliveries.
// The recorder (harness/observe) fills it while the run goes on; `harness check` fills it from the journals; the
// invariants (harness/verify) read it afterwards. Plain data, pure. Not thread-safe: the recorder has the lock.
//
// Memory per event is bounded (static_asserts below): one Send holds a send and its acknowledgement.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verify/name_table.h"
#include "payment/payment.h"
#include "payment/record_decoder.h"

namespace harness {

// Identity of a generated record: `<run>.<producer>.<sequence>` with the producer as its index in History::producers.
// Sequence starts at 1; Rec{} (0) means no identity.
struct Rec {
  uint64_t bits = 0;
  static Rec Make(uint16_t producer, uint64_t sequence) { return {(uint64_t{producer} << 48) | sequence}; }
  uint16_t producer() const { return static_cast<uint16_t>(bits >> 48); }
  uint64_t sequence() const { return bits & 0xFFFF'FFFF'FFFF; }
  bool has_value() const { return bits != 0; }
  bool operator==(const Rec&) const = default;
};

// PERSISTED = kOk, NOT_PERSISTED = kFail; anything else, and process death, = kUnknown. kPending: not told yet.
enum class Outcome : uint8_t { kPending, kOk, kFail, kUnknown };

struct Send {
  int64_t planned_ns = 0;  // T0; = sent_ns where there was no plan (process producers)
  int64_t sent_ns = 0;     // T1, 0: this sequence number was never sent
  int64_t acked_ns = 0;    // T2, 0: no delivery report
  uint64_t content_hash = 0;
  uint64_t id_hash = 0;  // of the payment's id; 0: not known
  int64_t offset = -1;   // -1: not told
  int32_t partition = -1;
  Outcome outcome = Outcome::kPending;
  uint8_t phase = 0;  // index into History::phases
  bool sentinel : 1 = false;
  bool measured : 1 = false;          // its phase counts in latencies (not warm-up, not a sentinel)
  bool time_is_replaced : 1 = false;  // its producer told a time that can't be: what stands here is when it was read
};
static_assert(sizeof(Send) <= 56);

struct Producer {
  std::string name;         // unique in a run; a restarted process producer is a producer of its own: "load", "load#2"
  bool has_acks = true;     // false: a foreign program without an acknowledgement log
  std::vector<Send> sends;  // index = sequence - 1
};

struct LogRecord {
  int64_t seen_ns = 0;  // when the audit read it
  int64_t offset = 0;
  Rec rec;
  uint64_t content_hash = 0;   // 0: rejected by the reader, no valid payment
  uint64_t id_hash = 0;        // XXH3 of the payment id
  int64_t timestamp_s = 0;     // the payment's own
  int64_t processed_at_s = 0;  // Kafka's timestamp of the record; 0: it has none
  uint32_t crc32c = 0;
  pipeline::Provider provider = pipeline::Provider::kUnknown;
  pipeline::PaymentStatus status = pipeline::PaymentStatus::kUnknown;
  pipeline::RejectReason reason = pipeline::RejectReason::kNone;  // why the harness's own reader does not accept it
  bool valid : 1 = false;                                         // it does
  bool sentinel : 1 = false;
  bool key_differs : 1 = false;  // valid, and Kafka's key is not the payment's id
};
static_assert(sizeof(LogRecord) <= 64);

struct PartitionLog {
  int64_t start_offset = 0;        // the low watermark when the audit began
  int64_t end_offset = 0;          // high watermark at drain (next offset to be written)
  int64_t low_watermark = 0;       // the highest low watermark ever seen: above start means retention has trimmed
  std::vector<LogRecord> records;  // offsets strictly increasing, gaps allowed
  // nullptr when the audited log has no record at `offset`. O(1) without gaps, O(log n) otherwise.
  const LogRecord* Find(int64_t offset) const;
};

// kDropped: in W (the wire) but not in A (handed on). kUntold: handed on, and its log does not say which of the first
// two.
enum class DeliveryKind : uint8_t { kExisting, kNew, kDropped, kUntold };

inline constexpr int64_t kNotTold = INT64_MIN;  // of processed_at

struct Delivery {
  int64_t time_ns = 0;  // T5
  int64_t offset = -1;  // -1: the server gives no positions
  Rec rec;
  uint64_t content_hash = 0;
  uint64_t id_hash = 0;
  int64_t processed_at_s = kNotTold;
  uint32_t crc32c = 0;
  int32_t partition = -1;
  uint32_t connection = 0;  // index into Client::connections; told to the Recorder as Connection::number
  DeliveryKind kind = DeliveryKind::kNew;
  bool sentinel : 1 = false;
  bool amount_differs : 1 = false;    // the wire's double is not the nearest to the exact amount beside it
  bool time_is_replaced : 1 = false;  // the time that its client told can't be: time_ns is when the line was read
};
static_assert(sizeof(Delivery) <= 64);

// The server's word that everything up to here that matches the filter was sent.
struct Bookmark {
  int64_t time_ns = 0;
  int64_t offset = 0;
  uint64_t deliveries = 0;  // how many of the client's deliveries came before it
  int32_t partition = 0;
  uint32_t connection = 0;  // index into Client::connections; told to the Recorder as Connection::number
};
static_assert(sizeof(Bookmark) <= 64);

// What a token says of one partition.
struct TokenPart {
  int32_t partition = 0;
  int64_t after = -1;
  int64_t snapshot_until = -1;  // -1: absent
};

struct Connection {
  int64_t started_ns = 0;        // its StreamStart (foreign: first sight)
  int64_t first_message_ns = 0;  // 0: none yet
  int64_t ended_ns = 0;          // 0: open
  uint32_t number = 0;           // what its client's log calls it ("conn"); 0: nothing
  int code = -1;                 // gRPC status code of its end
  std::string server;            // address
  std::string server_id;
  std::string message;     // status message of its end
  bool resumed = false;    // a token was sent
  bool live_only = false;  // without a token: no snapshot was asked for
  bool has_start = false;  // the server sent a StreamStart
  std::string log_id;
  std::vector<TokenPart> token;  // of the StreamStart
  std::vector<TokenPart> sent;   // the token that the client sent, where its log says so: tells whose a jump was
  std::string subscription;      // what the server called it: ServerStream joins by it; empty: not known
};

// A connection attempt that ended before any StreamStart.
struct FailedAttempt {
  int64_t time_ns = 0;
  int code = -1;
  std::string message;
  bool tells_token = false;          // its log says which token was sent; false: it says nothing of it
  std::vector<TokenPart> sent = {};  // empty: none
};

enum class ResumeMode : uint8_t { kToken, kNone };

struct Client {
  std::string name;
  std::string program;  // clients with the same are the same program; empty: not known
  pipeline::Filter filter;
  ResumeMode resume = ResumeMode::kToken;
  bool observed = true;  // false: a foreign program without an event log; its checks are n/a
  bool marks_connections = true;
  bool embedded = false;               // counts only
  int64_t reconnect_delay_min_ns = 0;  // 0: it told no bound
  int64_t reconnect_delay_max_ns = 3'000'000'000;
  std::vector<std::string> servers;  // names it may use
  int64_t joined_ns = 0;             // when it was started; 0: before the load, or never (starts_late)
  int64_t left_ns = 0;               // when it was asked to end, before the drain; 0: it stayed
  bool starts_late = false;
  bool is_there() const { return left_ns == 0 && (!starts_late || joined_ns != 0); }
  std::vector<Connection> connections;
  std::vector<FailedAttempt> attempts;
  std::vector<Delivery> deliveries;            // in the order of its log
  std::vector<Bookmark> bookmarks;             // likewise
  int64_t broken_lines = 0;                    // lines of its log that could not be read
  std::vector<std::string> broken_line_texts;  // of the first few: where, and what is wrong
};

// A server that is asked by the harness's own unary calls.
struct ProbedServer {
  std::string name;
  std::string address;  // as in Connection::server
};

// A GetPayment of a payment of which `client` had received a record before.
struct UnaryRead {
  int64_t asked_ns = 0;
  int64_t answered_ns = 0;
  uint64_t id_hash = 0;               // the payment asked for
  uint64_t content_hash = 0;          // of the answer; 0: none
  int64_t offset = -1;                // the record that the client had received
  int64_t processed_at_s = kNotTold;  // of the answer
  int32_t partition = -1;
  uint16_t client = 0;
  uint16_t server = 0;  // index into History::probed; without min_position it is the one that the client had it from
  uint8_t code = 0;     // gRPC status code
  bool min_position : 1 = false;    // the record's position was asked for
  bool quiet : 1 = false;           // after the drain: nothing was written any more
  bool amount_differs : 1 = false;  // as of a Delivery
};
static_assert(sizeof(UnaryRead) <= 64);

struct ListedPayment {
  uint64_t id_hash = 0;
  uint64_t content_hash = 0;
  int64_t processed_at_s = kNotTold;
  bool amount_differs = false;  // as of a Delivery
};

// A traversal of ListPayments from the first page on, without a filter.
struct ListWalk {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  uint16_t server = 0;                  // index into History::probed
  uint8_t code = 0;                     // gRPC status code of its last call
  bool quiet = false;                   // after the drain: nothing was written any more
  bool whole = false;                   // it came to the last page
  bool cut = false;                     // the harness gave it up, though pages came: its time was over
  int64_t total_count = -1;             // that its last page told; -1: none came
  std::vector<ListedPayment> payments;  // in the order of the pages
};

// What a server's own journal (`servers[].journal`) says: the processes that wrote it, the streams that they served,
// and what they read from Kafka and handed to those streams.
enum class ServerEventKind : uint8_t { kRead, kWrote };

struct ServerEvent {
  int64_t time_ns = 0;
  int64_t offset = 0;
  int32_t partition = 0;
  uint32_t owner = 0;  // kRead: index into lives; kWrote: into streams
  ServerEventKind kind = ServerEventKind::kRead;
  pipeline::RejectReason reason = pipeline::RejectReason::kNone;  // kRead: why it was rejected
};
static_assert(sizeof(ServerEvent) <= 64);

struct ServerStream {
  uint64_t number = 0;  // within its process
  uint32_t life = 0;    // index into lives
  int64_t began_ns = 0;
  int64_t ended_ns = 0;  // 0: its journal has no end of it
  int code = -1;         // gRPC status code of its end
  bool resumed = false;  // a token came
  std::string peer;
  std::string reason;            // of its end: "shutdown"
  std::vector<TokenPart> token;  // of the StreamStart
  std::vector<TokenPart> sent;   // that came
};

// One process that wrote to the journal.
struct ServerLife {
  std::string server_id;
  int64_t pid = 0;
  int64_t started_ns = 0;
  int64_t stopped_ns = 0;  // it said that it came to its end; 0: it was cut short
  int64_t lost = 0;        // entries that it could not write: what is absent says nothing
};

struct JournaledServer {
  std::string name;
  std::vector<ServerLife> lives;
  std::vector<ServerStream> streams;
  std::vector<ServerEvent> events;  // those of one stream, and the reads of one process, in their order
  int64_t broken_lines = 0;         // what is absent says nothing
};

// A record of the dead-letter topic: of which record it says it is, and where it stands itself.
struct DeadLetterSeen {
  int64_t offset = -1;  // of the record; -1: its key says nothing
  int64_t letter_offset = -1;
  int32_t partition = -1;
  int32_t letter_partition = -1;
  uint32_t record_crc32c = 0;  // of the key and the value that it gives as the record's
};
static_assert(sizeof(DeadLetterSeen) <= 64);

// What a subject wrote down, can be read, and can't be true.
enum class SubjectKind : uint8_t { kClient, kProducer, kServer };
enum class ClaimKind : uint8_t {
  kTime,     // a time before its process began or after the moment at which the line was read
  kItself,   // about what it did: a sequence number twice
  kContent,  // about what it was given, which may have come so: an empty payment id
};
struct Claim {
  SubjectKind subject = SubjectKind::kClient;
  ClaimKind kind = ClaimKind::kTime;
  uint32_t index = 0;  // into History::clients, producers or servers
  int64_t count = 0;
  int64_t time_ns = 0;  // when the first was read; 0: not known
  std::string what;     // the first: "line at byte 120: payment.id is empty"
};

// The content behind a hash, kept for the records that a violation may be about.
struct KeptContent {
  uint64_t content_hash = 0;  // 0: of a record that is no payment
  int32_t partition = -1;     // of the topic's record; -1: it is from elsewhere
  int64_t offset = -1;
  std::string where;  // "the topic", "client fast", "producer shop", "server-1"
  std::string value;  // the raw value of the topic or of the producer; empty otherwise
  pipeline::Payment payment;
};

struct Phase {
  std::string name;
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  bool measured = true;
  bool offers_load = true;  // rate above 0
  int64_t planned = 0;      // sends planned
};

struct FaultEvent {
  std::string name;
  std::string type;  // "process.kill"
  std::string target;
  int64_t planned_ns = 0;
  int64_t struck_ns = 0;  // 0: its trigger never fired
  int64_t healed_ns = 0;  // 0: not healed (a producer kill without restart)
  bool effective = false;
  std::string evidence;  // "pid 4711 ended by signal 9"; or why there is none
};

// A span in which a program was ready to serve (servers) or alive (clients, producers).
struct ProcessSpan {
  std::string name;
  int64_t pid = 0;
  int64_t started_ns = 0;
  int64_t ready_ns = 0;  // 0: never
  int64_t ended_ns = 0;  // 0: alive
  bool ended_by_fault = false;
  bool ended_by_harness = false;  // the orderly stop at the end of the run
  std::string how;                // "exit 0", "signal 9"
  std::string bad_end;            // it was asked to end, and did not as it may: why; empty: else
  int64_t rss_ready_bytes = 0;    // resident memory when it was ready; 0: not known
  int64_t rss_bytes_max = 0;      // the most it ever had, told by the kernel at its end; 0: not known
};

struct History {
  std::string run_id;
  std::vector<Phase> phases;
  std::vector<Producer> producers;
  std::vector<PartitionLog> partitions;
  bool audited = true;    // false: --audit=off
  int64_t log_bytes = 0;  // keys and values that the audit read
  std::vector<Client> clients;
  std::vector<ProbedServer> probed;
  std::vector<UnaryRead> reads;
  std::vector<ListWalk> walks;
  std::vector<JournaledServer> servers;  // those that keep a journal
  std::vector<DeadLetterSeen> dead_letters;
  bool dead_letters_read = false;  // to the end of their topic, after the drain
  std::vector<Claim> claims;
  std::vector<KeptContent> contents;
  std::vector<FaultEvent> faults;
  std::vector<ProcessSpan> processes;
  int64_t load_begin_ns = 0;
  int64_t load_end_ns = 0;  // last producer ended and flushed
  int64_t drain_end_ns = 0;
  bool drained = false;  // every client has its sentinels
  bool interrupted = false;
  std::vector<std::string> harness_errors;  // each breaks HARNESS_OK, said in a sentence
  NameTable names;                          // id_hash -> payment id, for people
};

// "run.producer.sequence" as it stands in metadata.
std::string RecText(const History& history, Rec rec);

}  // namespace harness
