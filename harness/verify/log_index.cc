#include "harness/verify/log_index.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <stdexcept>

#include "harness/contract/canonical.h"

namespace harness {

LogIndex::LogIndex(const History& history) : history_(&history) {
  begins_.push_back(0);
  if (!history.audited) return;
  if (history.partitions.size() > UINT16_MAX) throw std::length_error("more partitions than 16 bits can count");
  uint64_t total = 0;
  for (const PartitionLog& log : history.partitions) {
    total += log.records.size();
    if (total >= kNoPlace) throw std::length_error("the audited log has more records than 32 bits can count");
    partition_of_.resize(total, static_cast<uint16_t>(begins_.size() - 1));
    begins_.push_back(static_cast<LogPlace>(total));
  }
  // A producer without acknowledgements has no sends, but dense sequences all the same; a forged sequence has not.
  std::vector<uint64_t> highest(history.producers.size());
  for (size_t i = 0; i < highest.size(); ++i) highest[i] = history.producers[i].sends.size();
  for (const PartitionLog& log : history.partitions) {
    for (const LogRecord& record : log.records) {
      const Rec rec = record.rec;
      if (!rec.has_value() || rec.producer() >= highest.size() || rec.sequence() > total) continue;
      highest[rec.producer()] = std::max(highest[rec.producer()], rec.sequence());
    }
  }
  for (const uint64_t sequences : highest) first_.emplace_back(sequences, kNoPlace);
  LogPlace place = 0;
  for (const PartitionLog& log : history.partitions) {
    for (const LogRecord& record : log.records) Note(record.rec, place++);
  }
}

void LogIndex::Note(Rec rec, LogPlace place) {
  if (!rec.has_value()) return;
  if (rec.producer() >= first_.size() || rec.sequence() == 0 || rec.sequence() > first_[rec.producer()].size()) {
    other_[rec.bits].push_back(place);
    return;
  }
  LogPlace& first = first_[rec.producer()][rec.sequence() - 1];
  if (first == kNoPlace) {
    first = place;
    return;
  }
  auto& places = other_[rec.bits];
  if (places.empty()) places.push_back(first);
  places.push_back(place);
}

std::span<const LogPlace> LogIndex::Places(Rec rec) const {
  if (!rec.has_value()) return {};
  if (!other_.empty()) {
    const auto found = other_.find(rec.bits);
    if (found != other_.end()) return found->second;
  }
  if (rec.producer() >= first_.size() || rec.sequence() == 0 || rec.sequence() > first_[rec.producer()].size()) {
    return {};
  }
  const LogPlace& first = first_[rec.producer()][rec.sequence() - 1];
  return first == kNoPlace ? std::span<const LogPlace>() : std::span<const LogPlace>(&first, 1);
}

LogPlace LogIndex::Find(int32_t partition, int64_t offset) const {
  if (partition < 0 || partition >= partitions()) return kNoPlace;
  const PartitionLog& log = history_->partitions[static_cast<size_t>(partition)];
  const LogRecord* found = log.Find(offset);
  if (found == nullptr) return kNoPlace;
  return begin(partition) + static_cast<LogPlace>(found - log.records.data());
}

LogPlace LogIndex::LowerBound(int32_t partition, int64_t offset) const {
  const auto& records = history_->partitions[static_cast<size_t>(partition)].records;
  if (records.empty() || offset <= records.front().offset) return begin(partition);
  if (offset > records.back().offset) return end(partition);
  const auto distance = static_cast<size_t>(offset - records.front().offset);
  if (distance < records.size() && records[distance].offset == offset) {
    return begin(partition) + static_cast<LogPlace>(distance);
  }
  const auto last = records.begin() + static_cast<std::ptrdiff_t>(std::min(distance, records.size()));
  const auto found = std::lower_bound(records.begin(), last, offset,
                                      [](const LogRecord& record, int64_t wanted) { return record.offset < wanted; });
  return begin(partition) + static_cast<LogPlace>(found - records.begin());
}

void LogIndex::NumberIds() const {
  absl::flat_hash_map<uint64_t, uint32_t> numbers;
  for (const PartitionLog& log : history_->partitions) {
    for (const LogRecord& record : log.records) {
      if (record.valid) numbers.try_emplace(record.id_hash);
    }
  }
  id_hashes_.reserve(numbers.size());
  for (const auto& [id_hash, number] : numbers) id_hashes_.push_back(id_hash);
  std::sort(id_hashes_.begin(), id_hashes_.end());
  for (size_t number = 0; number < id_hashes_.size(); ++number) {
    numbers.find(id_hashes_[number])->second = static_cast<uint32_t>(number);
  }
  ids_.reserve(size());
  for (const PartitionLog& log : history_->partitions) {
    for (const LogRecord& record : log.records) {
      ids_.push_back(record.valid ? numbers.find(record.id_hash)->second : 0);
    }
  }
}

uint32_t LogIndex::NumberOf(uint64_t id_hash) const {
  std::call_once(ids_made_, [this] { NumberIds(); });
  const auto found = std::lower_bound(id_hashes_.begin(), id_hashes_.end(), id_hash);
  if (found == id_hashes_.end() || *found != id_hash) return kNoPlace;
  return static_cast<uint32_t>(found - id_hashes_.begin());
}

const Send* FindSend(const History& history, Rec rec) {
  if (!rec.has_value() || rec.producer() >= history.producers.size()) return nullptr;
  const auto& sends = history.producers[rec.producer()].sends;
  if (rec.sequence() == 0 || rec.sequence() > sends.size()) return nullptr;
  const Send& send = sends[rec.sequence() - 1];
  return send.sent_ns == 0 ? nullptr : &send;
}

namespace {

uint64_t ContentKey(uint64_t id_hash, uint64_t content_hash) { return id_hash ^ WithoutMetadata(content_hash); }

}  // namespace

void LogIndex::SortContents() const {
  contents_.reserve(size());
  for (LogPlace place = 0; place < size(); ++place) {
    const LogRecord& seen = record(place);
    if (seen.valid) contents_.emplace_back(ContentKey(seen.id_hash, seen.content_hash), place);
  }
  std::sort(contents_.begin(), contents_.end());
}

std::vector<LogPlace> LogIndex::PlacesOfContent(uint64_t id_hash, uint64_t content_hash) const {
  std::call_once(contents_sorted_, [this] { SortContents(); });
  const uint64_t key = ContentKey(id_hash, content_hash);
  std::vector<LogPlace> places;
  for (auto at = std::lower_bound(contents_.begin(), contents_.end(), std::pair<uint64_t, LogPlace>(key, 0));
       at != contents_.end() && at->first == key; ++at) {
    if (record(at->second).id_hash == id_hash) places.push_back(at->second);
  }
  return places;
}

}  // namespace harness
