// SubscribePayments: what StreamPayments would send, many events a message; one at once when there is one; and
// bookmarks that say how far a subscriber has everything, also where nothing was for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

class BatchStream {
 public:
  explicit BatchStream(int port) : stub_(::payment::PaymentService::NewStub(ChannelTo(port))) {}
  ~BatchStream() { Cancel(); }
  ::payment::SubscribeRequest& request() { return request_; }

  void Open() {
    Cancel();
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(std::chrono::system_clock::now() + kPatience);
    reader_ = stub_->SubscribePayments(context_.get(), request_);
  }
  ::payment::StreamStart WaitForStart() {
    reader_->WaitForInitialMetadata();
    ::payment::StreamStart start;
    const auto found = context_->GetServerInitialMetadata().find("payment-start-bin");
    if (found == context_->GetServerInitialMetadata().end()) {
      ADD_FAILURE() << "no StreamStart";
    } else {
      EXPECT_TRUE(start.ParseFromArray(found->second.data(), static_cast<int>(found->second.size())));
    }
    return start;
  }
  // The next message; nullopt at the stream's end.
  std::optional<::payment::PaymentBatch> Read() {
    ::payment::PaymentBatch batch;
    if (!reader_->Read(&batch)) return std::nullopt;
    ++messages_;
    EXPECT_GT(batch.events_size() + batch.bookmarks_size(), 0);
    for (const ::payment::PaymentEvent& event : batch.events()) {
      EXPECT_TRUE(event.has_payment());
      EXPECT_GT(event.offset(), After(event.partition()));
      after_[event.partition()] = event.offset();
      events_.push_back(event);
    }
    for (const ::payment::Position& bookmark : batch.bookmarks()) {
      EXPECT_GT(bookmark.offset(), After(bookmark.partition())) << "it says nothing new";
      after_[bookmark.partition()] = bookmark.offset();
      ++bookmarks_;
    }
    return batch;
  }
  // Reads until this holds; false when the stream ends before.
  bool ReadUntil(const std::function<bool()>& condition) {
    while (!condition()) {
      if (!Read()) return false;
    }
    return true;
  }
  grpc::Status Finish() {
    while (Read()) {
    }
    grpc::Status status = reader_->Finish();
    reader_.reset();
    return status;
  }
  void Cancel() {
    if (reader_ == nullptr) return;
    context_->TryCancel();
    Finish();
  }

  int64_t After(int32_t partition) const {
    const auto found = after_.find(partition);
    return found == after_.end() ? -1 : found->second;
  }
  const std::vector<::payment::PaymentEvent>& events() const { return events_; }
  int messages() const { return messages_; }
  int bookmarks() const { return bookmarks_; }

 private:
  std::unique_ptr<::payment::PaymentService::Stub> stub_;
  ::payment::SubscribeRequest request_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<::payment::PaymentBatch>> reader_;
  std::map<int32_t, int64_t> after_;
  std::vector<::payment::PaymentEvent> events_;
  int messages_ = 0;
  int bookmarks_ = 0;
};

TEST(SubscribeTest, ASnapshotComesInFullBatchesAndWhatIsNewAtOnce) {
  TestKafka kafka(2);
  for (int i = 0; i < 1000; ++i) kafka.ProducePayment(i % 2, "pay_" + std::to_string(i));
  kafka.Flush();
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  BatchStream stream(server.port());
  stream.Open();
  const ::payment::StreamStart start = stream.WaitForStart();
  ASSERT_EQ(start.token().partitions_size(), 2);
  EXPECT_EQ(start.token().partitions(1).snapshot_until(), 499);
  ASSERT_TRUE(stream.ReadUntil([&] { return stream.events().size() == 1000; }));
  EXPECT_LE(stream.messages(), 8) << "not full ones";
  EXPECT_EQ(stream.events()[0].event_type(), "existing");
  for (int i = 0; i < 5; ++i) {
    const size_t before = stream.events().size();
    kafka.ProducePayment(0, "new_" + std::to_string(i));
    kafka.Flush();
    ASSERT_TRUE(stream.ReadUntil([&] { return stream.events().size() > before; }));
    EXPECT_EQ(stream.events().back().payment().id(), "new_" + std::to_string(i));
    EXPECT_EQ(stream.events().back().event_type(), "new");
  }
}

TEST(SubscribeTest, ABatchIsAsLargeAsTheRequestSays) {
  TestKafka kafka(1);
  for (int i = 0; i < 20; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(i));
  kafka.Flush();
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  BatchStream stream(server.port());
  stream.request().set_max_batch_events(3);
  stream.Open();
  while (stream.events().size() < 20) {
    const auto batch = stream.Read();
    ASSERT_TRUE(batch);
    EXPECT_LE(batch->events_size(), 3);
  }
}

// Nothing of what passes is for it, or can be anybody's: it is told all the same, and resumes from there.
TEST(SubscribeTest, BookmarksCoverWhatWasRejectedAndWhatOthersGet) {
  TestKafka kafka(2);
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  BatchStream stream(server.port());
  stream.request().set_provider(::payment::PROVIDER_PAYPAL);
  stream.Open();
  const std::string log_id = stream.WaitForStart().token().log_id();
  for (int i = 0; i < 30; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(i));
  kafka.Produce(1, "bad", "not json");
  kafka.Flush();
  ASSERT_TRUE(stream.ReadUntil([&] { return stream.After(0) == 29 && stream.After(1) == 0; }));
  EXPECT_TRUE(stream.events().empty());
  stream.Cancel();
  kafka.ProducePayment(0, "mine", "pending", "paypal");
  kafka.Flush();
  ::payment::ResumeToken* token = stream.request().mutable_resume();
  token->set_log_id(log_id);
  for (int32_t p = 0; p < 2; ++p) {
    ::payment::PartitionResume* at = token->add_partitions();
    at->set_partition(p);
    at->set_after(stream.After(p));
  }
  stream.Open();
  ASSERT_TRUE(stream.ReadUntil([&] { return !stream.events().empty(); }));
  EXPECT_EQ(stream.events()[0].offset(), 30);
  EXPECT_EQ(stream.events()[0].event_type(), "new");
}

// A subscriber that gets every record learns its position from them: no bookmark is needed.
TEST(SubscribeTest, ThereAreNoBookmarksForWhatEventsSay) {
  TestKafka kafka(1);
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  BatchStream stream(server.port());
  stream.Open();
  stream.WaitForStart();
  for (int i = 0; i < 100; ++i) {
    kafka.ProducePayment(0, "pay_" + std::to_string(i));
    kafka.Flush();
  }
  ASSERT_TRUE(stream.ReadUntil([&] { return stream.events().size() == 100; }));
  EXPECT_EQ(stream.bookmarks(), 0);
}

TEST(SubscribeTest, LiveOnlyBeginsWithWhatComesNext) {
  TestKafka kafka(1);
  for (int i = 0; i < 10; ++i) kafka.ProducePayment(0, "old_" + std::to_string(i));
  kafka.Flush();
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  BatchStream stream(server.port());
  stream.request().set_live_only(true);
  stream.Open();
  const ::payment::StreamStart start = stream.WaitForStart();
  EXPECT_EQ(start.token().partitions(0).after(), 9);
  EXPECT_FALSE(start.token().partitions(0).has_snapshot_until());
  kafka.ProducePayment(0, "new");
  kafka.Flush();
  ASSERT_TRUE(stream.ReadUntil([&] { return !stream.events().empty(); }));
  EXPECT_EQ(stream.events()[0].payment().id(), "new");
}

TEST(SubscribeTest, RefusesWhatItCanNotServe) {
  TestKafka kafka(1);
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  BatchStream stream(server.port());
  stream.request().set_provider(static_cast<::payment::Provider>(99));
  stream.Open();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  stream.request().set_provider(::payment::PROVIDER_UNKNOWN);
  stream.request().mutable_resume()->set_log_id("another/payments.raw");
  stream.Open();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace pipeline
