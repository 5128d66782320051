// A token survives the way over the wire unchanged, and metadata that no correct server sends are refused with a
// sentence, never taken and never a crash.
#include "client/token.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace pipeline {
namespace {

std::string StartBytes(const std::function<void(::payment::StreamStart*)>& change) {
  ::payment::StreamStart start;
  start.set_server_id("server-1");
  start.mutable_token()->set_log_id("log");
  auto* part = start.mutable_token()->add_partitions();
  part->set_partition(3);
  part->set_after(7);
  change(&start);
  return start.SerializeAsString();
}

TEST(TokenTest, AStreamStartIsRead) {
  const StartParse parse = ParseStreamStart(StartBytes([](::payment::StreamStart* start) {
    auto* part = start->mutable_token()->add_partitions();
    part->set_partition(4);
    part->set_after(-1);
    part->set_record_crc32c(5);
    part->set_snapshot_until(-1);
  }));
  ASSERT_TRUE(parse.start) << parse.error;
  EXPECT_EQ(parse.start->server_id, "server-1");
  EXPECT_EQ(parse.start->token.log_id, "log");
  EXPECT_EQ(parse.start->token.partitions.at(3), (TokenPart{.after = 7, .record_crc32c = {}, .snapshot_until = {}}));
  // A checksum of a record that can't exist is left out.
  EXPECT_EQ(parse.start->token.partitions.at(4), (TokenPart{.after = -1, .record_crc32c = {}, .snapshot_until = -1}));
}

TEST(TokenTest, WhatIsWrongIsSaid) {
  const auto error = [](const std::function<void(::payment::ResumeToken*)>& change) {
    return ParseStreamStart(StartBytes([&](::payment::StreamStart* start) { change(start->mutable_token()); })).error;
  };
  using Message = ::payment::ResumeToken;
  EXPECT_EQ(ParseStreamStart("\xff\xff\xff").error, "3 bytes that are no StreamStart");
  EXPECT_EQ(ParseStreamStart("").error, "a StreamStart without a log id");
  EXPECT_EQ(error([](Message* token) { token->set_log_id(std::string(1025, 'x')); }),
            "a log id of 1025 bytes (at most 1024)");
  EXPECT_EQ(error([](Message* token) { token->mutable_partitions(0)->set_after(-2); }),
            "`after` -2 of partition 3 (at least -1)");
  EXPECT_EQ(error([](Message* token) { token->mutable_partitions(0)->set_snapshot_until(-5); }),
            "`snapshot_until` -5 of partition 3 (at least -1)");
  EXPECT_EQ(error([](Message* token) { token->mutable_partitions(0)->set_partition(-1); }), "partition -1 (0 to 9999)");
  EXPECT_EQ(error([](Message* token) { token->mutable_partitions(0)->set_partition(10'000); }),
            "partition 10000 (0 to 9999)");
  EXPECT_EQ(error([](Message* token) { *token->add_partitions() = token->partitions(0); }), "partition 3 twice");
  EXPECT_EQ(error([](Message* token) {
              for (int i = 0; i < kTokenPartitionsMax; ++i) token->add_partitions()->set_partition(i + 10);
            }),
            "10001 partitions (at most 10000)");
}

TEST(TokenTest, GapsAreRead) {
  ::payment::PositionGap message;
  message.set_partition(2);
  message.set_wanted(5);
  message.set_earliest(9);
  const auto gap = ParseGap(message.SerializeAsString());
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->partition, 2);
  EXPECT_EQ(gap->wanted, 5);
  EXPECT_EQ(gap->earliest, 9);
  EXPECT_FALSE(ParseGap("\xff"));
  message.set_earliest(-1);
  EXPECT_FALSE(ParseGap(message.SerializeAsString()));
}

RC_GTEST_PROP(TokenProperty, ATokenSurvivesTheWire, ()) {
  Token sent{.log_id = "l" + *rc::gen::string<std::string>(), .partitions = {}};
  for (char& c : sent.log_id) c = static_cast<char>(c & 0x7F);  // proto3 strings are UTF-8
  for (const int32_t partition : *rc::gen::container<std::vector<int32_t>>(rc::gen::inRange(0, 1000))) {
    TokenPart at{.after = *rc::gen::inRange<int64_t>(-1, int64_t{1} << 60), .record_crc32c = {}, .snapshot_until = {}};
    if (at.after >= 0 && *rc::gen::arbitrary<bool>()) at.record_crc32c = *rc::gen::arbitrary<uint32_t>();
    if (*rc::gen::arbitrary<bool>()) at.snapshot_until = *rc::gen::inRange<int64_t>(-1, int64_t{1} << 60);
    sent.partitions[partition] = at;
  }
  ::payment::StreamStart start;
  ToMessage(sent, start.mutable_token());
  const StartParse parse = ParseStreamStart(start.SerializeAsString());
  RC_ASSERT(parse.start.has_value());
  RC_ASSERT(parse.start->token == sent);
}

}  // namespace
}  // namespace pipeline
