// Packs events and bookmarks into one serialised payment.PaymentBatch. Small frames are copied next to each other: one
// buffer of a few kilobytes costs a transport less than hundreds of references. Made for each message by the stream
// that sends it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stream/bookmarks.h"
#include "stream/stream_cursor.h"

namespace pipeline {

inline constexpr int32_t kBatchEventsDefault = 256;  // where a request asks for no number
inline constexpr int32_t kBatchEventsMax = 4096;     // more is taken as this
inline constexpr int64_t kBatchBytesMax = 1024LL * 1024;

// What a request's max_batch_events stands for.
int32_t BatchEventsMax(uint32_t requested);

class BatchEncoder {
 public:
  // `events_max` and `bytes_max` at least 1.
  BatchEncoder(int32_t events_max, int64_t bytes_max) : events_max_(events_max), bytes_max_(bytes_max) {}

  // Is there room for it? The first event always fits, however large.
  bool Fits(const StreamEvent& event) const;
  void Add(const StreamEvent& event);
  // All of them, or none of them: is there room? Alone they always fit.
  bool Fits(const std::vector<Bookmark>& bookmarks) const;
  void Add(const std::vector<Bookmark>& bookmarks);

  int32_t events() const { return events_; }
  const std::string& bytes() const { return bytes_; }
  // The message. The encoder is empty then.
  std::string Take();

 private:
  const int32_t events_max_;
  const int64_t bytes_max_;
  int32_t events_ = 0;
  std::string bytes_;
};

}  // namespace pipeline
