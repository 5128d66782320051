#include "stream/dead_letter_book.h"

#include <algorithm>

namespace pipeline {
namespace {

constexpr int64_t kLetterOverheadBytes = 256;  // of the structures around one

int64_t Size(const std::optional<std::string>& text) { return text ? static_cast<int64_t>(text->size()) : 0; }

}  // namespace

int64_t DeadLetter::bytes() const {
  int64_t bytes = kLetterOverheadBytes + Size(key) + Size(value);
  for (const auto& [name, content] : headers) bytes += static_cast<int64_t>(name.size()) + Size(content) + 64;
  return bytes;
}

bool DeadLetterBook::HasRoom(int64_t bytes) const {
  if (letters() == 0) return true;  // else one larger than all the room would never go
  return letters() < limits_.letters_max && letter_bytes_ + bytes <= limits_.bytes_max;
}

bool DeadLetterBook::IsThere(const DeadPlace& place) {
  if (std::binary_search(known_.begin(), known_.end(), place)) return true;
  const auto forgotten = forgotten_.find(place.partition);
  if (forgotten == forgotten_.end() || place.offset > forgotten->second) return false;
  ++counts_.assumed;
  return true;
}

void DeadLetterBook::Lose(const DeadPlace& place) {
  ++counts_.lost;
  const auto [at, is_new] =
      lost_.try_emplace(place.partition, LostRange{place.partition, place.offset, place.offset, 0});
  LostRange& range = at->second;
  range.first = std::min(range.first, place.offset);
  range.last = std::max(range.last, place.offset);
  ++range.records;
}

DeadLetterBook::Keep DeadLetterBook::Offer(const DeadPlace& place, int64_t bytes) {
  const auto [last, is_first] = offered_.try_emplace(place.partition, place.offset);
  if (!is_first) {
    // The log is being read again: the topic holds what was written since it was read.
    if (place.offset <= last->second) known_wanted_ = true;
    last->second = std::max(last->second, place.offset);
  }
  if (waiting_.contains(place) || in_flight_.contains(place) || places_.contains(place)) return Keep::kHeld;
  if (!known_wanted_ && IsThere(place)) {
    ++counts_.found;
    return Keep::kHeld;
  }
  if (HasRoom(bytes)) return Keep::kLetter;
  if (places() < limits_.places_max) {
    places_.insert(place);
    return Keep::kPlace;
  }
  Lose(place);
  return Keep::kLost;
}

void DeadLetterBook::Put(DeadLetter letter) {
  letter_bytes_ += letter.bytes();
  const DeadPlace place = letter.place;
  waiting_.emplace(place, std::move(letter));
}

void DeadLetterBook::AddKnown(const DeadPlace& place) {
  const auto known_max = std::max<size_t>(1, static_cast<size_t>(limits_.known_bytes_max) / sizeof(DeadPlace));
  if (known_.size() >= known_max) ForgetOldest();
  if (known_.size() == known_.capacity()) known_.reserve(std::min(known_max, std::max<size_t>(64, known_.size() * 2)));
  known_.push_back(place);
}

void DeadLetterBook::ForgetOldest() {
  SortKnown();
  auto kept = known_.begin();
  for (auto at = known_.begin(); at != known_.end();) {
    const auto end = std::find_if(at, known_.end(), [&](const DeadPlace& of) { return of.partition != at->partition; });
    const auto first_kept = at + (end - at + 3) / 4;
    int64_t& forgotten = forgotten_.try_emplace(at->partition, 0).first->second;
    forgotten = std::max(forgotten, (first_kept - 1)->offset);
    counts_.forgotten += first_kept - at;
    kept = std::copy(first_kept, end, kept);
    at = end;
  }
  known_.erase(kept, known_.end());
}

void DeadLetterBook::SortKnown() {
  std::sort(known_.begin(), known_.end());
  known_.erase(std::unique(known_.begin(), known_.end()), known_.end());
}

void DeadLetterBook::EndKnown() {
  SortKnown();
  known_wanted_ = false;
}

void DeadLetterBook::ForgetKnown() {
  known_.clear();
  forgotten_.clear();
  known_wanted_ = true;
}

const DeadLetter* DeadLetterBook::Next() {
  if (known_wanted_) return nullptr;
  while (!waiting_.empty()) {
    auto next = waiting_.upper_bound(last_sent_);
    if (next == waiting_.end()) next = waiting_.begin();
    last_sent_ = next->first;
    const bool was_in_doubt = doubtful_.erase(next->first) > 0;
    if (!IsThere(next->first)) return &in_flight_.insert(waiting_.extract(next)).position->second;
    ++(was_in_doubt ? counts_.written : counts_.found);
    letter_bytes_ -= next->second.bytes();
    waiting_.erase(next);
  }
  return nullptr;
}

DeadLetterBook::Letters::iterator DeadLetterBook::EndFlight(const DeadPlace& place) {
  return waiting_.insert(in_flight_.extract(place)).position;
}

void DeadLetterBook::Written(const DeadPlace& place) {
  const auto letter = in_flight_.find(place);
  if (letter == in_flight_.end()) return;
  ++counts_.written;
  letter_bytes_ -= letter->second.bytes();
  in_flight_.erase(letter);
}

void DeadLetterBook::NotWritten(const DeadPlace& place) {
  if (!in_flight_.contains(place)) return;
  ++counts_.retried;
  EndFlight(place);
}

void DeadLetterBook::Refused(const DeadPlace& place) {
  const auto letter = in_flight_.find(place);
  if (letter == in_flight_.end()) return;
  letter_bytes_ -= letter->second.bytes();
  in_flight_.erase(letter);
  Lose(place);
}

void DeadLetterBook::InDoubt() {
  if (in_flight_.empty()) return;
  known_wanted_ = true;
  counts_.in_doubt += static_cast<int64_t>(in_flight_.size());
  for (const auto& [place, letter] : in_flight_) doubtful_.insert(place);
  waiting_.merge(in_flight_);
}

std::vector<DeadPlace> DeadLetterBook::PlacesToFetch(size_t count_max) {
  std::vector<DeadPlace> wanted;
  // Not for a place or two: once half is free.
  if (known_wanted_ || letters() > limits_.letters_max / 2 || letter_bytes_ > limits_.bytes_max / 2) return wanted;
  auto at = places_.lower_bound({-1, fetch_from_, 0});
  if (at == places_.end()) at = places_.begin();
  while (at != places_.end() && wanted.size() < count_max) {
    if (!wanted.empty() && at->partition != wanted.front().partition) break;
    if (IsThere(*at)) {
      ++counts_.found;
      at = places_.erase(at);
    } else {
      wanted.push_back(*at++);
    }
  }
  if (!wanted.empty()) fetch_from_ = wanted.front().partition + 1;
  return wanted;
}

bool DeadLetterBook::Fetched(DeadLetter letter) {
  if (!HasRoom(letter.bytes())) return false;
  if (places_.erase(letter.place) == 0) return true;
  ++counts_.refetched;
  Put(std::move(letter));
  return true;
}

void DeadLetterBook::Gone(const DeadPlace& place) {
  if (places_.erase(place) > 0) Lose(place);
}

std::vector<LostRange> DeadLetterBook::TakeLost() {
  std::vector<LostRange> ranges;
  ranges.reserve(lost_.size());
  for (const auto& [partition, range] : lost_) ranges.push_back(range);
  counts_.lost_ranges += static_cast<int64_t>(ranges.size());
  lost_.clear();
  return ranges;
}

DeadLetterCounts DeadLetterBook::counts() const {
  DeadLetterCounts counts = counts_;
  counts.pending = letters() + places();
  return counts;
}

}  // namespace pipeline
