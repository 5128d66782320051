// The event log holds each record once, across any death of its client: an event is in the file before it is shown, a
// new client goes on after the last whole entry wherever the file was cut, and a log that can't be written ends the
// client.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/line_file.h"
#include "tests/client/client_testing.h"
#include "tests/client/subscription_testing.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

using Json = nlohmann::json;
using Kind = SubscriptionResult::Kind;

SubscriptionOptions WithLog(const TestServer& server, const std::string& path) {
  SubscriptionOptions options = QuickOptions(server.address());
  options.event_log_path = path;
  return options;
}

std::vector<Json> Entries(const std::string& path) {
  std::vector<Json> entries;
  for (const std::string& line : Lines(ReadFile(path))) {
    EXPECT_EQ(CheckLine(line), LineState::kSealed) << line;
    entries.push_back(Json::parse(line));
  }
  return entries;
}

// How often each record is in the log, as "partition-offset".
std::map<std::string, int> Count(const std::string& path) {
  std::map<std::string, int> counts;
  for (const Json& entry : Entries(path)) {
    if (entry["type"] == "event") ++counts[entry["p"].dump() + "-" + entry["o"].dump()];
  }
  return counts;
}

// Runs a client until the log's events are `events`.
void RunUntil(const TestServer& server, const std::string& path, size_t events) {
  const size_t before = std::filesystem::exists(path) ? Count(path).size() : 0;
  Heard heard;
  RunningSubscription running(WithLog(server, path), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() + before >= events && !heard.starts.empty(); }));
}

TEST(SubscriptionLogTest, IsItsOwnersAlone) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server(1);
  server.Append(0);
  const mode_t before = umask(0);
  RunUntil(server, path, 1);
  umask(before);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path).permissions(), perms::owner_read | perms::owner_write);
}

TEST(SubscriptionLogTest, TellsTheWholeStoryInOrder) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server(1);
  server.Append(0);
  server.Append(0);
  server.Misbehave({.cut_after = 2});
  server.Misbehave({.repeat = 1});
  {
    Heard heard;
    RunningSubscription running(WithLog(server, path), &heard);
    ASSERT_TRUE(heard.WaitFor([&] { return heard.dropped.size() == 1; }));
    server.Append(0);
    ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 3; }));
  }
  const std::vector<Json> entries = Entries(path);
  std::vector<std::string> types;
  types.reserve(entries.size());
  for (const Json& entry : entries) types.push_back(entry["type"]);
  EXPECT_EQ(types,
            (std::vector<std::string>{"connection", "event", "event", "end", "connection", "drop", "event", "end"}));
  EXPECT_EQ(entries[0]["resumed"], false);
  EXPECT_EQ(entries[0]["token"]["log_id"], "log-1");
  EXPECT_EQ(entries[0]["server"], server.address());
  EXPECT_EQ(entries[1]["kind"], "existing");
  EXPECT_EQ(entries[1]["payment"]["id"], "p0-0");
  EXPECT_EQ(entries[3]["status"], "UNAVAILABLE");
  EXPECT_EQ(entries[4]["resumed"], true);
  EXPECT_EQ(entries[4]["sent"]["partitions"][0]["after"], 1);
  EXPECT_EQ(entries[5]["o"], 1);
  EXPECT_EQ(entries[6]["kind"], "new");
  EXPECT_EQ(entries[6]["conn"], 2);
  EXPECT_EQ(entries[7]["code"], 1);
}

TEST(SubscriptionLogTest, AnEventIsInTheFileBeforeItIsHandedOn) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server(1);
  for (int i = 0; i < 300; ++i) server.Append(0);
  Heard heard;
  int missing = 0;
  heard.on_event = [&](const ReceivedEvent& event) {
    if (ReadFile(path).find("\"o\":" + std::to_string(event.offset) + ",") == std::string::npos) ++missing;
  };
  RunningSubscription running(WithLog(server, path), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 300; }));
  running.StopAndWait();
  EXPECT_EQ(missing, 0);
}

TEST(SubscriptionLogTest, ANewClientGoesOnWhereTheLogEnds) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server;
  for (size_t i = 0; i < 3; ++i) {
    server.Append(0);
    server.Append(1);
    RunUntil(server, path, 2 * i + 2);
  }
  for (const auto& [record, count] : Count(path)) EXPECT_EQ(count, 1) << record;
  EXPECT_EQ(Count(path).size(), 6u);
  EXPECT_EQ(server.requests()[2].resume().partitions(0).after(), 1);
  EXPECT_EQ(server.requests()[2].resume().partitions(0).record_crc32c(), TestServer::Checksum(0, 1, "log-1"));
  EXPECT_EQ(Entries(path).back()["conn"], 3) << "connections are numbered within the file";
}

TEST(SubscriptionLogTest, CutAnywhereItHoldsEachRecordOnce) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server;
  for (int i = 0; i < 3; ++i) {
    server.Append(0);
    server.Append(1);
  }
  RunUntil(server, path, 6);
  const std::string whole = ReadFile(path);
  const std::vector<std::string> lines = Lines(whole);
  // As a client that was killed leaves it: up to any byte of its last four lines; not all of them, for time's sake, but
  // each line's first and last ones.
  size_t line_begin = whole.size();
  for (size_t back = 1; back <= 4; ++back) {
    const size_t line_end = line_begin;
    line_begin -= lines[lines.size() - back].size() + 1;
    for (size_t cut = line_begin; cut < line_end; cut += cut + 2 < line_end && cut > line_begin ? 41 : 1) {
      WriteFile(path, whole.substr(0, cut));
      RunUntil(server, path, 6);
      const std::map<std::string, int> counts = Count(path);
      ASSERT_EQ(counts.size(), 6u) << "cut at " << cut;
      for (const auto& [record, count] : counts) ASSERT_EQ(count, 1) << record << ", cut at " << cut;
    }
  }
}

TEST(SubscriptionLogTest, ASkippedGapStaysSkippedAfterANewStart) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server(1);
  for (int i = 0; i < 4; ++i) server.Append(0);
  server.Misbehave({.cut_after = 2});
  Misbehaviour gap;
  gap.refuse = grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "gone");
  gap.gaps = {{.partition = 0, .wanted = 2, .earliest = 3}};
  server.Misbehave(gap);
  server.Misbehave({.cut_after = 0});
  SubscriptionOptions options = WithLog(server, path);
  options.on_gap = OnGap::kEarliest;
  options.reconnect.attempts_max = 2;
  {
    Heard heard;
    RunningSubscription running(options, &heard);
    // Dies after it was told where to go on, before any event from there.
    ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 2; }));
  }
  const size_t streams_before = server.requests().size();
  RunUntil(server, path, 3);
  EXPECT_EQ(server.requests()[streams_before].resume().partitions(0).after(), 2);
}

TEST(SubscriptionLogTest, AnotherFilterIsRefused) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server(1);
  RunUntil(server, path, 0);
  SubscriptionOptions options = WithLog(server, path);
  options.filter.provider = Provider::kPaypal;
  Heard heard;
  EXPECT_THROW(Subscription(options, &heard), std::runtime_error);
}

TEST(SubscriptionLogTest, AnotherLogIsAGap) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server(1);
  server.Append(0);
  RunUntil(server, path, 1);
  server.SetLogId("log-2");
  Heard heard;
  RunningSubscription running(WithLog(server, path), &heard);
  const SubscriptionResult result = running.Result();
  EXPECT_EQ(result.kind, Kind::kGap);
  EXPECT_EQ(result.code, 9);
}

// No file of this process may grow beyond `bytes` while this lives: what a full disk is to write(2), as EFBIG.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(SubscriptionLogTest, AFullDiskEndsItAndLosesNothing) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server(1);
  for (int i = 0; i < 2000; ++i) server.Append(0);
  size_t handed_on = 0;
  {
    const FileSizeLimit limit(200'000);
    Heard heard;
    RunningSubscription running(WithLog(server, path), &heard);
    const SubscriptionResult result = running.Result();
    EXPECT_EQ(result.kind, Kind::kLogFailed);
    EXPECT_NE(result.message.find(path), std::string::npos) << result.message;
    handed_on = heard.events.size();
  }
  EXPECT_LT(handed_on, 2000u);
  EXPECT_GE(Count(path).size(), handed_on) << "handed on and not in the file";
  RunUntil(server, path, 2000);
  const std::map<std::string, int> counts = Count(path);
  EXPECT_EQ(counts.size(), 2000u);
  for (const auto& [record, count] : counts) EXPECT_EQ(count, 1) << record;
}

}  // namespace
}  // namespace pipeline
