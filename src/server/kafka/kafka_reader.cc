#include "server/kafka/kafka_reader.h"

#include <spdlog/spdlog.h>

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
constexpr int kWatchMs = 3000;  // between questions while all is well

}  // namespace

KafkaReader::KafkaReader(const KafkaSettings& settings, Replica* replica, ServerStatus* status, RejectLog* rejects,
                         ServerJournal* journal, DeadLetters* dead_letters, ServerCounters* counters,
                         std::function<void(const std::string&)> on_fatal)
    : settings_(settings),
      replica_(replica),
      status_(status),
      rejects_(rejects),
      journal_(journal),
      dead_letters_(dead_letters),
      counters_(counters),
      on_fatal_(std::move(on_fatal)) {
  KafkaPtr<rd_kafka_conf_t> conf = MakeConsumerConf(settings_);
  rd_kafka_conf_set_opaque(conf.get(), this);
  // Errors of brokers say that it is time to look; what is the matter, the watch finds out by asking.
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char*, void* opaque) {
    auto* reader = static_cast<KafkaReader*>(opaque);
    const std::lock_guard lock(reader->mutex_);
    reader->watch_now_ = true;
    reader->changed_.notify_all();
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
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void KafkaReader::Stop() {
  RequestStop();
  if (reader_.joinable()) reader_.join();
  if (watch_.joinable()) watch_.join();
}

void KafkaReader::SleepMs(int wait_ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return stopping_; });
}

void KafkaReader::Run() {
  while (Begin()) {
    if (!watch_.joinable()) watch_ = std::thread([this] { Watch(); });
    // Before it begins again nothing is polled. The assignment stays until then: given up while its topic is gone, it
    // makes librdkafka 2.0.2 wait for ever when the client is closed.
    if (Consume() == Next::kStop) break;
  }
  waker_.reset();
  rd_kafka_assign(handle_.get(), nullptr);
}

bool KafkaReader::Begin() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      log_id_.clear();
    }
    try {
      if (TryBegin()) return true;
    } catch (const std::runtime_error& error) {
      status_->SetReachable(false, error.what());
    }
    SleepMs(kRetryMs);
  }
}

bool KafkaReader::TryBegin() {
  started_ns_ = MonotonicNs();
  const int count = PartitionCount(handle_.get(), settings_.topic, kQueryMs);
  char* id = rd_kafka_clusterid(handle_.get(), kQueryMs);
  if (id == nullptr) throw std::runtime_error("the cluster tells no id");
  const std::string cluster_id = id;
  rd_kafka_mem_free(handle_.get(), id);
  status_->SetReachable(true);
  status_->SetTopicPresent(count > 0);
  if (count == 0) return false;
  if (RefuseTooMany(count)) return false;
  const std::vector<Watermarks> marks = QueryWatermarks(handle_.get(), settings_.topic, count, kQueryMs);
  next_offsets_.clear();
  for (const Watermarks& at : marks) next_offsets_.push_back(at.low);
  AssignAt(handle_.get(), settings_.topic, next_offsets_);
  const std::string log_id = cluster_id + "/" + settings_.topic;
  int64_t backlog = 0;
  loaded_ = false;
  status_->SetLoaded(false);
  not_kept_ = 0;
  nearly_full_ = false;
  replica_->Update([&](ReplicaState& state) {
    state.Start(log_id, marks);
    backlog = state.BacklogLeft();
  });
  status_->SetComplete(true);
  {
    const std::lock_guard lock(mutex_);
    log_id_ = log_id;
  }
  partitions_found_ = 0;
  partition_count_ = count;
  reload_ = false;
  for (PartitionProgress& progress : counters_->partitions) {
    progress.applied_ms = 0;
    progress.level_at_ms = 0;
  }
  waker_ = std::make_unique<FetchWaker>(handle_.get(), queue_.get(), settings_.topic, count);
  spdlog::info("[KAFKA] ✅ Consumer started: {}, {} partitions, {} records to load", settings_.topic, count, backlog);
  UpdateLoaded();
  return true;
}

KafkaReader::Next KafkaReader::Consume() {
  std::array<rd_kafka_message_t*, kBatchMax> messages{};
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return Next::kStop;
    }
    if (reload_) return Next::kReload;
    if (const int32_t found = partitions_found_.exchange(0); found > 0) AddPartitions(found);
    // A batch with a timeout would wait for the whole of it: wait for the first message alone, take what is there.
    messages[0] = rd_kafka_consumer_poll(handle_.get(), kPollMs);
    if (messages[0] == nullptr) continue;
    size_t count = 1;
    const ssize_t more = rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data() + 1, kBatchMax - 1);
    if (more > 0) count += static_cast<size_t>(more);
    TakeBatch(messages.data(), count);
    waker_->AfterBatch();
    for (size_t i = 0; i < count; ++i) rd_kafka_message_destroy(messages[i]);
    if (std::exchange(out_of_range_, false) && !Reposition()) return Next::kReload;
    if (!loaded_) UpdateLoaded();
  }
}

void KafkaReader::TakeBatch(rd_kafka_message_t* const* messages, size_t count) {
  // Decoded before the mutex is taken.
  std::vector<LogRecord> records;
  records.reserve(count);
  std::vector<std::pair<int32_t, int64_t>> advances;
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_message_t& message = *messages[i];
    const bool is_record = message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (is_record || message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      int64_t& next_offset = next_offsets_[message.partition];
      const int64_t after = message.offset + (is_record ? 1 : 0);
      if (message.offset < next_offset) continue;
      next_offset = after;
      CountProgress(message);
      advances.emplace_back(message.partition, after);
    }
    if (is_record) {
      LogRecord record;
      const RejectReason reason = maker_.Make(message, &record);
      if (journal_ != nullptr) journaled_.push_back({MonotonicNs(), message.offset, message.partition, reason});
      if (reason == RejectReason::kNone) {
        records.push_back(std::move(record));
      } else {
        rejects_->Count(reason, message.partition, message.offset, static_cast<int64_t>(message.key_len + message.len));
        if (dead_letters_ != nullptr) dead_letters_->Offer(message, reason);
      }
    } else if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      out_of_range_ = true;
    } else if (message.err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      spdlog::debug("[KAFKA] partition {}: {}", message.partition, rd_kafka_message_errstr(&message));
      const std::lock_guard lock(mutex_);
      watch_now_ = true;
      changed_.notify_all();
    }
  }
  if (advances.empty()) return;
  if (!journaled_.empty()) {  // before anybody can be sent any of it
    journal_->Read(journaled_);
    journaled_.clear();
  }
  StoreNews news;  // told without the mutex
  replica_->Update([&](ReplicaState& state) {
    for (LogRecord& record : records) state.Apply(std::move(record));
    for (const auto& [partition, next_offset] : advances) state.Advance(partition, next_offset);
    news = NewsOf(state.store());
  });
  counters_->records_accepted.Add(static_cast<int64_t>(records.size()));
  Tell(news);
}

KafkaReader::StoreNews KafkaReader::NewsOf(const PaymentStore& store) const {
  StoreNews news{store.not_taken(), store.nearly_full(), "", ""};
  if (news.not_kept != not_kept_) news.full_text = store.LimitText();
  if (news.nearly_full && !nearly_full_) {
    news.nearly_full_text = std::to_string(store.size()) + " payments (--max-payments " +
                            std::to_string(store.limits().payments_max) + "), " + std::to_string(store.bytes()) +
                            " bytes of them (--max-store-bytes " + std::to_string(store.limits().bytes_max) + ")";
  }
  return news;
}

void KafkaReader::Tell(const StoreNews& news) {
  if (const int64_t before = std::exchange(not_kept_, news.not_kept); before != news.not_kept) {
    counters_->records_not_kept.Add(news.not_kept - before);
    status_->SetComplete(false, news.full_text);
  }
  if (news.nearly_full && !std::exchange(nearly_full_, true)) {
    spdlog::warn("[SERVER] nine tenths of what may be kept are reached: {}", news.nearly_full_text);
  }
}

// What the lag in time is reckoned from. At a partition's end there is none.
void KafkaReader::CountProgress(const rd_kafka_message_t& message) {
  PartitionProgress& progress = counters_->partitions[static_cast<size_t>(message.partition)];
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    progress.level_at_ms.store(WallNs() / 1'000'000, std::memory_order_relaxed);
    return;
  }
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) progress.applied_ms.store(timestamp_ms, std::memory_order_relaxed);
}

std::vector<int64_t> KafkaReader::KnownEnds(int32_t count) const {
  std::vector<int64_t> ends;
  ends.reserve(static_cast<size_t>(count));
  for (int32_t p = 0; p < count; ++p) {
    int64_t low = -1;
    int64_t high = -1;
    rd_kafka_get_watermark_offsets(handle_.get(), settings_.topic.c_str(), p, &low, &high);
    ends.push_back(high < 0 ? -1 : high);
  }
  return ends;
}

// Positions below the log's start: those records are gone, and everybody must know; above its end: another log.
bool KafkaReader::Reposition() {
  std::vector<Watermarks> marks;
  for (;;) {
    try {
      marks = QueryWatermarks(handle_.get(), settings_.topic, static_cast<int32_t>(next_offsets_.size()), kQueryMs);
      break;
    } catch (const std::runtime_error& error) {
      spdlog::debug("[KAFKA] {}", error.what());
    }
    SleepMs(kRetryMs);
    const std::lock_guard lock(mutex_);
    if (stopping_) return true;
  }
  for (size_t p = 0; p < marks.size(); ++p) {
    if (next_offsets_[p] > marks[p].high) {
      spdlog::error(
          "[KAFKA] partition {} ends at {}, {} was read already: the log was cut or replaced; loading it again", p,
          marks[p].high, next_offsets_[p] - 1);
      return false;
    }
    if (next_offsets_[p] >= marks[p].low) continue;
    spdlog::error(
        "[KAFKA] partition {}: records {} to {} were trimmed before they were read here; streams end, their "
        "clients are told",
        p, next_offsets_[p], marks[p].low - 1);
    skipped_ += marks[p].low - next_offsets_[p];
    next_offsets_[p] = marks[p].low;
    replica_->Update([&](ReplicaState& state) { state.Skip(static_cast<int32_t>(p), marks[p].low); });
  }
  try {
    AssignAt(handle_.get(), settings_.topic, next_offsets_);
  } catch (const std::runtime_error& error) {
    spdlog::error("[KAFKA] {}; loading the log again", error.what());
    return false;
  }
  return true;
}

bool KafkaReader::RefuseTooMany(int32_t count) {
  if (count <= kPartitionsMax) return false;
  on_fatal_("Kafka topic " + settings_.topic + " has " + std::to_string(count) + " partitions; allowed: at most " +
            std::to_string(kPartitionsMax));
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  return true;
}

void KafkaReader::AddPartitions(int32_t count) {
  const auto known = static_cast<std::ptrdiff_t>(next_offsets_.size());
  if (count <= known || RefuseTooMany(count)) return;
  std::vector<Watermarks> marks;
  try {
    marks = QueryWatermarks(handle_.get(), settings_.topic, count, kQueryMs);
    std::vector<int64_t> next_offsets = next_offsets_;
    for (std::ptrdiff_t p = known; p < count; ++p) next_offsets.push_back(marks[p].low);
    AssignAt(handle_.get(), settings_.topic, next_offsets);
    next_offsets_ = std::move(next_offsets);
  } catch (const std::runtime_error& error) {
    spdlog::debug("[KAFKA] {}", error.what());
    return;  // the watch finds them again
  }
  marks.erase(marks.begin(), marks.begin() + known);
  replica_->Update([&](ReplicaState& state) { state.AddPartitions(marks); });
  partition_count_ = count;
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
  spdlog::info("[KAFKA] backlog loaded in {} ms: {} payments", (MonotonicNs() - started_ns_) / 1'000'000, payments);
  status_->SetLoaded(true);
}

void KafkaReader::Watch() {
  bool well = true;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto wait = std::chrono::milliseconds(well ? kWatchMs : kRetryMs);
      changed_.wait_for(lock, wait, [&] { return stopping_ || (well && watch_now_); });
      if (stopping_) return;
      watch_now_ = false;
    }
    well = WatchOnce();
  }
}

// A topic that is gone will be another one when it is back, whatever its offsets are: nothing more is read of it until
// it is begun anew.
void KafkaReader::OnPartitionCount(int32_t count) {
  const int32_t known = partition_count_;
  if (known == 0 || reload_) return;
  if (count < known) {
    spdlog::error("[KAFKA] topic {} was deleted; its log will be loaded anew when there is one again", settings_.topic);
    reload_ = true;
  } else if (count > known) {
    partitions_found_ = count;
  }
}

bool KafkaReader::WatchOnce() {
  try {
    OnPartitionCount(PartitionCount(handle_.get(), settings_.topic, kQueryMs));
  } catch (const std::runtime_error& error) {
    status_->SetReachable(false, error.what());
    return false;
  }
  status_->SetReachable(true);
  char* id = rd_kafka_clusterid(handle_.get(), 0);
  if (id == nullptr) return true;
  const std::string log_id = std::string(id) + "/" + settings_.topic;
  rd_kafka_mem_free(handle_.get(), id);
  const std::lock_guard lock(mutex_);
  if (!log_id_.empty() && log_id_ != log_id && !reload_.exchange(true)) {
    spdlog::error("[KAFKA] the cluster is another one now ({}, it was {}); loading its log", log_id, log_id_);
  }
  return true;
}

}  // namespace pipeline
