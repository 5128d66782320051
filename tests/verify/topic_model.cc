#include "tests/verify/topic_model.h"

#include <algorithm>
#include <array>
#include <utility>

namespace harness {

using pipeline::PaymentStatus;
using pipeline::Provider;

int ModelWorld::Below(int limit) { return static_cast<int>(random() % static_cast<uint64_t>(std::max(limit, 1))); }

void ModelWorld::AddProcess(const std::string& name, int64_t pid) {
  ProcessSpan& added = history.processes.emplace_back();
  added.name = name;
  added.pid = pid;
  added.started_ns = added.ready_ns = now_ns;
}

void TopicModel::AddProducers() {
  AddProducer("load");
  AddProducer("shop");
  AddProducer("sentinel");
  if (world_.plan.foreign) AddProducer("stranger", false);
}

void TopicModel::AddProducer(const std::string& name, bool has_acks) {
  Producer& added = world_.history.producers.emplace_back();
  added.name = name;
  added.has_acks = has_acks;
}

void TopicModel::BreakBroker() {
  if (std::exchange(broker_broken_, true)) return;
  FaultEvent& fault = world_.history.faults.emplace_back();
  fault.name = "broker-" + std::to_string(world_.history.faults.size());
  fault.type = "broker.kill";
  fault.target = "broker-1";
  fault.planned_ns = fault.struck_ns = world_.Now();
  fault.effective = true;
  fault.evidence = "broker 1 was down";
}

void TopicModel::HealBroker() {
  if (!std::exchange(broker_broken_, false)) return;
  ProduceCertain({});  // something that meets it
  world_.history.faults.back().healed_ns = world_.Now();
}

TopicModel::Content TopicModel::RandomContent() {
  Content content;
  const bool further = !payments_.empty() && world_.Chance(55);
  content.id = further ? payments_[static_cast<size_t>(world_.Below(static_cast<int>(payments_.size())))]
                       : 1000 + payments_.size();
  if (!further) payments_.push_back(content.id);
  // The key decides the partition; a few ids are spread, so that the fold has to look across.
  content.partition = static_cast<int32_t>((content.id % 7 == 0 ? world_.random() : content.id) %
                                           static_cast<uint64_t>(world_.plan.partitions));
  content.provider = static_cast<Provider>(content.id % 4);
  content.status = static_cast<PaymentStatus>(world_.Below(5));
  content.timestamp_s = 1'700'000'000 + world_.Below(20);
  return content;
}

void TopicModel::Produce() {
  const Content content = RandomContent();
  const int kind = world_.Below(100);
  const size_t producer = world_.Chance(70) ? 0 : 1;
  if (broker_broken_ && world_.Chance(20)) return SendOvertaken(producer, content);
  if (world_.plan.foreign && kind < 4) {
    Append(content, Rec::Make(3, ++stranger_sequence_), world_.random() | 1, true);
  } else if (world_.plan.foreign && kind < 8) {
    Send(1, content, Outcome::kOk, {.log = true, .told = world_.Chance(70), .rec = false});
  } else if (kind < 12) {
    Send(1, content, Outcome::kOk, {.log = true, .told = true, .valid = false});
  } else if (kind < 16) {
    Send(producer, content, Outcome::kUnknown, {.log = world_.Chance(50), .told = false});
  } else if (kind < 19) {
    Send(producer, content, Outcome::kFail, {.log = false, .told = false});
  } else if (kind < 24) {
    Send(producer, content, Outcome::kOk, {.log = true, .told = false});
  } else {
    Send(producer, content, Outcome::kOk, {.log = true, .told = true});
  }
}

void TopicModel::Send(size_t producer, const Content& content, Outcome outcome, How how) {
  auto& sends = world_.history.producers[producer].sends;
  harness::Send send;
  send.planned_ns = send.sent_ns = world_.Now();
  if (producer == 0) {
    ++world_.history.phases[0].planned;
    send.planned_ns -= world_.Below(1000);
  }
  send.content_hash = how.valid ? world_.random() | 1 : 0;
  send.outcome = outcome;
  send.sentinel = how.sentinel;
  send.measured = !how.sentinel;
  const Rec rec = Rec::Make(static_cast<uint16_t>(producer), sends.size() + 1);
  if (how.log) {
    const int64_t offset =
        Append(content, how.rec && how.valid ? rec : Rec{}, send.content_hash, how.valid, how.sentinel);
    if (how.told) send.offset = offset, send.partition = content.partition;
    // A retry whose first try had arrived after all: only where there was reason to retry.
    const bool may_retry = !how.sentinel && (broker_broken_ || outcome == Outcome::kUnknown);
    if (may_retry && world_.Chance(25)) {
      auto& records = world_.history.partitions[static_cast<size_t>(content.partition)].records;
      const uint32_t crc32c = records.back().crc32c;
      Append(content, how.rec && how.valid ? rec : Rec{}, send.content_hash, how.valid);
      records.back().crc32c = crc32c;
    }
  }
  if (outcome == Outcome::kOk || outcome == Outcome::kFail) send.acked_ns = world_.Now();
  sends.push_back(send);
}

// The first is not acknowledged, and sent again after a later one has arrived.
void TopicModel::SendOvertaken(size_t producer, const Content& content) {
  auto& sends = world_.history.producers[producer].sends;
  if (producer == 0) world_.history.phases[0].planned += 2;
  std::array<harness::Send, 2> pair;
  for (harness::Send& send : pair) {
    send.planned_ns = send.sent_ns = world_.Now();
    send.content_hash = world_.random() | 1;
    send.outcome = Outcome::kOk;
    send.measured = true;
    send.partition = content.partition;
  }
  for (const size_t i : {size_t{1}, size_t{0}}) {
    const Rec rec = Rec::Make(static_cast<uint16_t>(producer), sends.size() + i + 1);
    pair[i].offset = Append(content, rec, pair[i].content_hash, true);
    pair[i].acked_ns = world_.Now();
  }
  sends.insert(sends.end(), pair.begin(), pair.end());
}

int64_t TopicModel::Append(const Content& content, Rec rec, uint64_t hash, bool valid, bool sentinel) {
  PartitionLog& log = world_.history.partitions[static_cast<size_t>(content.partition)];
  if (world_.Chance(4)) ++log.end_offset;  // a gap
  LogRecord record;
  record.offset = log.end_offset++;
  record.seen_ns = world_.Now();
  record.rec = rec;
  record.content_hash = hash;
  record.valid = valid;
  record.id_hash = valid ? content.id : 0;
  record.timestamp_s = content.timestamp_s;
  record.crc32c = static_cast<uint32_t>(world_.random()) | 1;
  record.provider = content.provider;
  record.status = content.status;
  record.sentinel = sentinel;
  log.records.push_back(record);
  return record.offset;
}

void TopicModel::ProduceCertain(const pipeline::Filter& filter) {
  Content content = RandomContent();
  content.id = 1000 + payments_.size();
  payments_.push_back(content.id);
  Match(filter, &content);
  Send(0, content, Outcome::kOk, {});
}

void TopicModel::ProduceSentinels(const std::vector<pipeline::Filter>& filters) {
  for (int32_t p = 0; p < world_.plan.partitions; ++p) {
    for (const pipeline::Filter& filter : filters) {
      Content content = RandomContent();
      content.id = 900'000 + world_.random() % 1'000'000'000;
      content.partition = p;
      Match(filter, &content);
      Send(2, content, Outcome::kOk, {.sentinel = true});
    }
  }
}

void TopicModel::Match(const pipeline::Filter& filter, Content* content) {
  if (filter.provider != Provider::kUnknown) content->provider = filter.provider;
  if (filter.status != PaymentStatus::kUnknown) content->status = filter.status;
}

}  // namespace harness
