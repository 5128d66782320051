// What our server writes into its journal is read back member by member, and whatever else stands in a line is refused
// without harm.
#include "harness/observe/server_lines.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "common/line_file.h"
#include "harness/observe/log_lines.h"
#include "server/ops/journal_lines.h"

namespace harness {
namespace {

using pipeline::RejectReason;

bool Parses(std::string line, ServerSeen* out) {
  const size_t size = line.size();
  line.append(kLinePaddingBytes, '"');
  static ServerLineParser parser;
  return parser.Parse({line.data(), size}, out);
}

bool ParsesSealed(const std::string& object, ServerSeen* out) {
  std::string line = pipeline::SealLine(object);
  line.pop_back();
  return Parses(line, out);
}

RC_GTEST_PROP(ServerLinesProperty, ReadsThePlacesThatServersWrite, (bool read)) {
  std::vector<pipeline::JournaledRecord> records;
  int64_t time_ns = *rc::gen::inRange<int64_t>(1, 1'000'000'000);
  for (int i = *rc::gen::inRange(1, 50); i > 0; --i) {
    const auto reason = static_cast<RejectReason>(read ? *rc::gen::inRange(0, pipeline::kRejectReasonCount) : 0);
    records.push_back({time_ns, *rc::gen::inRange<int64_t>(0, INT64_MAX), *rc::gen::inRange(0, INT32_MAX), reason});
    time_ns += std::max<int64_t>(*rc::gen::inRange(-1'000, 1'000), 1 - time_ns);  // threads tell it out of order
  }
  std::string line;
  if (read) {
    AppendJournalRead(records, &line);
  } else {
    pipeline::AppendJournalWrite(7, records, &line);
  }
  ServerSeen seen;
  RC_ASSERT(ParsesSealed(line, &seen));
  const auto& back = std::get<ServerRecords>(seen);
  RC_ASSERT(back.number == (read ? 0u : 7u));
  RC_ASSERT(back.records.size() == records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    RC_ASSERT(back.records[i].time_ns == records[i].time_ns);
    RC_ASSERT(back.records[i].offset == records[i].offset);
    RC_ASSERT(back.records[i].partition == records[i].partition);
    RC_ASSERT(back.records[i].reason == records[i].reason);
  }
}

TEST(ServerLinesTest, ReadsTheOtherLinesThatServersWrite) {
  std::string line;
  ServerSeen seen;
  pipeline::AppendJournalStart(9, "host#1.1", 77, &line);
  ASSERT_TRUE(ParsesSealed(line, &seen));
  EXPECT_EQ(std::get<ServerStarted>(seen).time_ns, 9);
  EXPECT_EQ(std::get<ServerStarted>(seen).pid, 77);
  EXPECT_EQ(std::get<ServerStarted>(seen).server_id, "host#1.1");

  line.clear();
  pipeline::SubscriptionBegan began{.time_ns = 8, .number = 5, .peer = "ipv4:1", .filter = {}, .sent = {}, .token = {}};
  began.token.set_log_id("log");
  began.token.add_partitions()->set_partition(3);
  began.token.mutable_partitions(0)->set_after(41);
  began.sent = began.token;
  began.sent->mutable_partitions(0)->set_after(40);
  began.sent->mutable_partitions(0)->set_snapshot_until(50);
  pipeline::AppendJournalBegin(began, &line);
  ASSERT_TRUE(ParsesSealed(line, &seen));
  const ServerStream& stream = std::get<ServerBegan>(seen).stream;
  EXPECT_EQ(stream.number, 5u);
  EXPECT_EQ(stream.began_ns, 8);
  EXPECT_EQ(stream.peer, "ipv4:1");
  EXPECT_TRUE(stream.resumed);
  ASSERT_EQ(stream.token.size(), 1u);
  EXPECT_EQ(stream.token[0].partition, 3);
  EXPECT_EQ(stream.token[0].after, 41);
  EXPECT_EQ(stream.token[0].snapshot_until, -1);
  ASSERT_EQ(stream.sent.size(), 1u);
  EXPECT_EQ(stream.sent[0].after, 40);
  EXPECT_EQ(stream.sent[0].snapshot_until, 50);

  line.clear();
  pipeline::AppendJournalEnd(10, 5, 14, "shutdown", &line);
  ASSERT_TRUE(ParsesSealed(line, &seen));
  EXPECT_EQ(std::get<ServerEnded>(seen).number, 5u);
  EXPECT_EQ(std::get<ServerEnded>(seen).code, 14);
  EXPECT_EQ(std::get<ServerEnded>(seen).reason, "shutdown");

  line.clear();
  pipeline::AppendJournalCut(11, 3, &line);
  ASSERT_TRUE(ParsesSealed(line, &seen));
  EXPECT_EQ(std::get<ServerCut>(seen).lost, 3);

  line.clear();
  pipeline::AppendJournalStop(12, &line);
  ASSERT_TRUE(ParsesSealed(line, &seen));
  EXPECT_EQ(std::get<ServerStopped>(seen).time_ns, 12);
}

TEST(ServerLinesTest, TakesTheMinimalLinesOfForeignServers) {
  ServerSeen seen;
  for (const char* line : {R"({"type":"start","t":1})", R"({"type":"read","t":1,"records":[[0,0]]})",
                           R"({"type":"begin","t":1,"sub":1})", R"({"type":"write","t":1,"sub":1,"events":[[0,0]]})",
                           R"({"type":"end","t":1,"sub":1,"more":{}})", R"({"type":"stop","t":1})"}) {
    EXPECT_TRUE(Parses(line, &seen)) << line;
  }
}

TEST(ServerLinesTest, WhatIsNoServersLineIsBroken) {
  ServerSeen seen;
  std::string many = R"({"type":"read","t":1,"records":[[0,0])";
  for (size_t i = 0; i < kServerRecordsMax; ++i) many += ",[0,0]";
  for (const std::string& line : {std::string(""),
                                  std::string("{}"),
                                  std::string("[]"),
                                  std::string(R"({"type":"start"})"),
                                  std::string(R"({"type":"start","t":1,"pid":-1})"),
                                  std::string(R"({"type":"strat","t":1,"sub":1})"),
                                  std::string(R"({"type":"event","t":1})"),
                                  std::string(R"({"type":"read","t":1})"),
                                  std::string(R"({"type":"read","t":1,"records":[]})"),
                                  std::string(R"({"type":"read","t":1,"records":[[0]]})"),
                                  std::string(R"({"type":"read","t":1,"records":[0,0]})"),
                                  std::string(R"({"type":"read","t":1,"records":[[0,-1]]})"),
                                  std::string(R"({"type":"read","t":1,"records":[[2147483648,0]]})"),
                                  std::string(R"({"type":"read","t":1,"records":[[0,0,9223372036854775807]]})"),
                                  std::string(R"({"type":"read","t":1,"records":[[0,0,0,"no reason"]]})"),
                                  std::string(R"({"type":"read","t":1,"records":[[0,0,0,"no_id",0]]})"),
                                  std::string(R"({"type":"write","t":1,"sub":1,"events":[[0,0,0,"no_id"]]})"),
                                  std::string(R"({"type":"write","t":1,"sub":0,"events":[[0,0,0]]})"),
                                  std::string(R"({"type":"write","t":1,"events":[[0,0,0]]})"),
                                  std::string(R"({"type":"begin","t":1})"),
                                  std::string(R"({"type":"begin","t":1,"sub":1,"token":[]})"),
                                  std::string(R"({"type":"end","t":1})"),
                                  std::string(R"({"type":"end","t":1,"sub":1,"code":"14"})"),
                                  std::string(R"({"type":"cut","t":1})"),
                                  std::string(R"({"type":"cut","t":1,"lost":0})"),
                                  std::string(R"({"type":"stop","t":1,"crc":"00000000"})"),
                                  many + "]}"}) {
    EXPECT_FALSE(Parses(line, &seen)) << line.substr(0, 100);
  }
}

}  // namespace
}  // namespace harness
