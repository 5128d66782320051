#include "harness/load/embedded_producer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "harness/contract/canonical.h"
#include "harness/observe/log_lines.h"

namespace harness {
namespace {

constexpr int64_t kRoomWaitNs = 20'000'000;

Outcome ToOutcome(pipeline::DeliveryOutcome outcome) {
  switch (outcome) {
    case pipeline::DeliveryOutcome::kOk:
      return Outcome::kOk;
    case pipeline::DeliveryOutcome::kFail:
      return Outcome::kFail;
    case pipeline::DeliveryOutcome::kUnknown:
      break;
  }
  return Outcome::kUnknown;
}

pipeline::RecordProducer::Sink TellRecorder(uint16_t index, Recorder* recorder,
                                            pipeline::RecordProducer::Sink on_reports) {
  return [index, recorder, on_reports = std::move(on_reports)](std::span<const pipeline::DeliveryReport> reports) {
    std::vector<OutcomeSeen> outcomes;
    outcomes.reserve(reports.size());
    for (const pipeline::DeliveryReport& report : reports) {
      outcomes.push_back({report.sequence, report.time_ns, ToOutcome(report.outcome), report.partition, report.offset});
    }
    recorder->OnOutcomes(index, outcomes);
    if (on_reports) on_reports(reports);
  };
}

}  // namespace

EmbeddedProducer::EmbeddedProducer(uint16_t index, RecordSource source, pipeline::RecordProducerOptions options,
                                   Recorder* recorder, pipeline::RecordProducer::Sink on_reports)
    : index_(index),
      recorder_(recorder),
      source_(std::move(source)),
      producer_(std::move(options), TellRecorder(index, recorder, std::move(on_reports))) {}

int64_t EmbeddedProducer::room() const {
  const auto batch = static_cast<int64_t>(items_.size());
  return std::min(kBatchRecordsMax - batch, producer_.room() - batch);
}

void EmbeddedProducer::Put(const pipeline::MadeRecord& made, bool rejected, size_t begin, SendSeen seen) {
  const size_t value_bytes = bytes_.size() - begin;
  bytes_.append(made.key);
  items_.push_back({begin, value_bytes, made.key.size(), seen.send.partition, made.first_of_payment});
  seen.sequence = made.sequence;
  seen.id_hash = IdHash(made.key);
  // What is rejected has no content that anybody could receive.
  seen.send.content_hash = rejected ? 0 : CanonicalHash(*made.payment);
  seen.send.sent_ns = pipeline::MonotonicNs();
  if (seen.send.planned_ns == 0) seen.send.planned_ns = seen.send.sent_ns;
  sends_.push_back(seen);
}

void EmbeddedProducer::Add(std::optional<int64_t> planned_ns, uint8_t phase, bool measured, int64_t now_s) {
  const size_t begin = bytes_.size();
  const RecordSource::Next next = source_.Make(now_s, &bytes_);
  SendSeen seen;
  seen.send.planned_ns = planned_ns.value_or(0);
  seen.send.phase = phase;
  seen.send.measured = measured;
  Put(next.made, next.rejected, begin, seen);
}

uint64_t EmbeddedProducer::AddSentinel(const pipeline::Filter& filter, int32_t partition, int64_t now_s) {
  const size_t begin = bytes_.size();
  const pipeline::MadeRecord made = source_.MakeMatching(filter, now_s, &bytes_);
  SendSeen seen;
  seen.send.partition = partition;
  seen.send.sentinel = true;
  Put(made, false, begin, seen);
  return made.sequence;
}

void EmbeddedProducer::TellSends() {
  names_.clear();
  const std::string_view bytes = bytes_;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    if (!item.first_of_payment) continue;
    names_.push_back({sends_[i].id_hash, bytes.substr(item.begin + item.value_bytes, item.key_bytes)});
  }
  if (!names_.empty()) recorder_->OnNames(names_);
  recorder_->OnSends(index_, sends_);
}

void EmbeddedProducer::HandOver(const std::function<bool()>& stop) {
  if (items_.empty()) return;
  TellSends();
  const std::string_view bytes = bytes_;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const std::string_view value = bytes.substr(item.begin, item.value_bytes);
    const std::string_view key = bytes.substr(item.begin + item.value_bytes, item.key_bytes);
    while (!producer_.TrySend(sends_[i].sequence, item.partition, key, value)) {
      if (stop()) {
        FailFrom(i);
        i = items_.size();
        break;
      }
      producer_.WaitForRoom(pipeline::MonotonicNs() + kRoomWaitNs);
    }
  }
  bytes_.clear();
  items_.clear();
  sends_.clear();
}

void EmbeddedProducer::FailFrom(size_t first) {
  std::vector<OutcomeSeen> outcomes;
  for (size_t i = first; i < sends_.size(); ++i) {
    outcomes.push_back({sends_[i].sequence, pipeline::MonotonicNs(), Outcome::kFail, -1, -1});
  }
  recorder_->OnOutcomes(index_, outcomes);
}

}  // namespace harness
