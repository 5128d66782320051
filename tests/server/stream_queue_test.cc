// What is pushed leaves in order, in messages as full as allowed; a bookmark leaves with the last event that it covers
// or later, never before, and only when it says enough.
#include "server/stream_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "payment.grpc.pb.h"

namespace pipeline {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

std::vector<StreamEvent> Events(int64_t first, int64_t last) {
  ::payment::Payment payment;
  payment.set_id("pay_1");
  std::vector<StreamEvent> events;
  for (int64_t offset = first; offset <= last; ++offset) {
    StreamEvent event;
    event.frame = MakeEventFrame(payment.SerializeAsString(), 0, offset, 1);
    event.offset = offset;
    event.record_crc32c = 1;
    events.push_back(std::move(event));
  }
  return events;
}

template <typename Message>
Message Take(StreamQueue* queue) {
  grpc::ByteBuffer bytes = queue->TakeMessage(nullptr, 0);
  Message message;
  EXPECT_TRUE(grpc::SerializationTraits<Message>::Deserialize(&bytes, &message).ok());
  return message;
}

TEST(StreamQueueTest, ABookmarkFollowsAllThatItCovers) {
  StreamQueue queue(3);
  queue.Start({-1, -1});
  queue.Push(Events(0, 6));
  queue.OfferBookmarks({9, 4}, true, 0);
  queue.OfferBookmarks({10, 5}, true, 0);  // waits until those before are sent
  for (const int events : {3, 3}) {
    const auto batch = Take<::payment::PaymentBatch>(&queue);
    EXPECT_EQ(batch.events_size(), events);
    EXPECT_EQ(batch.bookmarks_size(), 0);
  }
  const auto last = Take<::payment::PaymentBatch>(&queue);
  EXPECT_EQ(last.events_size(), 1);
  ASSERT_EQ(last.bookmarks_size(), 2);
  EXPECT_EQ(last.bookmarks(0).offset(), 9);
  EXPECT_EQ(last.bookmarks(1).partition(), 1);
  EXPECT_EQ(last.bookmarks(1).offset(), 4);
  EXPECT_TRUE(queue.empty());
  queue.OfferBookmarks({10, 5}, true, 0);
  EXPECT_EQ(Take<::payment::PaymentBatch>(&queue).bookmarks_size(), 2);
}

TEST(StreamQueueTest, ABookmarkNeedsEnoughNewsOrTime) {
  StreamQueue queue(3);
  queue.Start({99});
  queue.OfferBookmarks({99 + 1023}, false, kSecondNs);
  EXPECT_TRUE(queue.empty());
  queue.OfferBookmarks({99 + 1024}, false, kSecondNs);
  EXPECT_FALSE(queue.empty());
  EXPECT_FALSE(queue.IsBookmarkDue(10 * kSecondNs)) << "one waits to be sent";
  Take<::payment::PaymentBatch>(&queue);
  EXPECT_FALSE(queue.IsBookmarkDue(2 * kSecondNs - 1));
  EXPECT_TRUE(queue.IsBookmarkDue(2 * kSecondNs));
  queue.OfferBookmarks({99 + 1024}, true, 3 * kSecondNs);
  EXPECT_TRUE(queue.empty()) << "it was told already";
}

TEST(StreamQueueTest, WithoutBatchesAMessageIsAnEventAndNothingElse) {
  StreamQueue queue(0);
  queue.Start({-1});
  queue.Push(Events(0, 1));
  queue.OfferBookmarks({5000}, true, 0);
  EXPECT_EQ(Take<::payment::PaymentEvent>(&queue).offset(), 0);
  EXPECT_EQ(Take<::payment::PaymentEvent>(&queue).offset(), 1);
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.IsBookmarkDue(100 * kSecondNs));
}

TEST(StreamQueueTest, HasRoomUpToItsLimits) {
  StreamQueue queue(256);
  queue.Start({-1});
  queue.Push(Events(0, 1022));
  EXPECT_TRUE(queue.has_room());
  queue.Push(Events(1023, 1023));
  EXPECT_FALSE(queue.has_room());
  Take<::payment::PaymentBatch>(&queue);
  EXPECT_EQ(queue.events(), 768u);
  EXPECT_TRUE(queue.has_room());
  queue.Clear();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace pipeline
