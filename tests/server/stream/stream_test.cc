// A stream is a snapshot and then every record, each once and in the order of its partition, across resumes in the
// window, behind it and on another server; and a token that can't be honoured is refused with the right code.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

constexpr int kPartitions = 3;

class StreamTest : public ::testing::Test {
 protected:
  StreamTest() : kafka_(kPartitions) {}

  std::unique_ptr<PaymentServer> StartServer(const std::function<void(ServerOptions*)>& change = nullptr) {
    ServerOptions options = TestOptions(kafka_.settings());
    if (change) change(&options);
    auto server = std::make_unique<PaymentServer>(options);
    server->Start();
    EXPECT_TRUE(Eventually([&] { return server->serving(); }));
    return server;
  }
  // `count` records of as many payments, spread over the partitions.
  void ProduceMany(int count, const std::string& status = "pending") {
    for (int i = 0; i < count; ++i, ++produced_) {
      const std::string id = "pay_" + std::to_string(produced_);
      kafka_.ProducePayment(produced_ % kPartitions, id, status);
    }
    kafka_.Flush();
  }
  // A stream that begins while a tiny window rushes on falls off it again, as it should.
  void WaitUntilApplied(const PaymentServer& server) const {
    TestUnary unary(server.port());
    for (int i = produced_ - kPartitions; i < produced_; ++i) {
      ASSERT_TRUE(Eventually([&] { return unary.Get("pay_" + std::to_string(i)).ok(); })) << i;
    }
  }
  // Each produced record once.
  void ExpectAllOnce(const TestStream& stream) const {
    EXPECT_EQ(static_cast<int>(stream.received().size()), produced_);
    for (const auto& [place, events] : stream.received()) EXPECT_EQ(events.size(), 1u);
  }

  TestKafka kafka_;
  int produced_ = 0;
};

TEST_F(StreamTest, SendsTheSnapshotAndThenEveryRecord) {
  kafka_.ProducePayment(0, "pay_a", "pending");
  kafka_.ProducePayment(0, "pay_b", "completed", "razorpay");
  kafka_.ProducePayment(0, "pay_a", "completed");
  kafka_.Flush();
  const auto server = StartServer();
  TestStream stream(server->port());
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  EXPECT_FALSE(stream.start().server_id().empty());
  ASSERT_EQ(stream.start().token().partitions_size(), kPartitions);
  EXPECT_EQ(stream.start().token().partitions(0).after(), -1);
  EXPECT_EQ(stream.start().token().partitions(0).snapshot_until(), 2);
  EXPECT_EQ(stream.start().token().partitions(1).snapshot_until(), -1);
  std::vector<::payment::PaymentEvent> events = stream.ReadMany(2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].payment().id(), "pay_b");
  EXPECT_EQ(events[0].offset(), 1);
  EXPECT_EQ(events[1].payment().id(), "pay_a");
  EXPECT_EQ(events[1].offset(), 2);
  EXPECT_EQ(events[1].payment().status(), ::payment::STATUS_COMPLETED);
  EXPECT_EQ(events[1].payment().exact_amount().units(), 15000);
  EXPECT_GT(events[1].payment().processed_at(), 1'700'000'000);
  for (const ::payment::PaymentEvent& event : events) EXPECT_EQ(event.event_type(), "existing");
  kafka_.ProducePayment(0, "pay_a", "pending");  // loses in the store, and is an event all the same
  kafka_.Flush();
  events = stream.ReadMany(1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].event_type(), "new");
  EXPECT_EQ(events[0].offset(), 3);
  EXPECT_EQ(events[0].payment().status(), ::payment::STATUS_PENDING);
  EXPECT_NE(events[0].record_crc32c(), 0u);
}

TEST_F(StreamTest, AFilterJudgesEachRecordByItself) {
  kafka_.ProducePayment(0, "pay_a", "pending");
  kafka_.ProducePayment(0, "pay_b", "completed", "paypal");
  kafka_.Flush();
  const auto server = StartServer();
  TestStream stream(server->port());
  stream.request().set_status(::payment::STATUS_COMPLETED);
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_b");
  kafka_.ProducePayment(0, "pay_c", "failed");
  kafka_.ProducePayment(0, "pay_a", "completed");
  kafka_.Flush();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "pay_a");
}

TEST_F(StreamTest, ResumesInTheWindow) {
  ProduceMany(30);
  const auto server = StartServer();
  TestStream stream(server->port());
  stream.Open();
  stream.ReadMany(30);
  ProduceMany(30);
  stream.ReadMany(10);
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  stream.ReadMany(20);
  ProduceMany(5);
  stream.ReadMany(5);
  ExpectAllOnce(stream);
  EXPECT_EQ(server->caught_up(), 0);
}

TEST_F(StreamTest, ResumesBehindTheWindowAndJoinsIt) {
  ProduceMany(300);
  const auto server = StartServer([](ServerOptions* options) { options->window_bytes_max = 4000; });
  TestStream stream(server->port());
  stream.Open();
  stream.ReadMany(300);
  stream.Cancel();
  ProduceMany(1000);
  WaitUntilApplied(*server);
  stream.Open();
  stream.ReadMany(1000);
  for (int i = 0; i < 20; ++i) {
    ProduceMany(3);
    stream.ReadMany(3);
  }
  ExpectAllOnce(stream);
  EXPECT_TRUE(Eventually([&] { return server->caught_up() >= 1; })) << "it is counted behind its last event";
}

// Its backlog is still being loaded, or not even begun: the stream is served from what is there, and from Kafka.
TEST_F(StreamTest, ResumesOnReplicasThatHaveJustStarted) {
  ProduceMany(30'000);
  auto server = StartServer();
  TestStream stream(server->port());
  stream.Open();
  stream.ReadMany(1000);
  int served_while_loading = 0;
  for (const int64_t window_bytes_max : {4'000, 1'000'000, 256'000'000}) {
    stream.Cancel();
    server.reset();
    ProduceMany(500);
    ServerOptions options = TestOptions(kafka_.settings());
    options.window_bytes_max = window_bytes_max;
    server = std::make_unique<PaymentServer>(options);
    server->Listen();
    stream.Dial(server->port());
    stream.Open();  // before it has read anything
    server->Start();
    ASSERT_TRUE(stream.WaitForStart());
    served_while_loading += server->serving() ? 0 : 1;
    stream.ReadMany(5'000);
  }
  stream.ReadMany(static_cast<size_t>(produced_) - stream.received().size());
  ExpectAllOnce(stream);
  EXPECT_GE(served_while_loading, 1) << "a resumed stream does not wait for health";
}

TEST_F(StreamTest, ASnapshotCutHalfWayGoesOnAtAnotherServer) {
  ProduceMany(100);
  ProduceMany(100);
  const auto first = StartServer();
  const auto second = StartServer([](ServerOptions* options) { options->window_bytes_max = 1; });
  TestStream stream(first->port());
  stream.Open();
  stream.ReadMany(70);
  stream.Cancel();
  ProduceMany(50);
  WaitUntilApplied(*second);
  stream.Dial(second->port());
  stream.Open();
  stream.ReadMany(180);
  ExpectAllOnce(stream);
}

TEST_F(StreamTest, MoreCatchUpsThanReadersAllEnd) {
  ProduceMany(30);
  const auto server = StartServer([](ServerOptions* options) {
    options->window_bytes_max = 1;
    options->catch_up_readers_max = 2;
  });
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 6; ++i) {
    streams.push_back(std::make_unique<TestStream>(server->port()));
    streams.back()->Open();
    streams.back()->ReadMany(30);
    streams.back()->Cancel();
  }
  ProduceMany(300);
  WaitUntilApplied(*server);
  for (const auto& stream : streams) stream->Open();
  for (const auto& stream : streams) stream->ReadMany(300);
  for (const auto& stream : streams) ExpectAllOnce(*stream);
  EXPECT_TRUE(Eventually([&] { return server->caught_up() >= 6; }));
}

TEST_F(StreamTest, ATokenThatCannotBeHonouredIsRefused) {
  ProduceMany(30);
  const auto server = StartServer();
  TestStream stream(server->port());
  stream.Open();
  stream.ReadMany(30);
  const ::payment::ResumeToken good = stream.token();
  const auto status_of = [&](const std::function<void(::payment::ResumeToken*)>& change) {
    stream.token() = good;
    change(&stream.token());
    stream.Open();
    return stream.Finish();
  };
  using Token = ::payment::ResumeToken;
  EXPECT_EQ(status_of([](Token* t) { t->mutable_partitions(0)->set_after(-2); }).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](Token* t) { t->mutable_partitions(0)->set_partition(1); }).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](Token* t) { t->mutable_partitions(0)->set_partition(kPartitions); }).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](Token* t) { t->set_log_id("another"); }).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  const grpc::Status huge = status_of([](Token* t) { t->set_log_id(std::string(60'000, 'x')); });
  EXPECT_EQ(huge.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_LT(huge.error_message().size(), 1000u);
  EXPECT_EQ(status_of([](Token* t) { t->mutable_partitions(0)->set_record_crc32c(1); }).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status_of([](Token* t) { t->mutable_partitions(0)->set_after(1'000'000); }).error_code(),
            grpc::StatusCode::OUT_OF_RANGE);
  ASSERT_EQ(stream.gaps().size(), 1u);
  EXPECT_EQ(stream.gaps()[0].partition(), 0);
  EXPECT_EQ(stream.gaps()[0].wanted(), 1'000'001);
}

// The record that the token names has left the window and the store: only Kafka can tell what it was.
TEST_F(StreamTest, ComparesARecordThatOnlyKafkaHas) {
  for (int i = 0; i < 50; ++i) {
    kafka_.ProducePayment(0, "pay_a", "pending", "stripe", R"(,"metadata":{"n":")" + std::to_string(i) + "\"}");
  }
  kafka_.Flush();
  const auto server = StartServer([](ServerOptions* options) { options->window_bytes_max = 1; });
  TestStream stream(server->port());
  stream.Open();
  const ::payment::PaymentEvent last = stream.ReadMany(1).at(0);
  EXPECT_EQ(last.offset(), 49);
  ::payment::PartitionResume* at = stream.token().mutable_partitions(0);
  at->clear_snapshot_until();
  at->set_after(20);
  at->set_record_crc32c(last.record_crc32c());
  stream.Open();
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << status.error_message();
  // Without a checksum there is nothing to compare.
  at->set_after(20);
  at->clear_record_crc32c();
  stream.Open();
  EXPECT_EQ(stream.ReadMany(29).at(0).offset(), 21);
  // With the right one.
  const uint32_t right = stream.received().at({0, 30}).at(0).record_crc32c();
  at->set_after(30);
  at->set_record_crc32c(right);
  stream.Open();
  EXPECT_EQ(stream.ReadMany(19).at(0).offset(), 31);
}

// What the log no longer holds is never jumped over. (The mock keeps about 5 MiB of a partition.)
TEST_F(StreamTest, ATrimmedTokenIsToldTheGap) {
  ProduceMany(kPartitions);
  const auto server = StartServer([](ServerOptions* options) { options->window_bytes_max = 1; });
  TestStream stream(server->port());
  stream.Open();
  stream.ReadMany(kPartitions);
  stream.Cancel();
  std::string noise(1'000'000, 'x');  // that does not compress
  uint32_t random = 1;
  for (char& c : noise) c = static_cast<char>('a' + ((random = random * 1664525 + 1013904223) >> 24) % 26);
  for (int i = 0; i < 12; ++i) {
    kafka_.ProducePayment(0, "big_" + std::to_string(i), "pending", "stripe", R"(,"metadata":{"x":")" + noise + "\"}");
    kafka_.Flush();
  }
  TestUnary unary(server->port());
  ASSERT_TRUE(Eventually([&] { return unary.Get("big_11").ok(); }));
  stream.Open();
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE) << status.error_message();
  ASSERT_EQ(stream.gaps().size(), 1u);
  EXPECT_EQ(stream.gaps()[0].wanted(), 1);
  EXPECT_GT(stream.gaps()[0].earliest(), 1);
}

TEST_F(StreamTest, ManySubscribersComeAndGoWhileRecordsArrive) {
  ProduceMany(30);
  const auto server = StartServer([](ServerOptions* options) { options->window_bytes_max = 60'000; });
  constexpr int kTotal = 2030;
  std::vector<std::unique_ptr<TestStream>> streams;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    streams.push_back(std::make_unique<TestStream>(server->port()));
    threads.emplace_back([&stream = *streams.back(), i] {
      size_t next_cut = 50 + 97 * static_cast<size_t>(i);
      stream.Open();
      while (static_cast<int>(stream.received().size()) < kTotal) {
        if (!stream.Read()) {
          EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);  // fell off the window
          stream.Open();
        } else if (stream.received().size() >= next_cut) {
          next_cut += 500;
          stream.Open();
        }
      }
    });
  }
  for (int i = 0; i < 20; ++i) ProduceMany(100);
  for (std::thread& thread : threads) thread.join();
  for (const auto& stream : streams) ExpectAllOnce(*stream);
  streams.clear();
  EXPECT_TRUE(Eventually([&] { return server->open_calls() == 0; }));
}

}  // namespace
}  // namespace pipeline
