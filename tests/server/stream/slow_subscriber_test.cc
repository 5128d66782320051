// A subscriber that stops reading delays nobody and loses nothing: once it reads again, a reader of its own catches it
// up from Kafka, or, where the server is told to disconnect it, it is ended and resumes. Real readers that stop: what
// is on the way fills the transport long before the window has passed.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

constexpr int kPartitions = 3;
constexpr int64_t kWindowBytes = 16'000'000;

class SlowSubscriberTest : public ::testing::Test {
 protected:
  SlowSubscriberTest() : kafka_(kPartitions) {}

  std::unique_ptr<PaymentServer> StartServer(SlowSubscriber policy,
                                             const std::function<void(ServerOptions*)>& change = nullptr) {
    ServerOptions options = TestOptions(kafka_.settings());
    if (change) change(&options);
    options.window_bytes_max = kWindowBytes;
    options.slow_subscriber = policy;
    auto server = std::make_unique<PaymentServer>(options);
    server->Start();
    EXPECT_TRUE(Eventually([&] { return server->serving(); }));
    return server;
  }
  // Of about 2 KB each.
  void Produce(int count) {
    const std::string padding = R"(,"metadata":{"x":")" + std::string(2000, 'x') + "\"}";
    for (int i = 0; i < count; ++i, ++produced_) {
      kafka_.ProducePayment(produced_ % kPartitions, "pay_" + std::to_string(produced_), "pending", "stripe", padding);
      if (i % 500 == 499) kafka_.Flush();
    }
    kafka_.Flush();
  }
  // Four windows, and what the transport holds.
  void ProduceFarBeyondTheWindow(const PaymentServer& server) {
    Produce(static_cast<int>(4 * kWindowBytes / 2000));
    TestUnary unary(server.port());
    for (int i = produced_ - kPartitions; i < produced_; ++i) {
      ASSERT_TRUE(Eventually([&] { return unary.Get("pay_" + std::to_string(i)).ok(); })) << i;
    }
  }
  bool HasAll(const TestStream& stream) const { return static_cast<int>(stream.received().size()) == produced_; }
  void ExpectAllOnce(const TestStream& stream) const {
    EXPECT_TRUE(HasAll(stream));
    for (const auto& [place, events] : stream.received()) ASSERT_EQ(events.size(), 1u);
  }

  TestKafka kafka_;
  int produced_ = 0;
};

TEST_F(SlowSubscriberTest, OneThatReadsAgainIsCaughtUpOnTheSameStream) {
  const auto server = StartServer(SlowSubscriber::kCatchUp);
  TestStream stream(server->port());
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  ProduceFarBeyondTheWindow(*server);
  EXPECT_TRUE(Eventually([&] { return server->open_calls() == 1; }))
      << "it is not ended, and the unary calls have gone";
  EXPECT_EQ(server->catch_up_reading(), 0) << "no reader waits for one that reads nothing";
  stream.ReadMany(static_cast<size_t>(produced_));
  EXPECT_TRUE(Eventually([&] { return server->caught_up() == 1; })) << "it is counted behind its last event";
  Produce(10);
  stream.ReadMany(10);
  ExpectAllOnce(stream);
}

// It stops once more while it is caught up: its reader goes, and comes back.
TEST_F(SlowSubscriberTest, OneThatStopsWhileItIsCaughtUpKeepsNoReader) {
  const auto server = StartServer(SlowSubscriber::kCatchUp);
  TestStream stream(server->port());
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  ProduceFarBeyondTheWindow(*server);
  // What is on the way, and so many more that it has fallen off.
  while (server->catch_up_reading() == 0 && !HasAll(stream)) stream.ReadMany(1);
  ASSERT_FALSE(HasAll(stream));
  ASSERT_TRUE(Eventually([&] { return server->catch_up_reading() == 0; }));
  EXPECT_EQ(server->caught_up(), 0);
  stream.ReadMany(static_cast<size_t>(produced_) - stream.received().size());
  ExpectAllOnce(stream);
}

// One that reads, but ever so slowly, shares the only reader with one that does not.
TEST_F(SlowSubscriberTest, OneThatReadsSlowlyKeepsNoOtherWaiting) {
  const auto server = StartServer(SlowSubscriber::kCatchUp, [](ServerOptions* options) {
    options->catch_up_readers_max = 1;
    options->stuck_ns = 600'000'000'000;  // it reads: nobody takes it for stuck
    options->drain_timeout_ns = 10'000'000'000;
  });
  TestStream slow(server->port());
  TestStream quick(server->port());
  for (TestStream* stream : {&slow, &quick}) {
    stream->Open();
    ASSERT_TRUE(stream->WaitForStart());
  }
  ProduceFarBeyondTheWindow(*server);
  while (server->catch_up_reading() == 0) slow.ReadMany(1);
  std::atomic<bool> stop = false;
  std::thread reading([&] {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!stop && !HasAll(slow) && std::chrono::steady_clock::now() < deadline) {
      slow.ReadMany(1);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // that is how slow it is
    }
  });
  quick.ReadMany(static_cast<size_t>(produced_));
  stop = true;
  reading.join();
  EXPECT_FALSE(HasAll(slow));
  ExpectAllOnce(quick);
  slow.ReadMany(static_cast<size_t>(produced_) - slow.received().size());
  ExpectAllOnce(slow);
}

TEST_F(SlowSubscriberTest, OneThatIsDisconnectedResumesAndLosesNothing) {
  const auto server = StartServer(SlowSubscriber::kDisconnect);
  TestStream stream(server->port());
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  ProduceFarBeyondTheWindow(*server);
  ASSERT_TRUE(Eventually([&] { return server->open_calls() == 0; })) << "the call is freed though its client is stuck";
  const grpc::Status status = stream.Finish();
  EXPECT_TRUE(status.error_code() == grpc::StatusCode::UNAVAILABLE ||
              status.error_code() == grpc::StatusCode::CANCELLED)
      << status.error_code() << " " << status.error_message();
  EXPECT_FALSE(HasAll(stream));
  while (!HasAll(stream)) {
    stream.Open();
    while (!HasAll(stream) && stream.Read()) {
    }
    if (!HasAll(stream)) {
      ASSERT_EQ(stream.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
    }
  }
  ExpectAllOnce(stream);
}

}  // namespace
}  // namespace pipeline
