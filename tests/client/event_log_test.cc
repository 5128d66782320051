// An event log says what happened, and the token that its lines add up to is the one that the client had when it
// wrote the last of them: after any connections, events, drops and bookmarks, and after a cut at any byte.
#include "client/event_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/event_log_file.h"
#include "tests/client/client_testing.h"

namespace pipeline {
namespace {

using Json = nlohmann::json;

ReceivedEvent EventAt(int32_t partition, int64_t offset, uint32_t crc) {
  ReceivedEvent event;
  event.time_ns = 5;
  event.connection = 1;
  event.partition = partition;
  event.offset = offset;
  event.record_crc32c = crc;
  event.payment.id = "pay_1";
  return event;
}

StreamStarted StartWith(const Token& token, uint32_t connection, bool resumed) {
  return {.time_ns = 4,
          .connection = connection,
          .server = "localhost:1",
          .server_id = "s",
          .has_start = true,
          .resumed = resumed,
          .token = token};
}

Token OnePartition() {
  Token token{.log_id = "log", .partitions = {}};
  token.partitions[0] = {.after = -1, .record_crc32c = {}, .snapshot_until = 3};
  return token;
}

// Applies each line, as read back from text, to a replay.
void Replay(const std::vector<std::string>& entries, LogReplay* replay) {
  LogDecoder decoder;
  for (const std::string& entry : entries) {
    ASSERT_TRUE(Json::accept(entry)) << entry;
    replay->Apply(decoder.Decode(entry));
  }
}

TEST(EventLogTest, EntriesHaveTheDocumentedMembers) {
  std::string entry;
  Token sent = OnePartition();
  sent.partitions[0] = {.after = 8, .record_crc32c = 4294967295u, .snapshot_until = {}};
  AppendConnectionEntry(StartWith(OnePartition(), 3, true), {.provider = Provider::kStripe, .status = {}}, &sent,
                        &entry);
  EXPECT_EQ(entry,
            R"({"type":"connection","t":4,"conn":3,"server":"localhost:1","server_id":"s","provider":"STRIPE",)"
            R"("status":"UNKNOWN","token":{"log_id":"log","partitions":[{"p":0,"after":-1,"snapshot_until":3}]},)"
            R"("resumed":true,"sent":{"log_id":"log","partitions":[{"p":0,"after":8,"crc32c":4294967295}]}})");
  entry.clear();
  StreamStarted named = StartWith(OnePartition(), 1, false);
  named.subscription = "host#7.1/3";
  AppendConnectionEntry(named, {}, nullptr, &entry);
  EXPECT_EQ(Json::parse(entry)["subscription"], "host#7.1/3");
  entry.clear();
  ReceivedEvent event = EventAt(2, 9, 77);
  event.existing = true;
  event.processed_at_s = 6;
  event.payment = {.id = "pay_\"1\"",
                   .provider = Provider::kRazorpay,
                   .status = PaymentStatus::kRefunded,
                   .amount = {.units = 15000, .exponent = 4},
                   .currency = "INR",
                   .customer_email = "a@example.com",
                   .created_at_s = 7,
                   .metadata = {{"k", "v\n"}}};
  AppendEventEntry(event, &entry);
  EXPECT_EQ(entry,
            R"({"type":"event","t":5,"conn":1,"kind":"existing","p":2,"o":9,"crc32c":77,"payment":{"id":"pay_\"1\"",)"
            R"("provider":"RAZORPAY","units":15000,"exponent":4,"currency":"INR","status":"REFUNDED",)"
            R"("customer_email":"a@example.com","created_at":7,"processed_at":6,"metadata":{"k":"v\n"}}})");
  entry.clear();
  AppendDropEntry(event, &entry);
  EXPECT_EQ(entry, R"({"type":"drop","t":5,"conn":1,"p":2,"o":9})");
  entry.clear();
  AppendBookmarkEntry(8, 2, {{0, 5}, {1, -1}}, &entry);
  EXPECT_EQ(entry, R"({"type":"bookmark","t":8,"conn":2,"positions":[[0,5],[1,-1]]})");
  entry.clear();
  AppendEndEntry({.time_ns = 9,
                  .connection = 0,
                  .code = 11,
                  .message = "gone",
                  .gaps = {{.partition = 1, .wanted = 2, .earliest = 3}}},
                 &entry);
  EXPECT_EQ(entry, R"({"type":"end","t":9,"conn":0,"code":11,"status":"OUT_OF_RANGE","message":"gone",)"
                   R"("gap":[{"p":1,"wanted":2,"earliest":3}],"resumed":false})");
  // Of an attempt that came to nothing, what it asked for.
  entry.clear();
  const Token asked{.log_id = "c/t", .partitions = {{1, {.after = 4, .record_crc32c = 7, .snapshot_until = {}}}}};
  AppendEndEntry({.time_ns = 9, .connection = 0, .code = 9, .message = "other", .gaps = {}, .sent = asked}, &entry);
  EXPECT_EQ(entry, R"({"type":"end","t":9,"conn":0,"code":9,"status":"FAILED_PRECONDITION","message":"other",)"
                   R"("resumed":true,"sent":{"log_id":"c/t","partitions":[{"p":1,"after":4,"crc32c":7}]}})");
  entry.clear();
  AppendEndEntry({.time_ns = 9, .connection = 2, .code = 14, .message = "m", .gaps = {}}, &entry);
  EXPECT_EQ(entry, R"({"type":"end","t":9,"conn":2,"code":14,"status":"UNAVAILABLE","message":"m"})");
}

RC_GTEST_PROP(EventLogProperty, AnyPaymentIsOneLineOfJsonThatSaysTheSame, ()) {
  ReceivedEvent event =
      EventAt(*rc::gen::inRange(0, 1000), *rc::gen::positive<int64_t>(), *rc::gen::arbitrary<uint32_t>());
  event.payment = *AnyPayment();
  std::string entry;
  AppendEventEntry(event, &entry);
  RC_ASSERT(entry.find('\n') == std::string::npos);
  const Json json = Json::parse(entry);
  RC_ASSERT(json["p"] == event.partition);
  RC_ASSERT(json["o"] == event.offset);
  RC_ASSERT(json["crc32c"] == *event.record_crc32c);
  const Json& payment = json["payment"];
  RC_ASSERT(payment["id"] == event.payment.id);
  RC_ASSERT(payment["units"] == event.payment.amount.units);
  RC_ASSERT(payment["exponent"] == event.payment.amount.exponent);
  RC_ASSERT(payment["currency"] == event.payment.currency);
  RC_ASSERT(payment["customer_email"] == event.payment.customer_email);
  RC_ASSERT(payment["created_at"] == event.payment.created_at_s);
  RC_ASSERT(payment["metadata"].size() == event.payment.metadata.size());
  for (const auto& [key, value] : event.payment.metadata) RC_ASSERT(payment["metadata"][key] == value);
  const auto decoded = std::get<EventEntry>(LogDecoder().Decode(entry));
  RC_ASSERT(decoded.partition == event.partition);
  RC_ASSERT(decoded.offset == event.offset);
  RC_ASSERT(decoded.record_crc32c == event.record_crc32c);
}

RC_GTEST_PROP(EventLogProperty, TheLinesAddUpToTheToken, ()) {
  HeldToken held;
  std::vector<std::string> entries;
  uint32_t connection = 0;
  const auto connect = [&](const Token& token, bool resumed) {
    std::string entry;
    const Token sent = held.token();
    AppendConnectionEntry(StartWith(token, ++connection, resumed), {}, resumed ? &sent : nullptr, &entry);
    held.OnStart(token, resumed);
    entries.push_back(entry);
  };
  connect(OnePartition(), false);
  const int steps = *rc::gen::inRange(0, 40);
  for (int i = 0; i < steps; ++i) {
    const int32_t partition = *rc::gen::inRange(0, 3);
    const auto offset = *rc::gen::inRange<int64_t>(0, 30);
    const auto crc = *rc::gen::arbitrary<uint32_t>();
    std::string entry;
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
        connect(OnePartition(), *rc::gen::arbitrary<bool>());
        continue;
      case 1:
        held.SetEarliest(partition, offset);  // a gap skipped on purpose: the token sent next says so
        connect(OnePartition(), true);
        continue;
      case 2:
        AppendEndEntry({.time_ns = 1, .connection = connection, .code = 14, .message = "m", .gaps = {}}, &entry);
        break;
      case 3:
        held.OnBookmark(partition, offset);
        AppendBookmarkEntry(1, connection, {{partition, offset}}, &entry);
        break;
      default:
        if (held.OnEvent(partition, offset, crc)) {
          AppendEventEntry(EventAt(partition, offset, crc), &entry);
        } else {
          AppendDropEntry(EventAt(partition, offset, crc), &entry);
        }
    }
    entries.push_back(entry);
  }
  LogReplay replay({});
  Replay(entries, &replay);
  RC_ASSERT(replay.held_token().known());
  RC_ASSERT(replay.held_token().token() == held.token());
  RC_ASSERT(replay.last_connection() == connection);
}

TEST(EventLogTest, AServerWithoutPositionsLeavesNothingToResume) {
  StreamStarted plain;
  plain.connection = 2;
  std::string first;
  std::string second;
  std::string event;
  AppendConnectionEntry(StartWith(OnePartition(), 1, false), {}, nullptr, &first);
  AppendConnectionEntry(plain, {}, nullptr, &second);
  AppendEventEntry({}, &event);
  EXPECT_EQ(Json::parse(event).count("p"), 0u);
  EXPECT_EQ(Json::parse(event).count("o"), 0u);
  EXPECT_EQ(Json::parse(second).count("token"), 0u);
  LogReplay replay({});
  Replay({first, second, event}, &replay);
  EXPECT_FALSE(replay.held_token().known());
  EXPECT_EQ(replay.last_connection(), 2u);
}

TEST(EventLogTest, WhatIsWrongWithALineIsSaid) {
  LogDecoder decoder;
  const auto error = [&](const std::string& line) -> std::string {
    try {
      decoder.Decode(line);
    } catch (const std::runtime_error& problem) {
      return problem.what();
    }
    return "";
  };
  EXPECT_EQ(error("[1]"), "not a JSON object");
  EXPECT_EQ(error("{"), "not a JSON object");
  EXPECT_EQ(error(R"({"t":1})"), "member \"type\" is missing");
  EXPECT_EQ(error(R"({"type":"event","o":-3,"p":1})"),
            "member \"o\" is not a whole number from 0 to 9223372036854775807");
  EXPECT_EQ(error(R"({"type":"event","o":3})"), "member \"p\" is missing");
  EXPECT_EQ(error(R"({"type":"event","p":0,"o":3,"crc32c":4294967296})"),
            "member \"crc32c\" is not a whole number from 0 to 4294967295");
  EXPECT_EQ(error(R"({"type":"connection","provider":"stripe"})"),
            "member \"provider\" is not STRIPE, RAZORPAY, PAYPAL or UNKNOWN");
  EXPECT_EQ(error(R"({"type":"connection","token":7})"),
            "member \"token\" is not a token: {\"log_id\", \"partitions\": [...]}");
  EXPECT_EQ(error(R"({"type":"connection","token":{"log_id":"l","partitions":[{"p":1,"after":2},{"p":1,"after":2}]}})"),
            "member \"token\" is not a token that names each partition once");
  EXPECT_EQ(error(R"({"type":"bookmark","positions":[[1]]})"),
            "member \"positions\" is not a list of [partition, offset] pairs");
  EXPECT_EQ(error(R"({"type":"something new"})"), "") << "later versions may add entries";
}

TEST(EventLogTest, AnotherFilterIsRefused) {
  std::string entry;
  AppendConnectionEntry(StartWith(OnePartition(), 1, false), {.provider = Provider::kPaypal, .status = {}}, nullptr,
                        &entry);
  LogReplay replay({.provider = {}, .status = PaymentStatus::kFailed});
  try {
    replay.Apply(LogDecoder().Decode(entry));
    FAIL() << "taken";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(
        error.what(),
        "made for another filter: provider PAYPAL, status UNKNOWN; asked for: provider UNKNOWN, status FAILED");
  }
}

// ---- the file ----

// A log of one connection and `events` events, as lines with their newlines.
std::vector<std::string> SealedLines(int events) {
  std::vector<std::string> lines;
  std::string entry;
  AppendConnectionEntry(StartWith(OnePartition(), 1, false), {}, nullptr, &entry);
  lines.push_back(SealLine(entry));
  for (int i = 0; i < events; ++i) {
    entry.clear();
    AppendEventEntry(EventAt(0, i, static_cast<uint32_t>(100 + i)), &entry);
    lines.push_back(SealLine(entry));
  }
  return lines;
}

TEST(EventLogFileTest, ACutAtAnyByteLeavesTheWholeLinesBeforeIt) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  const std::vector<std::string> lines = SealedLines(4);
  std::string whole;
  for (const std::string& line : lines) whole += line;
  const size_t last_lines = lines[3].size() + lines[4].size();
  for (size_t cut = 0; cut <= whole.size(); cut += cut < whole.size() - last_lines ? 50 : 1) {
    WriteFile(path, whole.substr(0, cut));
    size_t whole_lines = 0;
    size_t bytes = 0;
    while (whole_lines < lines.size() && bytes + lines[whole_lines].size() <= cut) bytes += lines[whole_lines++].size();
    EventLogFile log;
    log.Open(path, {});
    EXPECT_EQ(ReadFile(path), whole.substr(0, bytes)) << "cut at " << cut;
    EXPECT_EQ(log.cut_bytes(), static_cast<int64_t>(cut - bytes));
    ASSERT_EQ(log.held_token().known(), whole_lines > 0) << "cut at " << cut;
    if (whole_lines < 2) continue;
    const TokenPart& at = log.held_token().token().partitions.at(0);
    EXPECT_EQ(at.after, static_cast<int64_t>(whole_lines) - 2) << "cut at " << cut;
    EXPECT_EQ(at.record_crc32c, 100 + static_cast<uint32_t>(at.after));
  }
}

TEST(EventLogFileTest, WhatCantBeGoneOnWithIsRefusedWithItsPlace) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  const auto error = [&](const std::string& file, const Filter& filter) -> std::string {
    try {
      EventLogFile log;
      log.Open(file, filter);
    } catch (const std::runtime_error& problem) {
      return problem.what();
    }
    return "";
  };
  std::string whole;
  for (const std::string& line : SealedLines(3)) whole += line;
  WriteFile(path, whole);
  EXPECT_EQ(error(path, {}), "");
  EXPECT_NE(error(path, {.provider = Provider::kStripe, .status = {}}).find("log:1: made for another filter"),
            std::string::npos);
  EXPECT_EQ(ReadFile(path), whole);

  std::string damaged = whole;
  damaged[whole.find("pay_1")] = 'X';
  WriteFile(path, damaged);
  EXPECT_NE(error(path, {}), "") << "damage before whole lines is no torn tail";
  EXPECT_EQ(ReadFile(path), damaged) << "and stays as it is";

  WriteFile(path, "{\"type\":\"event\",\"p\":0,\"o\":\"x\"}\n" + whole);
  EXPECT_NE(error(path, {}).find("log:1: member \"o\" is not"), std::string::npos);
  EXPECT_NE(error("/dev/null", {}).find("is a device; allowed: a regular file"), std::string::npos);
  EXPECT_NE(error(folder.File("absent/log"), {}).find(std::strerror(ENOENT)), std::string::npos);
}

TEST(EventLogFileTest, BelongsToOneAtATime) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  EventLogFile first;
  first.Open(path, {});
  EventLogFile second;
  EXPECT_THROW(second.Open(path, {}), std::runtime_error);
}

}  // namespace
}  // namespace pipeline
