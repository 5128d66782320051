#include "server/stream/token_verifier.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "server/kafka/kafka_queries.h"
#include "server/kafka/record_maker.h"

namespace pipeline {
namespace {

constexpr int kQueryMs = 1000;
constexpr int kPollMs = 50;
constexpr int kRetryMs = 100;
constexpr int64_t kReadNs = 2'000'000'000;

}  // namespace

TokenVerifier::TokenVerifier(const KafkaSettings& settings, Replica* replica, int64_t give_up_ns)
    : settings_(settings), replica_(replica), give_up_ns_(give_up_ns) {
  thread_ = std::thread([this] { Run(); });
}

TokenVerifier::~TokenVerifier() { Stop(); }

void TokenVerifier::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TokenVerifier::Submit(std::shared_ptr<VerifiedStream> stream) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(stream), MonotonicNs() + give_up_ns_});
  }
  changed_.notify_all();
}

void TokenVerifier::Run() {
  std::deque<Job> jobs;  // taken, and not done yet
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (jobs.empty()) {
        changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      } else {  // Kafka did not answer
        changed_.wait_for(lock, std::chrono::milliseconds(kRetryMs), [this] { return stopping_; });
      }
      if (stopping_) return;
      std::move(jobs_.begin(), jobs_.end(), std::back_inserter(jobs));
      jobs_.clear();
    }
    try {
      Verify(&jobs);
    } catch (const std::runtime_error& error) {
      const int64_t now_ns = MonotonicNs();
      for (Job& job : jobs) {
        if (now_ns < job.give_up_at_ns) continue;
        job.stream->OnKafkaFailed(error.what());
        job.stream.reset();
      }
      std::erase_if(jobs, [](const Job& job) { return job.stream == nullptr; });
    }
  }
}

void TokenVerifier::Verify(std::deque<Job>* jobs) {
  if (handle_ == nullptr) {
    handle_ = MakeKafka(RD_KAFKA_CONSUMER, MakeConsumerConf(settings_));
    rd_kafka_poll_set_consumer(handle_.get());
  }
  const int32_t count = replica_->Lock().state().partition_count();
  if (PartitionCount(handle_.get(), settings_.topic, kQueryMs) > count) {
    throw std::runtime_error("the topic has partitions that are not read here yet");  // soon they are
  }
  const std::vector<Watermarks> fresh = QueryWatermarks(handle_.get(), settings_.topic, count, kQueryMs);
  for (; !jobs->empty(); jobs->pop_front()) {
    if (!jobs->front().stream->ended()) VerifyOne(jobs->front().stream.get(), fresh);
  }
}

void TokenVerifier::VerifyOne(VerifiedStream* stream, const std::vector<Watermarks>& fresh) {
  ResumeDecision decision;
  {
    const Replica::Access access = replica_->Lock();
    if (access.state().partition_count() != static_cast<int32_t>(fresh.size())) {
      throw std::runtime_error("the log was replaced meanwhile");
    }
    decision = stream->DecideWith(access.state(), fresh);
  }
  std::vector<int32_t> same;
  if (decision.action == ResumeDecision::Action::kServe && !decision.unread.empty()) {
    if (std::optional<Refusal> other = ReadRecords(decision, &same)) return stream->OnRefused(*std::move(other));
  }
  if (decision.action == ResumeDecision::Action::kRefuse) return stream->OnRefused(std::move(decision.refusal));
  stream->OnVerified(fresh, same);
}

std::optional<Refusal> TokenVerifier::ReadRecords(const ResumeDecision& decision, std::vector<int32_t>* same) {
  std::vector<int64_t> offsets(decision.starts.size(), -1);
  for (int32_t p : decision.unread) offsets[p] = decision.starts[p].after;
  AssignAt(handle_.get(), settings_.topic, offsets);
  size_t left = decision.unread.size();
  const int64_t deadline_ns = MonotonicNs() + kReadNs;
  std::optional<Refusal> other;
  while (left > 0 && !other) {
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
    const uint32_t wanted = *decision.starts[p].record_crc32c;
    if (is_record && message->offset == offsets[p] && MessageCrc32c(*message) != wanted) {
      other = OtherRecord(p, offsets[p], wanted, MessageCrc32c(*message));
    }
    offsets[p] = -1;
    same->push_back(p);
    --left;
  }
  rd_kafka_assign(handle_.get(), nullptr);
  return other;
}

}  // namespace pipeline
