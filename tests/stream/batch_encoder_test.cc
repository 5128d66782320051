// What the encoder packs is what protobuf reads back: the same events, then the same bookmarks; as many as were asked
// for and no more bytes than allowed, however large a single event is.
#include "stream/batch_encoder.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "payment.pb.h"
#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

// An event with a serialised payment of about `id_bytes` bytes.
StreamEvent MakeEvent(int32_t partition, int64_t offset, size_t id_bytes, bool existing) {
  ::payment::Payment payment;
  payment.set_id(std::string(id_bytes, 'x'));
  const uint32_t checksum = 7;
  StreamEvent event;
  event.frame = MakeEventFrame(payment.SerializeAsString(), partition, offset, checksum);
  event.partition = partition;
  event.offset = offset;
  event.record_crc32c = checksum;
  event.existing = existing;
  return event;
}

RC_GTEST_PROP(BatchEncoderTest, ProtobufReadsWhatWasPacked, ()) {
  const int32_t events_max = *rc::gen::inRange(1, 8);
  const int64_t bytes_max = *rc::gen::inRange<int64_t>(1, 600);
  std::vector<StreamEvent> events;
  const int count = *rc::gen::inRange(0, 30);
  for (int64_t offset = 0; offset < count; ++offset) {
    events.push_back(MakeEvent(*rc::gen::inRange(0, 200), offset * *rc::gen::element<int64_t>(1, 300, 1LL << 40),
                               *rc::gen::inRange<size_t>(0, 300), *rc::gen::arbitrary<bool>()));
  }
  std::vector<Bookmark> bookmarks;
  for (int32_t p = 0, partitions = *rc::gen::inRange(0, 5); p < partitions; ++p) {
    bookmarks.push_back({p, *rc::gen::inRange<int64_t>(0, 1LL << 60)});
  }
  BatchEncoder encoder(events_max, bytes_max);
  size_t read = 0;
  std::vector<Bookmark> bookmarks_read;
  bool bookmarks_sent = bookmarks.empty();
  std::deque<StreamEvent> queue(events.begin(), events.end());
  while (!queue.empty() || !bookmarks_sent) {
    while (!queue.empty() && encoder.Fits(queue.front())) {
      encoder.Add(queue.front());
      queue.pop_front();
    }
    if (queue.empty() && !bookmarks_sent && encoder.Fits(bookmarks)) {
      encoder.Add(bookmarks);
      bookmarks_sent = true;
    }
    RC_ASSERT(!encoder.bytes().empty());
    const std::string bytes = encoder.Take();
    ::payment::PaymentBatch batch;
    RC_ASSERT(batch.ParseFromString(bytes));
    RC_ASSERT(batch.events_size() <= events_max);
    const bool alone = batch.events_size() == 1 || (batch.events_size() == 0 && batch.bookmarks_size() > 0);
    RC_ASSERT(alone || static_cast<int64_t>(bytes.size()) <= bytes_max);
    for (const ::payment::PaymentEvent& event : batch.events()) {
      const StreamEvent& sent = events[read++];
      RC_ASSERT(event.payment().SerializeAsString() == std::string(sent.frame.payment()));
      RC_ASSERT(event.event_type() == (sent.existing ? "existing" : "new"));
      RC_ASSERT(event.partition() == sent.partition);
      RC_ASSERT(event.offset() == sent.offset);
      RC_ASSERT(event.record_crc32c() == sent.record_crc32c);
    }
    for (const ::payment::Position& at : batch.bookmarks()) bookmarks_read.push_back({at.partition(), at.offset()});
  }
  RC_ASSERT(read == events.size());
  RC_ASSERT(bookmarks_read == bookmarks);
}

TEST(BatchEncoderTest, ALargeEventGoesAlone) {
  BatchEncoder encoder(kBatchEventsDefault, kBatchBytesMax);
  encoder.Add(MakeEvent(0, 0, 10, false));
  const StreamEvent large = MakeEvent(0, 1, 2 * kBatchBytesMax, false);
  EXPECT_FALSE(encoder.Fits(large));
  EXPECT_FALSE(encoder.Take().empty());
  ASSERT_TRUE(encoder.Fits(large));
  encoder.Add(large);
  EXPECT_FALSE(encoder.Fits(MakeEvent(0, 2, 0, false)));
  EXPECT_FALSE(encoder.Fits({Bookmark{0, 1}}));
  EXPECT_GT(encoder.Take().size(), static_cast<size_t>(2 * kBatchBytesMax));
  EXPECT_TRUE(encoder.Fits({Bookmark{0, 1}}));
}

TEST(BatchEncoderTest, ARequestMayAskForAsManyAsAreAllowed) {
  EXPECT_EQ(BatchEventsMax(0), kBatchEventsDefault);
  EXPECT_EQ(BatchEventsMax(1), 1);
  EXPECT_EQ(BatchEventsMax(4096), kBatchEventsMax);
  EXPECT_EQ(BatchEventsMax(4'000'000'000), kBatchEventsMax);
}

}  // namespace
}  // namespace pipeline
