// What is pushed leaves in order, in messages as full as allowed; a bookmark leaves with the last event that it covers
// or later, never before, and only when it says enough. Streams at one sequence number send one run; no more runs are
// kept than allowed.
#include "server/stream/stream_queue.h"

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
  grpc::ByteBuffer bytes = *queue->TakeMessage(nullptr, 0);
  queue->ReleaseMessage();
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

TEST(StreamQueueTest, TwoQueuesSendOneRunFromWhereEachIs) {
  const std::shared_ptr<const ReadyRun> run = MakeReadyRun(1, 100, Events(0, 2));
  EXPECT_EQ(run->end_sequence(), 103u);
  StreamQueue whole(0);
  StreamQueue rest(0);
  whole.PushRun(run, 0);
  rest.PushRun(run, 2);
  whole.Push(Events(3, 3));
  EXPECT_EQ(whole.events(), 4u);
  for (const int64_t offset : {0, 1, 2, 3}) EXPECT_EQ(Take<::payment::PaymentEvent>(&whole).offset(), offset);
  EXPECT_EQ(Take<::payment::PaymentEvent>(&rest).offset(), 2);
  EXPECT_TRUE(whole.empty());
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(run.use_count(), 1) << "a queue lets go of a run that it has sent";
}

TEST(StreamQueueTest, AMessageOfARunOutlivesWhatIsCleared) {
  StreamQueue queue(0);
  queue.PushRun(MakeReadyRun(1, 0, Events(0, 2)), 0);
  const grpc::ByteBuffer* const message = queue.TakeMessage(nullptr, 0);
  queue.Clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_GT(message->Length(), 0u);  // freed memory is the sanitizers' to find
  queue.ReleaseMessage();
}

TEST(ReadyRunsTest, KeepsTheNewestAndNoMoreThanItsLimits) {
  ReadyRuns runs;
  constexpr auto kRuns = static_cast<int64_t>(ReadyRuns::kRunsMax) + 3;
  for (int64_t i = 0; i < kRuns; ++i) runs.Add(MakeReadyRun(1, static_cast<uint64_t>(i) * 2, Events(i * 2, i * 2 + 1)));
  EXPECT_EQ(runs.Find(1, 5), nullptr);
  for (uint64_t sequence = 6; sequence < 2 * kRuns; ++sequence) {
    ASSERT_NE(runs.Find(1, sequence), nullptr);
    EXPECT_EQ(runs.Find(1, sequence)->begin_sequence, sequence / 2 * 2);
  }
  EXPECT_EQ(runs.Find(1, 2 * kRuns), nullptr);
  EXPECT_EQ(runs.Find(2, 6), nullptr) << "another log";
  StreamEvent large;
  large.frame = MakeEventFrame(std::string(static_cast<size_t>(ReadyRuns::kBytesMax), 'x'), 0, 0, 1);
  std::vector<StreamEvent> one(1, large);
  runs.Add(MakeReadyRun(1, 1000, one));
  EXPECT_EQ(runs.Find(1, 2 * kRuns - 1), nullptr);
  EXPECT_NE(runs.Find(1, 1000), nullptr);
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
