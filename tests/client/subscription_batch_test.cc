// With batches too a subscriber is handed every record exactly once and in partition order, and a bookmark after
// everything that came before it; where a server does not offer them, the client asks for one event a message.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/client/client_testing.h"
#include "tests/client/subscription_testing.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

using Kind = SubscriptionResult::Kind;
using Positions = std::vector<std::pair<int32_t, int64_t>>;

TEST(SubscriptionBatchTest, EveryRecordOnceAcrossCutStreams) {
  TestServer server;
  server.OfferBatches(3);
  server.Misbehave({.cut_after = 4});
  server.Misbehave({.cut_after = 5, .repeat = 2});
  Fill(&server, 20);
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 40; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
  std::vector<int64_t> all;
  for (int64_t offset = 0; offset < 20; ++offset) all.push_back(offset);
  EXPECT_EQ(heard.Offsets(), (std::map<int32_t, std::vector<int64_t>>{{0, all}, {1, all}}));
  EXPECT_EQ(heard.starts.size(), 3u);
  EXPECT_TRUE(heard.starts[2].resumed);
  EXPECT_EQ(server.batched_calls(), 3);
  EXPECT_FALSE(heard.dropped.empty()) << "the second stream repeated some";
}

TEST(SubscriptionBatchTest, AsksForTheBatchesThatItIsToldOf) {
  TestServer server;
  server.OfferBatches(3);
  Fill(&server, 2);
  for (const uint32_t events_max : {0U, 7U}) {
    SubscriptionOptions options = QuickOptions(server.address());
    options.batch_events_max = events_max;
    Heard heard;
    RunningSubscription running(options, &heard);
    ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 4; }));
    EXPECT_EQ(server.asked_batch_events(), events_max);
  }
}

TEST(SubscriptionBatchTest, ABookmarkMovesTheTokenAndIsInTheLog) {
  const TempFolder folder;
  TestServer server;
  server.OfferBatches(8);
  Fill(&server, 2);
  server.Bookmark(0, 1);  // says nothing new
  server.Bookmark(1, 7);
  server.Bookmark(-1, 3);  // names no position
  server.Bookmark(1, -5);
  SubscriptionOptions options = QuickOptions(server.address());
  options.event_log_path = folder.File("log");
  {
    Heard heard;
    RunningSubscription running(options, &heard);
    ASSERT_TRUE(heard.WaitFor([&] { return !heard.bookmarks.empty(); }));
    EXPECT_EQ(heard.events.size(), 4u) << "they come before it";
    EXPECT_EQ(heard.bookmarks[0].positions, (Positions{{1, 7}}));
    EXPECT_EQ(heard.bookmarks[0].connection, 1u);
    running.StopAndWait();
  }
  std::vector<nlohmann::json> bookmarks;
  for (const std::string& line : Lines(ReadFile(options.event_log_path))) {
    const auto entry = nlohmann::json::parse(line);
    if (entry["type"] == "bookmark") bookmarks.push_back(entry["positions"]);
  }
  EXPECT_EQ(bookmarks, (std::vector<nlohmann::json>{{{1, 7}}}));
  // The next client says so to its server, without a checksum: nobody told it one of the record at 7.
  for (int i = 0; i < 8; ++i) server.Append(1);
  Heard again;
  RunningSubscription running(options, &again);
  ASSERT_TRUE(again.WaitFor([&] { return again.events.size() == 2; }));
  EXPECT_EQ(again.Offsets(), (std::map<int32_t, std::vector<int64_t>>{{1, {8, 9}}}));
  const ::payment::PartitionResume sent = server.requests().back().resume().partitions(1);
  EXPECT_EQ(sent.after(), 7);
  EXPECT_FALSE(sent.has_record_crc32c());
}

TEST(SubscriptionBatchTest, FallsBackWhereBatchesAreNotOffered) {
  TestServer server;
  Fill(&server, 3);
  server.Misbehave({.cut_after = 2});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 6; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
  EXPECT_EQ(server.batched_calls(), 1) << "asked once, remembered";
  EXPECT_EQ(heard.starts.size(), 2u);
  ASSERT_EQ(heard.ends.size(), 2u) << "the refusal is no end of a stream";
  EXPECT_EQ(heard.ends[0].code, 14);
}

TEST(SubscriptionBatchTest, AsksForNothingElseWhenToldSo) {
  TestServer server;
  Fill(&server, 1);
  SubscriptionOptions options = QuickOptions(server.address());
  options.rpc = StreamRpc::kSubscribe;
  Heard heard;
  {
    RunningSubscription running(options, &heard);
    const SubscriptionResult result = running.Result();
    EXPECT_EQ(result.kind, Kind::kFatal);
    EXPECT_EQ(result.code, 12);
  }
  server.OfferBatches(8);
  options.rpc = StreamRpc::kStream;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 2; }));
  EXPECT_EQ(server.batched_calls(), 1);
}

}  // namespace
}  // namespace pipeline
