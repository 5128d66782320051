// Bookmarks: "everything up to here that matches the filter was sent". Keeps how far a subscriber knows itself to be,
// by its events and earlier bookmarks, and makes bookmarks where there is more to say. Owned by one stream; not
// thread-safe. Pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace pipeline {

struct Bookmark {
  int32_t partition = 0;
  int64_t offset = 0;  // the last one covered
  bool operator==(const Bookmark&) const = default;
};

class ToldOffsets {
 public:
  ToldOffsets() = default;
  // `after`: of each partition the last offset covered when the stream began, as its StreamStart said.
  explicit ToldOffsets(std::vector<int64_t> after) : told_(std::move(after)) {}

  // An event is on its way: it tells its own offset.
  void OnEvent(int32_t partition, int64_t offset);
  // Offsets that are covered and that the subscriber does not know of: rejected records, those of other filters. A
  // partition beyond those told before was created later.
  int64_t Untold(const std::vector<int64_t>& covered) const;
  // Bookmarks for all of these, one per partition; they count as told.
  std::vector<Bookmark> Take(const std::vector<int64_t>& covered);

 private:
  std::vector<int64_t> told_;
};

}  // namespace pipeline
