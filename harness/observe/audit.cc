#include "harness/observe/audit.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/crc32c.h"
#include "common/kafka.h"
#include "common/mutex.h"
#include "harness/contract/canonical.h"
#include "harness/contract/record_reader.h"
#include "harness/observe/log_lines.h"
#include "harness/observe/name_batch.h"

namespace harness {
namespace {

using pipeline::KafkaPtr;

constexpr int kStartTimeoutMs = 5'000;
constexpr int kQueryTimeoutMs = 500;
constexpr int kPollMs = 50;
constexpr size_t kBatchMax = 1'024;
constexpr auto kWatermarkPeriod = std::chrono::milliseconds(90);

KafkaPtr<rd_kafka_t> MakeReader(const pipeline::KafkaSettings& kafka, bool mock) {
  // Reads ahead of the decoder, so that what a burst wrote leaves the broker before retention takes it.
  auto conf = pipeline::MakeKafkaConf(kafka, {{"client.id", "harness-audit"},
                                              {"group.id", "harness-audit"},
                                              {"enable.auto.commit", "false"},
                                              {"enable.auto.offset.store", "false"},
                                              {"check.crcs", "true"},
                                              {"fetch.wait.max.ms", mock ? "1" : "100"},
                                              {"fetch.error.backoff.ms", "50"},
                                              {"reconnect.backoff.max.ms", "1000"},
                                              {"queued.min.messages", "1000000"},
                                              {"queued.max.messages.kbytes", "262144"}});
  // What the audit stands on is not for -X to change.
  std::array<char, 512> error{};
  for (const auto& [name, value] :
       {std::pair{"auto.offset.reset", "error"}, std::pair{"enable.partition.eof", "true"}}) {
    if (rd_kafka_conf_set(conf.get(), name, value, error.data(), error.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(std::string("the audit: ") + error.data());
    }
  }
  auto handle = pipeline::MakeKafka(RD_KAFKA_CONSUMER, std::move(conf));
  rd_kafka_poll_set_consumer(handle.get());
  return handle;
}

std::string_view Bytes(const void* data, size_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

// A broker that is away or moves its leaders is not the audit's error: it reads on when the broker is back.
bool IsTransient(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct Audit::State {
  State(const pipeline::KafkaSettings& kafka, int partition_count, bool mock_backend, Recorder* to);

  struct Watermarks {
    int64_t low = 0;
    int64_t high = 0;
    bool operator==(const Watermarks&) const = default;
  };
  using AllWatermarks = std::vector<Watermarks>;
  // Of all partitions, each end in one request a broker. nullopt when one did not answer in time; *reason says why.
  std::optional<AllWatermarks> Query(int timeout_ms, std::string* reason) const;
  // `when`: RD_KAFKA_OFFSET_BEGINNING or _END, which Kafka takes for a time.
  std::optional<std::vector<int64_t>> Offsets(int64_t when, int timeout_ms, std::string* reason) const;
  void Tell(const AllWatermarks& seen);

  // Empty, or why it failed.
  std::string Assign();
  void ReadLoop();
  void Take(const rd_kafka_message_t& message, int64_t now_ns);
  void TakeRecord(const rd_kafka_message_t& message, int64_t now_ns);
  void TakeError(const rd_kafka_message_t& message);
  void FindLostPartitions();
  void Publish();

  void WatermarkLoop();

  const std::string topic;
  const int partitions;
  const bool mock;
  Recorder* const recorder;
  const KafkaPtr<rd_kafka_t> reader;
  const KafkaPtr<rd_kafka_t> asker;
  const KafkaPtr<rd_kafka_queue_t> queue;  // before `reader` ends

  // The reading thread's own.
  std::vector<int64_t> next;  // the first offset not read yet, per partition
  std::set<int32_t> lost;     // partitions whose next record is gone
  std::set<rd_kafka_resp_err_t> told_errors;
  RecordReader record_reader;
  pipeline::Payment payment;
  std::vector<LogSeen> records;
  NameBatch names;

  std::atomic<int64_t> bytes_read = 0;  // keys and values

  pipeline::Mutex mutex;
  pipeline::CondVar changed;
  std::vector<int64_t> published ABSL_GUARDED_BY(mutex);  // a copy of `next`
  AllWatermarks watermarks ABSL_GUARDED_BY(mutex);
  bool stopping ABSL_GUARDED_BY(mutex) = false;

  std::thread read_thread;
  std::thread watermark_thread;
};

Audit::State::State(const pipeline::KafkaSettings& kafka, int partition_count, bool mock_backend, Recorder* to)
    : topic(kafka.topic),
      partitions(partition_count),
      mock(mock_backend),
      recorder(to),
      reader(MakeReader(kafka, mock_backend)),
      asker(pipeline::MakeKafka(RD_KAFKA_CONSUMER,
                                pipeline::MakeKafkaConf(kafka, {{"client.id", "harness-audit-watermarks"}}))),
      queue(rd_kafka_queue_get_consumer(reader.get())) {
  std::string problem;
  const auto seen = Query(kStartTimeoutMs, &problem);
  if (!seen) throw std::runtime_error("the audit cannot read topic " + topic + " at " + kafka.brokers + ": " + problem);
  for (const Watermarks& partition : *seen) next.push_back(partition.low);
  published = next;
  watermarks.resize(seen->size());
  recorder->SetPartitions(next, true);
  Tell(*seen);
  problem = Assign();
  if (!problem.empty()) throw std::runtime_error(problem);
}

std::optional<std::vector<int64_t>> Audit::State::Offsets(int64_t when, int timeout_ms, std::string* reason) const {
  const KafkaPtr<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(partitions));
  for (int32_t partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = when;
  }
  const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(asker.get(), list.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    *reason = rd_kafka_err2str(error);
    return std::nullopt;
  }
  std::vector<int64_t> offsets(static_cast<size_t>(partitions), -1);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& partition = list->elems[i];
    if (partition.err != RD_KAFKA_RESP_ERR_NO_ERROR || partition.offset < 0) {
      *reason = "partition " + std::to_string(partition.partition) + ": " + rd_kafka_err2str(partition.err);
      return std::nullopt;
    }
    offsets[static_cast<size_t>(partition.partition)] = partition.offset;
  }
  return offsets;
}

std::optional<Audit::State::AllWatermarks> Audit::State::Query(int timeout_ms, std::string* reason) const {
  const auto low = Offsets(RD_KAFKA_OFFSET_BEGINNING, timeout_ms, reason);
  const auto high = low ? Offsets(RD_KAFKA_OFFSET_END, timeout_ms, reason) : std::nullopt;
  if (!high) return std::nullopt;
  AllWatermarks seen(low->size());
  for (size_t i = 0; i < seen.size(); ++i) seen[i] = {(*low)[i], (*high)[i]};
  return seen;
}

void Audit::State::Tell(const AllWatermarks& seen) {
  AllWatermarks before;
  {
    const pipeline::MutexLock lock(&mutex);
    before = std::exchange(watermarks, seen);
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    if (before[i] != seen[i]) recorder->OnWatermarks(static_cast<int32_t>(i), seen[i].low, seen[i].high);
  }
}

std::string Audit::State::Assign() {
  const KafkaPtr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(next.size())));
  for (size_t i = 0; i < next.size(); ++i) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), static_cast<int32_t>(i))->offset = next[i];
  }
  const rd_kafka_resp_err_t error = rd_kafka_assign(reader.get(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return "the audit cannot read topic " + topic + ": " + rd_kafka_err2str(error);
}

void Audit::State::ReadLoop() {
  std::vector<rd_kafka_message_t*> batch(kBatchMax);
  while (true) {
    {
      const pipeline::MutexLock lock(&mutex);
      if (stopping) return;
    }
    if (!lost.empty()) FindLostPartitions();
    // A batch call waits its whole timeout unless the batch is full: wait for one message, then take what is there.
    const KafkaPtr<rd_kafka_message_t> first(rd_kafka_consumer_poll(reader.get(), kPollMs));
    if (first == nullptr) continue;
    const ssize_t count = rd_kafka_consume_batch_queue(queue.get(), 0, batch.data(), batch.size());
    const int64_t now_ns = pipeline::MonotonicNs();
    Take(*first, now_ns);
    for (ssize_t i = 0; i < count; ++i) {
      const KafkaPtr<rd_kafka_message_t> message(batch[static_cast<size_t>(i)]);
      Take(*message, now_ns);
    }
    Publish();
  }
}

void Audit::State::Publish() {
  names.TellTo(recorder);
  if (!records.empty()) recorder->OnLog(records);
  records.clear();
  {
    const pipeline::MutexLock lock(&mutex);
    published = next;
  }
  changed.NotifyAll();
}

void Audit::State::Take(const rd_kafka_message_t& message, int64_t now_ns) {
  const bool known = message.partition >= 0 && static_cast<size_t>(message.partition) < next.size();
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR && message.err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    TakeError(message);
  } else if (known && message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // Also behind control records, which are no messages.
    int64_t& next_offset = next[static_cast<size_t>(message.partition)];
    next_offset = std::max(next_offset, message.offset);
  } else if (known) {
    TakeRecord(message, now_ns);
  }
}

void Audit::State::TakeRecord(const rd_kafka_message_t& message, int64_t now_ns) {
  int64_t& next_offset = next[static_cast<size_t>(message.partition)];
  if (message.offset < next_offset) return;  // read before it was assigned anew
  if (mock && message.offset > next_offset) {
    recorder->HarnessError("the audit missed offsets " + std::to_string(next_offset) + " to " +
                           std::to_string(message.offset - 1) + " of partition " + std::to_string(message.partition));
  }
  next_offset = message.offset + 1;
  const std::string_view key = Bytes(message.key, message.key_len);
  const std::optional<std::string_view> value =
      message.payload == nullptr ? std::nullopt : std::optional(Bytes(message.payload, message.len));
  bytes_read += static_cast<int64_t>(key.size() + value.value_or(std::string_view()).size());
  LogSeen& seen = records.emplace_back();
  seen.partition = message.partition;
  LogRecord& record = seen.record;
  record.seen_ns = now_ns;
  record.offset = message.offset;
  record.crc32c = pipeline::RecordCrc32c(key, value.value_or(std::string_view()));
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  record.processed_at_s = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : timestamp_ms / 1'000;
  record.reason = record_reader.Read(key, value, &payment);
  record.valid = record.reason == pipeline::RejectReason::kNone;
  // A rejected record keeps its name where it has one.
  record.rec = recorder->ParseRec(RecTextOf(payment)).value_or(Rec{});
  if (!record.valid) return;
  record.key_differs = message.key == nullptr || key != payment.id;
  record.content_hash = CanonicalHash(payment);
  record.id_hash = IdHash(payment.id);
  record.timestamp_s = payment.created_at_s;
  record.provider = payment.provider;
  record.status = payment.status;
  record.sentinel = recorder->IsSentinel(record.rec);
  names.Add(record.id_hash, payment.id);
}

void Audit::State::TakeError(const rd_kafka_message_t& message) {
  const char* reason = rd_kafka_message_errstr(&message);
  const bool known = message.partition >= 0 && static_cast<size_t>(message.partition) < next.size();
  if (known && message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
    recorder->HarnessError("the audit lost its next record in partition " + std::to_string(message.partition) +
                           " at offset " + std::to_string(next[static_cast<size_t>(message.partition)]) + ": " +
                           reason);
    lost.insert(message.partition);
  } else if (!IsTransient(message.err) && told_errors.insert(message.err).second) {
    recorder->HarnessError(std::string("the audit's reader: ") + reason);
  }
}

void Audit::State::FindLostPartitions() {
  std::string reason;
  const auto seen = Query(kQueryTimeoutMs, &reason);
  if (!seen) return;  // the next round tries again
  Tell(*seen);
  for (const int32_t partition : lost) {
    const auto [low, high] = (*seen)[static_cast<size_t>(partition)];
    int64_t& next_offset = next[static_cast<size_t>(partition)];
    if (next_offset < low || next_offset > high) next_offset = low;  // a log that was emptied may also end before it
  }
  lost.clear();
  const std::string problem = Assign();
  if (!problem.empty()) recorder->HarnessError(problem);
}

void Audit::State::WatermarkLoop() {
  pipeline::MutexLock lock(&mutex);
  while (!stopping) {
    const auto due = std::chrono::steady_clock::now() + kWatermarkPeriod;
    lock.Unlock();
    std::string reason;
    if (const auto seen = Query(kQueryTimeoutMs, &reason)) Tell(*seen);
    lock.Lock();
    changed.WaitUntil(&mutex, due, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return stopping; });
  }
}

Audit::Audit(const pipeline::KafkaSettings& kafka, int partitions, bool mock, Recorder* recorder)
    : state_(std::make_unique<State>(kafka, partitions, mock, recorder)) {
  state_->read_thread = std::thread([this] { state_->ReadLoop(); });
  state_->watermark_thread = std::thread([this] { state_->WatermarkLoop(); });
}

Audit::~Audit() { Stop(); }

int64_t Audit::bytes_read() const { return state_->bytes_read; }

bool Audit::CatchUp(int64_t deadline_ns) {
  State& state = *state_;
  std::optional<State::AllWatermarks> ends;
  while (!ends) {
    const int64_t left_ms = (deadline_ns - pipeline::MonotonicNs()) / 1'000'000;
    if (left_ms <= 0) return false;
    std::string reason;
    ends = state.Query(static_cast<int>(std::min<int64_t>(left_ms, kQueryTimeoutMs)), &reason);
  }
  state.Tell(*ends);
  const pipeline::MutexLock lock(&state.mutex);
  // std::chrono::steady_clock is CLOCK_MONOTONIC.
  const auto deadline = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns));
  return state.changed.WaitUntil(&state.mutex, deadline, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) {
    return std::equal(ends->begin(), ends->end(), state.published.begin(),
                      [](const State::Watermarks& end, int64_t at) { return at >= end.high; });
  });
}

void Audit::Stop() {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    if (std::exchange(state.stopping, true)) return;
  }
  state.changed.NotifyAll();
  if (state.read_thread.joinable()) state.read_thread.join();
  if (state.watermark_thread.joinable()) state.watermark_thread.join();
  std::string reason;
  const auto seen = state.Query(kStartTimeoutMs, &reason);
  if (seen) {
    state.Tell(*seen);
  } else {
    state.recorder->HarnessError("the audit could not see the end of topic " + state.topic + ": " + reason);
  }
}

}  // namespace harness
