#include "server/kafka/evidence_reader.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "server/kafka/kafka_queries.h"
#include "server/kafka/record_maker.h"
#include "server/ops/server_counters.h"

namespace pipeline {
namespace {

constexpr int kQueryMs = 1000;
constexpr int kPollMs = 50;
constexpr int kRetryMs = 100;
constexpr int64_t kReadNs = 2'000'000'000;

}  // namespace

EvidenceReader::EvidenceReader(const KafkaSettings& settings, Replica* replica, int64_t give_up_ns)
    : settings_(settings), replica_(replica), give_up_ns_(give_up_ns) {
  thread_ = std::thread([this] { Run(); });
}

EvidenceReader::~EvidenceReader() { Stop(); }

void EvidenceReader::Stop() {
  {
    const MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void EvidenceReader::Ask(Question question) {
  {
    const MutexLock lock(&mutex_);
    jobs_.push_back({std::move(question), MonotonicNs() + give_up_ns_});
  }
  changed_.NotifyAll();
}

void EvidenceReader::Run() {
  std::deque<Job> jobs;  // taken, and not done yet
  for (;;) {
    {
      const MutexLock lock(&mutex_);
      if (jobs.empty()) {
        changed_.Wait(&mutex_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !jobs_.empty(); });
      } else {  // Kafka did not answer
        changed_.WaitFor(&mutex_, std::chrono::milliseconds(kRetryMs),
                         [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; });
      }
      if (stopping_) return;
      std::move(jobs_.begin(), jobs_.end(), std::back_inserter(jobs));
      jobs_.clear();
    }
    try {
      Answer(&jobs);
    } catch (const std::runtime_error& error) {
      const int64_t now_ns = MonotonicNs();
      std::erase_if(jobs, [&](const Job& job) {
        if (now_ns < job.give_up_at_ns) return false;
        job.question.on_failed(error.what());
        return true;
      });
    }
  }
}

void EvidenceReader::Answer(std::deque<Job>* jobs) {
  if (handle_ == nullptr) {
    handle_ = MakeKafka(RD_KAFKA_CONSUMER, MakeConsumerConf(settings_));
    rd_kafka_poll_set_consumer(handle_.get());
  }
  KafkaEvidence evidence;
  int32_t count = 0;
  {
    const Replica::Access access = replica_->Lock();
    evidence.generation = access.state().generation();
    count = access.state().partition_count();
  }
  const int32_t there = AskTopic(handle_.get(), settings_.topic, true, kQueryMs).partitions;
  if (std::min(there, kCountedPartitionsMax) > count) {                               // more are not read
    throw std::runtime_error("the topic has partitions that are not read here yet");  // soon they are
  }
  evidence.marks = QueryWatermarks(handle_.get(), settings_.topic, count, kQueryMs);
  for (; !jobs->empty(); jobs->pop_front()) {
    const Question& question = jobs->front().question;
    if (question.abandoned()) continue;
    evidence.records = ReadRecords(question.records, evidence.marks.size());
    question.on_evidence(evidence);
  }
}

std::vector<KafkaEvidence::Record> EvidenceReader::ReadRecords(const std::vector<Position>& positions,
                                                               size_t partition_count) {
  std::vector<KafkaEvidence::Record> records;
  if (positions.empty()) return records;
  std::vector<int64_t> offsets(partition_count, -1);
  for (const Position& position : positions) {
    // Of a log with fewer partitions than the one that was asked about: the whole evidence is void then.
    if (static_cast<size_t>(position.partition) < offsets.size()) offsets[position.partition] = position.offset;
  }
  auto left = std::count_if(offsets.begin(), offsets.end(), [](int64_t offset) { return offset >= 0; });
  AssignAt(handle_.get(), settings_.topic, offsets);
  const int64_t deadline_ns = MonotonicNs() + kReadNs;
  while (left > 0) {
    if (MonotonicNs() > deadline_ns) throw std::runtime_error("the record at the resume token's offset can't be read");
    const KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle_.get(), kPollMs));
    if (message == nullptr || message->rkt == nullptr) continue;
    const int32_t p = message->partition;
    if (p < 0 || p >= static_cast<int32_t>(offsets.size()) || offsets[p] < 0) continue;
    // What comes first tells: the record itself, or what stands behind it where it no longer is.
    const bool is_record = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!is_record && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF &&
        message->err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      continue;
    }
    KafkaEvidence::Record record = {{p, offsets[p]}, std::nullopt};
    if (is_record && message->offset == offsets[p]) record.crc32c = MessageCrc32c(*message);
    records.push_back(record);
    offsets[p] = -1;
    --left;
  }
  rd_kafka_assign(handle_.get(), nullptr);
  return records;
}

}  // namespace pipeline
