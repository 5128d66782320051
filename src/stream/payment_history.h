// What the store keeps of a payment beside its winning record and its place in the list: what it needs to go on as if
// it had never seen the earlier records, once these have left the topic. Most payments need none. Owned by a stored
// payment. Pure; not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "stream/event_frame.h"

namespace pipeline {

// The fold's order: by status rank, created_at, partition, offset. What is not of the log (partition below 0) loses to
// all that is.
bool Wins(const LogRecord& challenger, const LogRecord& holder);

class PaymentHistory {
 public:
  // Its memory. What the allocator adds is not counted.
  int64_t bytes() const;
  bool empty() const { return places_.size() == begin_ && candidates_ == nullptr; }

  // The payment's records in the order in which they were applied, without the first one.
  void AddPlace(const Position& place) { places_.push_back(place); }
  bool has_places() const { return begin_ < places_.size(); }
  bool only_place_is(const Position& place) const { return places_.size() == begin_ + 1 && places_[begin_] == place; }
  void ForgetPlaces();
  // The first one that is not gone (gone(partition, offset): it no longer counts, and never will); it and those before
  // are forgotten.
  template <typename Gone>
  std::optional<Position> TakeFirstPlace(const Gone& gone) {
    while (has_places()) {
      const Position place = places_[begin_++];
      if (begin_ * 2 > places_.size()) ForgetTaken();
      if (!gone(place.partition, place.offset)) return place;
    }
    return std::nullopt;
  }

  // A record that does not win, and may once those that beat it are gone. It is behind all others of its partition;
  // Demote: it won so far, and is before them.
  void AddCandidate(LogRecord record);
  void Demote(LogRecord record);
  // A record is behind all others of its partition: those that it beats never win any more.
  void Outlive(const LogRecord& record);
  // The one that wins of those that are not gone; nullopt: there is none.
  template <typename Gone>
  std::optional<LogRecord> TakeBest(const Gone& gone) {
    if (candidates_ == nullptr) return std::nullopt;
    for (Lane& lane : candidates_->lanes) {
      while (!lane.empty() && gone(lane.partition, lane.first().offset)) TakeFirst(&lane);
    }
    return TakeBestLeft();
  }
  // Forgets all that is gone at once; takes as long as it has records.
  template <typename Gone>
  void Forget(const Gone& gone) {
    ForgetTaken();
    std::erase_if(places_, [&](const Position& place) { return gone(place.partition, place.offset); });
    if (candidates_ == nullptr) return;
    for (Lane& lane : candidates_->lanes) {
      while (!lane.empty() && gone(lane.partition, lane.first().offset)) TakeFirst(&lane);
    }
    DropEmptyLanes();
  }

 private:
  // The candidates of one partition: each beats all behind it, or it would not be one.
  struct Lane {
    int32_t partition = 0;
    std::vector<LogRecord> records;
    size_t begin = 0;  // those before it were taken

    bool empty() const { return begin == records.size(); }
    const LogRecord& first() const { return records[begin]; }
  };
  struct Candidates {
    std::vector<Lane> lanes;  // not empty, and none of them is
    int64_t frame_bytes = 0;
  };

  Lane* LaneOf(int32_t partition);
  // Makes one where there is none.
  Lane* Join(LogRecord* record);
  LogRecord TakeFirst(Lane* lane);
  std::optional<LogRecord> TakeBestLeft();
  void DropEmptyLanes();
  void ForgetTaken();

  std::vector<Position> places_;
  size_t begin_ = 0;  // those before it were taken
  std::unique_ptr<Candidates> candidates_;
};

}  // namespace pipeline
