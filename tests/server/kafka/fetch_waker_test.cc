// Property: a consumer that has worked off half of what librdkafka queued asks Kafka something, so that fetching goes
// on; one that gets few records at a time never does.
#include "server/kafka/fetch_waker.h"

#include "server/kafka/kafka_queries.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

class FetchWakerTest : public testing::Test {
 protected:
  void Consume(int64_t records) {
    KafkaSettings settings = kafka_.settings();
    settings.properties.emplace_back("queued.min.messages=3000");
    consumer_ = MakeKafka(RD_KAFKA_CONSUMER, MakeConsumerConf(settings));
    rd_kafka_poll_set_consumer(consumer_.get());
    queue_.reset(rd_kafka_queue_get_consumer(consumer_.get()));
    waker_ = std::make_unique<FetchWaker>(consumer_.get(), queue_.get(), settings.topic, 1);
    for (int64_t i = 0; i < records; ++i) kafka_.ProducePayment(0, "pay_" + std::to_string(i));
    kafka_.Flush();
    AssignAt(consumer_.get(), settings.topic, {0});
    ASSERT_TRUE(Eventually([&] { return rd_kafka_queue_length(queue_.get()) >= std::min<size_t>(records, 3000); }));
    for (int64_t read = 0; read < records;) {
      const KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(consumer_.get(), 60'000));
      ASSERT_NE(message, nullptr) << read << " read";
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++read;
      waker_->AfterBatch();
    }
  }

  TestKafka kafka_{1};
  KafkaPtr<rd_kafka_t> consumer_;
  KafkaPtr<rd_kafka_queue_t> queue_;
  std::unique_ptr<FetchWaker> waker_;
};

TEST_F(FetchWakerTest, AsksWhenTheQueueHasLostHalf) {
  Consume(20'000);
  EXPECT_TRUE(Eventually([&] { return waker_->woken() > 0; }));
}

TEST_F(FetchWakerTest, LeavesKafkaAloneWhenRecordsComeFewAtATime) {
  Consume(1000);
  EXPECT_EQ(waker_->woken(), 0);
}

}  // namespace
}  // namespace pipeline
