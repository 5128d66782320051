// The contents that are kept for people are those of the lines that were asked for, whole, and told as JSON lines.
#include "harness/observe/contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "harness/contract/canonical.h"
#include "observe_testing.h"

namespace harness {
namespace {

std::string EventLine(const std::string& id) {
  return R"({"type":"event","t":1,"p":0,"o":0,"payment":{"id":")" + id +
         R"(","units":1999,"exponent":2,"currency":"USD","metadata":{"order":"7"}}})" + "\n";
}

uint64_t HashOf(const std::string& id) {
  pipeline::Payment payment;
  payment.id = id;
  payment.amount = {1999, 2};
  payment.currency = "USD";
  payment.metadata = {{"order", "7"}};
  return CanonicalHash(payment);
}

TEST(ContentsTest, ALogGivesTheLinesThatWereAskedForOnce) {
  const TempFolder folder;
  AppendTo(folder.File("events"), EventLine("a") + EventLine("b") + "damage\n" + EventLine("b"));
  Recorder recorder("run", "");
  KeepLoggedContents(folder.File("events"), LogKind::kEventLog, "client fast", {HashOf("b")}, &recorder);
  const History history = recorder.Finish(nullptr);
  ASSERT_EQ(history.contents.size(), 1u);
  EXPECT_EQ(history.contents[0].where, "client fast");
  EXPECT_EQ(history.contents[0].content_hash, HashOf("b"));
  EXPECT_EQ(history.contents[0].payment.id, "b");
  const auto line = nlohmann::json::parse(ContentLines(history));
  EXPECT_EQ(line["payment"]["units"], 1999);
  EXPECT_EQ(line["payment"]["metadata"]["order"], "7");
  EXPECT_FALSE(line.contains("p"));
}

TEST(ContentsTest, WhatASenderWroteDownIsFoundToo) {
  const TempFolder folder;
  AppendTo(folder.File("acks"),
           R"({"type":"send","t":1,"seq":1,"key":"a","value":"{\"id\":\"a\",\"amount\":19.99,\"currency\":\"usd\",)"
           R"(\"metadata\":{\"order\":\"7\"}}"})"
           "\n");
  Recorder recorder("run", "");
  KeepLoggedContents(folder.File("acks"), LogKind::kAckLog, "producer shop", {HashOf("a")}, &recorder);
  ASSERT_EQ(recorder.Finish(nullptr).contents.size(), 1u);
}

TEST(ContentsTest, ARecordThatIsNoPaymentHasItsRawValue) {
  Recorder recorder("run", "");
  KeptContent garbage;
  garbage.where = "the topic";
  garbage.partition = 3;
  garbage.offset = 53;
  garbage.value = "{\"id\":\xff";
  recorder.OnContent(garbage);
  const auto line = nlohmann::json::parse(ContentLines(recorder.Finish(nullptr)));
  EXPECT_EQ(line["p"], 3);
  EXPECT_EQ(line["o"], 53);
  EXPECT_EQ(line["value"], "{\"id\":\xEF\xBF\xBD");
  EXPECT_FALSE(line.contains("payment"));
}

}  // namespace
}  // namespace harness
