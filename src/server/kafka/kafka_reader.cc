#include "server/kafka/kafka_reader.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "server/kafka/kafka_queries.h"

namespace pipeline {
namespace {

// Records applied under one hold of the replica's mutex: at most about a quarter of a millisecond.
constexpr size_t kBatchMax = 256;
constexpr int kPollMs = 100;
constexpr int kQueryMs = 1000;  // also what a stop may have to wait for while Kafka does not answer
constexpr int kRetryMs = 250;
constexpr int kAbsentMs = 1000;  // between questions for a topic that is not there
// After a loss of contact: a question for metadata and its answer are then one loss.
constexpr int kSettleMs = 10;
// While payments leave the store: others have the replica for as long as it was held.
constexpr int kTrimPollMs = 1;
constexpr int kPolicyMissesMax = 3;

}  // namespace

KafkaReader::KafkaReader(const KafkaSettings& settings, Replica* replica, ServerStatus* status, RejectLog* rejects,
                         ServerJournal* journal, DeadLetters* dead_letters, ServerCounters* counters,
                         Tombstones tombstones, std::function<void(const std::string&)> on_fatal)
    : settings_(settings),
      replica_(replica),
      status_(status),
      counters_(counters),
      on_fatal_(std::move(on_fatal)),
      intake_(replica, status, rejects, journal, dead_letters, counters, tombstones),
      contact_(FetchWaitMs(settings_)),
      retention_(settings_.topic, replica, &contact_, counters),
      watch_(settings_, &contact_, status_) {
  KafkaPtr<rd_kafka_conf_t> conf = MakeConsumerConf(settings_);
  contact_.Attach(conf.get());
  rd_kafka_conf_set_opaque(conf.get(), this);
  // Errors of brokers say that it is time to look.
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char* text, void* opaque) {
    auto* reader = static_cast<KafkaReader*>(opaque);
    reader->contact_.OnError(BrokerErrorText(text));
    reader->watch_.Wake();
  });
  handle_ = MakeKafka(RD_KAFKA_CONSUMER, std::move(conf));
  rd_kafka_poll_set_consumer(handle_.get());
  queue_.reset(rd_kafka_queue_get_consumer(handle_.get()));
}

KafkaReader::~KafkaReader() { Stop(); }

void KafkaReader::Start() {
  reader_ = std::thread([this] { Run(); });
}

void KafkaReader::RequestStop() {
  {
    const MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
}

void KafkaReader::Stop() {
  RequestStop();
  if (reader_.joinable()) reader_.join();
  watch_.Stop();
}

bool KafkaReader::Stopping() {
  const MutexLock lock(&mutex_);
  return stopping_;
}

void KafkaReader::SleepMs(int wait_ms) {
  const MutexLock lock(&mutex_);
  changed_.WaitFor(&mutex_, std::chrono::milliseconds(wait_ms),
                   [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; });
}

void KafkaReader::Run() {
  while (Begin()) {
    // Before it begins again nothing is polled. The assignment stays until then: given up while its topic is gone, it
    // makes librdkafka 2.0.2 wait for ever when the client is closed.
    if (Consume() == Next::kStop) break;
  }
  waker_.reset();
  rd_kafka_assign(handle_.get(), nullptr);
}

bool KafkaReader::Begin() {
  watch_.Pause();
  while (!Stopping()) {
    int wait_ms = kRetryMs;
    try {
      if (TryBegin()) return true;
      wait_ms = kAbsentMs;
    } catch (const TopicRefused& error) {
      status_->SetReachable(true);
      status_->SetTopicRefused(error.what());
      wait_ms = kAbsentMs;
    } catch (const std::runtime_error& error) {
      status_->SetReachable(false, error.what());
    }
    SleepMs(wait_ms);
  }
  return false;
}

bool KafkaReader::TryBegin() {
  started_ns_ = MonotonicNs();
  const TopicFacts facts = watch_.Ask();
  const std::string cluster_id = watch_.ClusterId();
  if (cluster_id.empty()) throw std::runtime_error("the cluster tells no id");
  status_->SetReachable(true);
  status_->SetTopicRefused("");
  status_->SetTopicPresent(facts.partitions > 0);
  if (facts.partitions == 0) return false;
  if (RefuseTooMany(facts.partitions)) return false;
  const bool compacted = IsCompacted(facts);
  // The first question makes connections to all leaders: what happens to contact after it is a loss.
  QueryWatermarks(handle_.get(), settings_.topic, facts.partitions, kQueryMs);
  contact_.Take();
  BeginReplica(facts, cluster_id, QueryWatermarks(handle_.get(), settings_.topic, facts.partitions, kQueryMs),
               compacted);
  return true;
}

void KafkaReader::BeginReplica(const TopicFacts& facts, const std::string& cluster_id,
                               const std::vector<Watermarks>& marks, bool compacted) {
  std::vector<int64_t> begins;
  begins.reserve(marks.size());
  for (const Watermarks& at : marks) begins.push_back(at.low);
  continuity_.Start(begins);
  AssignAt(handle_.get(), settings_.topic, continuity_.ReadFrom());
  out_of_range_.clear();
  read_from_.assign(marks.size(), -1);
  reassign_ = false;
  lost_reason_.clear();
  loaded_ = false;
  status_->SetLoaded(false);
  int64_t backlog = 0;
  replica_->Update([&](ReplicaState& state) {
    state.Start(cluster_id + "/" + settings_.topic, marks, compacted);
    backlog = state.BacklogLeft();
  });
  intake_.Restart(compacted);
  retention_.Begin(marks.size());
  partitions_refused_ = 0;
  watch_.Watch(facts, cluster_id);
  waker_ = std::make_unique<FetchWaker>(handle_.get(), queue_.get(), settings_.topic, facts.partitions);
  spdlog::info("[KAFKA] ✅ Consumer started: {}, {} partitions, {} records to load", settings_.topic, facts.partitions,
               backlog);
  if (compacted) {
    spdlog::info("[KAFKA] {} is compacted: what is last under a key is all that is kept of it, and tombstones delete",
                 settings_.topic);
  }
  UpdateLoaded();
}

bool KafkaReader::IsCompacted(const TopicFacts& facts) {
  std::string reason;
  try {
    const std::optional<bool> compacted = watch_.Compacted(facts);
    policy_misses_ = 0;
    return compacted.value_or(false);
  } catch (const TopicRefused& error) {
    reason = error.what();
  } catch (const std::runtime_error& error) {
    if (++policy_misses_ < kPolicyMissesMax) throw;
    reason = error.what();
  }
  policy_misses_ = 0;
  if (!std::exchange(policy_told_, true)) {
    spdlog::warn("[KAFKA] {}: it is taken for one that is not compacted, and --tombstones says what tombstones do",
                 reason);
  }
  return false;
}

KafkaReader::Next KafkaReader::Consume() {
  for (;;) {
    if (const Next next = Prepare(); next != Next::kGoOn) return next;
    if (const Next next = ReadBatch(); next != Next::kGoOn) return next;
    if (!loaded_) UpdateLoaded();
  }
}

KafkaReader::Next KafkaReader::Prepare() {
  if (Stopping()) return Next::kStop;
  int32_t partitions = 0;
  switch (watch_.TakeChange(&partitions)) {
    case TopicWatch::Change::kNone:
      break;
    case TopicWatch::Change::kAnotherLog:
      return Next::kReload;
    case TopicWatch::Change::kPartitions:
      AddPartitions(partitions);
  }
  contact_.Look(MonotonicNs());
  if (contact_.lost() && CheckLog() == Next::kReload) return Next::kReload;
  for (const int32_t partition : continuity_.TooShort(MonotonicNs())) out_of_range_.insert(partition);
  if (!out_of_range_.empty() && Reposition() == Next::kReload) return Next::kReload;
  if (continuity_.must_reread() && Reread() == Next::kReload) return Next::kReload;
  retention_.Follow(handle_.get(), MonotonicNs());
  return Next::kGoOn;
}

KafkaReader::Next KafkaReader::ReadBatch() {
  std::array<rd_kafka_message_t*, kBatchMax> messages;
  // A batch with a timeout would wait for the whole of it: wait for the first message alone, take what is there.
  const int64_t asked_ns = MonotonicNs();
  messages[0] = rd_kafka_consumer_poll(handle_.get(), retention_.trimming() ? kTrimPollMs : kPollMs);
  if (const int64_t poll_ns = MonotonicNs() - asked_ns; poll_ns > kPollMs * int64_t{1'000'000} + kStandstillNs) {
    contact_.Lose("the process stood still for " + std::to_string(poll_ns / 1'000'000) + " ms");
  }
  if (messages[0] == nullptr) return Next::kGoOn;
  size_t count = 1;
  const ssize_t more = rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data() + 1, kBatchMax - 1);
  if (more > 0) count += static_cast<size_t>(more);
  Next next = Next::kGoOn;
  LookAtBrokers(messages.data(), count);
  if (contact_.lost()) {  // what was fetched before that is read again with the rest
    for (size_t i = 0; i < count; ++i) NoteOutOfRange(*messages[i]);
  } else {
    next = TakeBatch(messages.data(), count);
  }
  waker_->AfterBatch();
  for (size_t i = 0; i < count; ++i) rd_kafka_message_destroy(messages[i]);
  return next;
}

void KafkaReader::LookAtBrokers(rd_kafka_message_t* const* messages, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_message_t& message = *messages[i];
    const bool is_known = message.partition >= 0 && message.partition < continuity_.partition_count();
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR || !is_known) continue;
    const int32_t broker = rd_kafka_message_broker_id(&message);
    const int32_t before = std::exchange(read_from_[static_cast<size_t>(message.partition)], broker);
    if (before < 0 || before == broker) continue;
    contact_.Lose("another broker leads partition " + std::to_string(message.partition));
  }
}

KafkaReader::Next KafkaReader::TakeBatch(rd_kafka_message_t* const* messages, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_message_t& message = *messages[i];
    const bool is_record = message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!is_record && message.err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      OnMessageError(message);
      continue;
    }
    const uint32_t record_crc32c = is_record ? MessageCrc32c(message) : 0;
    const LogContinuity::Verdict verdict = Judge(message, record_crc32c);
    if (verdict == LogContinuity::Verdict::kAnother) {
      intake_.Drop();
      return Replaced(message.partition, "the record at offset " + std::to_string(message.offset) + " is another one");
    }
    if (verdict != LogContinuity::Verdict::kDrop) retention_.Heard(message.partition);
    if (verdict == LogContinuity::Verdict::kTake) {
      intake_.Take(message, record_crc32c, continuity_.next_offset(message.partition));
    }
  }
  if (!lost_reason_.empty() && continuity_.passed()) {
    spdlog::debug("[KAFKA] it is the same log ({})", std::exchange(lost_reason_, {}));
  }
  intake_.Apply();
  return Next::kGoOn;
}

LogContinuity::Verdict KafkaReader::Judge(const rd_kafka_message_t& message, uint32_t record_crc32c) {
  if (message.partition >= continuity_.partition_count()) return LogContinuity::Verdict::kDrop;
  return message.err == RD_KAFKA_RESP_ERR_NO_ERROR
             ? continuity_.OnRecord(message.partition, message.offset, record_crc32c)
             : continuity_.OnEnd(message.partition, message.offset, MonotonicNs());
}

bool KafkaReader::NoteOutOfRange(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || message.rkt == nullptr) return false;
  if (message.partition >= 0 && message.partition < continuity_.partition_count()) {
    out_of_range_.insert(message.partition);
  }
  return true;
}

void KafkaReader::OnMessageError(const rd_kafka_message_t& message) {
  if (NoteOutOfRange(message)) return;
  contact_.Lose(rd_kafka_err2str(message.err));
  watch_.Wake();
  const std::optional<int64_t> untold = error_lines_.Tell(MonotonicNs());
  if (!untold) return;
  spdlog::error("[KAFKA] partition {}: {} ({} further errors since the last line)", message.partition,
                rd_kafka_message_errstr(&message), *untold);
}

std::vector<KafkaReader::End> KafkaReader::KnownEnds(int32_t count) const {
  const std::vector<TopicWatch::Reach> reaches = watch_.Reaches(count);
  std::vector<End> ends;
  ends.reserve(reaches.size());
  for (int32_t p = 0; p < count; ++p) {
    int64_t low = -1;
    int64_t high = -1;
    rd_kafka_get_watermark_offsets(handle_.get(), settings_.topic.c_str(), p, &low, &high);
    const TopicWatch::Reach& reach = reaches[static_cast<size_t>(p)];
    ends.push_back({high < 0 ? -1 : high, reach.answered_ns, reach.known});
  }
  return ends;
}

KafkaReader::Next KafkaReader::CheckLog() {
  SleepMs(kSettleMs);
  lost_reason_ = contact_.Take();
  spdlog::debug("[KAFKA] contact was lost: {}; looking whether it is the same log", lost_reason_);
  counters_->log_checks.Add();
  continuity_.Lose();
  return Reread();
}

KafkaReader::Next KafkaReader::Reread() {
  const std::vector<int64_t> offsets = continuity_.ReadFrom();
  if (!std::exchange(reassign_, false)) {
    if (SeekTo(handle_.get(), settings_.topic, offsets, kQueryMs)) return Next::kGoOn;
    contact_.Lose("a partition was not being read");  // it tells that it is out of range, or is assigned soon
    SleepMs(kSettleMs);
    return Next::kGoOn;
  }
  try {
    AssignAt(handle_.get(), settings_.topic, offsets);
  } catch (const std::runtime_error& error) {
    spdlog::error("[KAFKA] {}; loading the log again", error.what());
    return Next::kReload;
  }
  return Next::kGoOn;
}

KafkaReader::Next KafkaReader::Replaced(int32_t partition, const std::string& why) {
  counters_->logs_replaced.Add();
  spdlog::error(
      "[KAFKA] partition {}: {}: this is another log; streams end, tokens of the one before are refused; loading it",
      partition, why);
  return Next::kReload;
}

// Positions below the log's start: those records are gone, and everybody must know; above its end: another log.
KafkaReader::Next KafkaReader::Reposition() {
  while (!out_of_range_.empty()) {
    const int32_t p = *out_of_range_.begin();
    Watermarks range;
    try {
      range = QueryWatermark(handle_.get(), settings_.topic, p, kQueryMs);
    } catch (const std::runtime_error& error) {
      spdlog::debug("[KAFKA] {}", error.what());
      return Next::kGoOn;  // it is asked for again
    }
    out_of_range_.erase(p);
    reassign_ = true;
    const int64_t next_offset = continuity_.next_offset(p);
    const LogContinuity::Range found = continuity_.OnOutOfRange(p, range);
    if (found.verdict == LogContinuity::Verdict::kAnother) {
      return Replaced(
          p, "it ends at " + std::to_string(range.high) + ", " + std::to_string(next_offset - 1) + " was read already");
    }
    if (found.skipped == 0) continue;
    spdlog::error(
        "[KAFKA] partition {}: records {} to {} were trimmed before they were read here; streams end, their "
        "clients are told",
        p, next_offset, next_offset + found.skipped - 1);
    skipped_ += found.skipped;
    replica_->Update([&](ReplicaState& state) { state.Skip(p, next_offset + found.skipped); });
    retention_.Due();
  }
  return Next::kGoOn;
}

bool KafkaReader::RefuseTooMany(int32_t count) {
  if (count <= kPartitionsMax) return false;
  on_fatal_("Kafka topic " + settings_.topic + " has " + std::to_string(count) + " partitions; allowed: at most " +
            std::to_string(kPartitionsMax));
  RequestStop();
  return true;
}

void KafkaReader::AddPartitions(int32_t count) {
  const int32_t known = continuity_.partition_count();
  if (count > kPartitionsMax && partitions_refused_.exchange(count - kPartitionsMax) != count - kPartitionsMax) {
    spdlog::error(
        "[KAFKA] ❌ topic {} has {} partitions now; allowed: at most {}: the {} beyond are not read, and this "
        "server would not start again",
        settings_.topic, count, kPartitionsMax, count - kPartitionsMax);
  }
  count = std::min(count, kPartitionsMax);
  if (count <= known) return;
  std::vector<Watermarks> marks;
  try {
    marks = QueryWatermarks(handle_.get(), settings_.topic, count, kQueryMs);
  } catch (const std::runtime_error& error) {
    spdlog::debug("[KAFKA] {}", error.what());
    return;  // the watch finds them again
  }
  marks.erase(marks.begin(), marks.begin() + known);
  for (const Watermarks& at : marks) continuity_.Add(at.low);
  read_from_.resize(static_cast<size_t>(continuity_.partition_count()), -1);
  reassign_ = true;
  retention_.AddPartitions(static_cast<size_t>(continuity_.partition_count()));
  replica_->Update([&](ReplicaState& state) { state.AddPartitions(marks); });
  watch_.SetRead(count);
  spdlog::info("[KAFKA] topic {} has {} partitions now; reading the {} new ones from their beginning", settings_.topic,
               count, marks.size());
}

void KafkaReader::UpdateLoaded() {
  int64_t payments = 0;
  {
    const Replica::Access access = replica_->Lock();
    if (!access.state().loaded()) return;
    payments = access.state().store().size();
  }
  loaded_ = true;
  retention_.Due();
  spdlog::info("[KAFKA] backlog loaded in {} ms: {} payments", (MonotonicNs() - started_ns_) / 1'000'000, payments);
  status_->SetLoaded(true);
}

}  // namespace pipeline
