#include "stream/payment_history.h"

#include <tuple>
#include <utility>

#include "payment/payment.h"

namespace pipeline {

bool Wins(const LogRecord& challenger, const LogRecord& holder) {
  if (holder.partition < 0 || challenger.partition < 0) return challenger.partition >= 0;
  const auto order = [](const LogRecord& record) {
    return std::make_tuple(StatusRank(record.status), record.created_at_s, record.partition, record.offset);
  };
  return order(challenger) > order(holder);
}

int64_t PaymentHistory::bytes() const {
  size_t bytes = sizeof(*this) + places_.capacity() * sizeof(Position);
  if (candidates_ == nullptr) return static_cast<int64_t>(bytes);
  bytes += sizeof(Candidates) + candidates_->lanes.capacity() * sizeof(Lane);
  for (const Lane& lane : candidates_->lanes) bytes += lane.records.capacity() * sizeof(LogRecord);
  return static_cast<int64_t>(bytes) + candidates_->frame_bytes;
}

void PaymentHistory::ForgetPlaces() {
  places_ = {};
  begin_ = 0;
}

void PaymentHistory::ForgetTaken() {
  places_.erase(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
}

PaymentHistory::Lane* PaymentHistory::LaneOf(int32_t partition) {
  if (candidates_ == nullptr) return nullptr;
  const auto found = std::find_if(candidates_->lanes.begin(), candidates_->lanes.end(),
                                  [partition](const Lane& lane) { return lane.partition == partition; });
  return found == candidates_->lanes.end() ? nullptr : &*found;
}

PaymentHistory::Lane* PaymentHistory::Join(LogRecord* record) {
  record->id = {};  // the payment's
  if (candidates_ == nullptr) candidates_ = std::make_unique<Candidates>();
  candidates_->frame_bytes += record->frame.bytes.allocated_bytes();
  Lane* const lane = LaneOf(record->partition);
  return lane != nullptr ? lane : &candidates_->lanes.emplace_back(Lane{record->partition, {}, 0});
}

void PaymentHistory::AddCandidate(LogRecord record) {
  Lane* const lane = Join(&record);
  lane->records.push_back(std::move(record));
}

void PaymentHistory::Demote(LogRecord record) {
  Lane* const lane = Join(&record);
  lane->records.insert(lane->records.begin() + static_cast<std::ptrdiff_t>(lane->begin), std::move(record));
}

void PaymentHistory::Outlive(const LogRecord& record) {
  Lane* const lane = LaneOf(record.partition);
  if (lane == nullptr) return;
  while (!lane->empty() && Wins(record, lane->records.back())) {
    candidates_->frame_bytes -= lane->records.back().frame.bytes.allocated_bytes();
    lane->records.pop_back();
  }
  if (lane->empty()) DropEmptyLanes();
}

LogRecord PaymentHistory::TakeFirst(Lane* lane) {
  LogRecord taken = std::move(lane->records[lane->begin++]);
  candidates_->frame_bytes -= taken.frame.bytes.allocated_bytes();
  if (lane->begin * 2 > lane->records.size()) {
    lane->records.erase(lane->records.begin(), lane->records.begin() + static_cast<std::ptrdiff_t>(lane->begin));
    lane->begin = 0;
  }
  return taken;
}

std::optional<LogRecord> PaymentHistory::TakeBestLeft() {
  Lane* best = nullptr;
  for (Lane& lane : candidates_->lanes) {
    if (!lane.empty() && (best == nullptr || Wins(lane.first(), best->first()))) best = &lane;
  }
  std::optional<LogRecord> taken;
  if (best != nullptr) taken = TakeFirst(best);
  DropEmptyLanes();
  return taken;
}

void PaymentHistory::DropEmptyLanes() {
  std::erase_if(candidates_->lanes, [](const Lane& lane) { return lane.empty(); });
  if (candidates_->lanes.empty()) candidates_.reset();
}

}  // namespace pipeline
