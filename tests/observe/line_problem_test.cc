// A line that a parser refuses is explained: which member, what stands there, what is allowed, and a line that the
// parser takes. What it takes is not complained of, and whatever stands in a line, the sentence stays short.
#include "harness/observe/line_problem.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/line_file.h"
#include "harness/observe/log_lines.h"
#include "harness/observe/server_lines.h"

namespace harness {
namespace {

using nlohmann::ordered_json;

bool Parses(LogKind kind, const std::string& line) {
  std::string padded = line;
  padded.resize(line.size() + kLinePaddingBytes, '"');
  const std::string_view view(padded.data(), line.size());
  LogLineParser parser;
  EventLine event;
  AckLine ack;
  ServerLineParser server;
  ServerSeen seen;
  if (kind == LogKind::kEventLog) return parser.ParseEvent(view, &event);
  return kind == LogKind::kAckLog ? parser.ParseAck(view, &ack) : server.Parse(view, &seen);
}

// Whether it knows of something that is wrong.
bool IsExplained(const LineProblem& problem) { return problem.found != "a line that could not be understood"; }

std::vector<std::pair<LogKind, std::string>> Examples() {
  std::vector<std::pair<LogKind, std::string>> examples;
  const auto add = [&](LogKind kind, const std::vector<std::string>& types) {
    for (const std::string& type : types) {
      examples.emplace_back(kind, FindLineProblem(kind, "{\"type\":\"" + type + "\"}").example);
    }
  };
  add(LogKind::kEventLog, {"connection", "event", "drop", "bookmark", "end"});
  add(LogKind::kAckLog, {"start", "send", "outcome", "end"});
  add(LogKind::kServerJournal, {"start", "read", "begin", "write", "end", "cut", "stop"});
  return examples;
}

// Lines with every member, to be changed one at a time.
std::vector<std::pair<LogKind, std::string>> FullLines() {
  auto lines = Examples();
  lines.emplace_back(LogKind::kEventLog,
                     R"({"type":"event","t":9,"conn":2,"kind":"existing","p":1,"o":5,"crc32c":4294967295,"payment":
      {"id":"a","provider":"STRIPE","units":-5,"exponent":18,"currency":"USD","status":"PENDING","customer_email":"",
       "created_at":-1,"processed_at":2,"metadata":{"rec":"r.l.1","k":""}}})");
  lines.emplace_back(LogKind::kEventLog,
                     R"({"type":"connection","t":9,"conn":2,"server":"a","server_id":"b","provider":"STRIPE",
      "token":{"log_id":"l","partitions":[{"p":0,"after":-1,"crc32c":7,"snapshot_until":3}]},"subscription":"s/1",
      "resumed":true,"sent":{"log_id":"l","partitions":[{"p":2}]}})");
  lines.emplace_back(LogKind::kAckLog, R"({"type":"send","t":9,"seq":7,"key":null,"value":null,"partition":-1})");
  lines.emplace_back(LogKind::kServerJournal, R"({"type":"read","t":9,"records":[[1,2,3,"not_json"],[1,3]]})");
  return lines;
}

TEST(LineProblemTest, EveryExampleIsARightLine) {
  for (const auto& [kind, line] : Examples()) {
    EXPECT_TRUE(Parses(kind, line)) << line;
    EXPECT_FALSE(IsExplained(FindLineProblem(kind, line))) << line;
  }
  for (const auto& [kind, line] : FullLines()) EXPECT_TRUE(Parses(kind, line)) << line;
}

TEST(LineProblemTest, TheMemberIsNamedWithWhatStandsThereAndWhatIsAllowed) {
  const auto text = [](LogKind kind, const std::string& line) {
    const std::string whole = LineProblemText(FindLineProblem(kind, line), line);
    return whole.substr(0, whole.find(" A right line"));
  };
  EXPECT_EQ(text(LogKind::kEventLog, R"({"type":"event","t":"12","payment":{"id":"a"}})"),
            "t is \"12\" (string); allowed is a whole number of 64 bits.");
  EXPECT_EQ(text(LogKind::kEventLog, R"({"type":"event","t":1,"payment":{"id":"a","exponent":19}})"),
            "payment.exponent is 19; allowed is a whole number from 0 to 18.");
  EXPECT_EQ(text(LogKind::kEventLog, R"({"type":"event","t":1,"p":0,"payment":{"id":"a"}})"),
            "o is nothing; allowed is \"p\" and \"o\" together, or neither.");
  EXPECT_EQ(text(LogKind::kEventLog, R"({"type":"event","t":1,"payment":{"id":"a","provider":"VISA"}})"),
            "payment.provider is \"VISA\" (string); allowed is \"STRIPE\", \"RAZORPAY\", \"PAYPAL\" or \"UNKNOWN\".");
  EXPECT_EQ(text(LogKind::kEventLog, R"({"type":"event","t":1})"),
            "payment is nothing; allowed is an object with an \"id\".");
  EXPECT_EQ(text(LogKind::kEventLog, R"({"type":"event","t":1,"payment":{"id":"a","metadata":{"n":5}}})"),
            "payment.metadata.n is 5; allowed is a string.");
  EXPECT_EQ(text(LogKind::kEventLog, R"({"type":"evnt","t":1})"),
            "type is \"evnt\" (string); allowed is \"event\", \"connection\", \"drop\", \"bookmark\" or \"end\".");
  EXPECT_EQ(text(LogKind::kEventLog, R"({"type":"connection","t":1,"token":{"partitions":[{"p":0},{"after":1}]}})"),
            "token.partitions[1].p is nothing; allowed is a whole number from 0 to 2147483647.");
  EXPECT_EQ(text(LogKind::kAckLog, R"({"type":"outcome","t":1,"seq":1,"outcome":"OK"})"),
            "outcome is \"OK\" (string); allowed is \"ok\", \"fail\" or \"unknown\".");
  EXPECT_EQ(text(LogKind::kAckLog, "{'type':'send'}"), "no JSON from byte 2 on; allowed is one JSON object a line.");
  EXPECT_EQ(text(LogKind::kAckLog, ""), "no JSON from byte 1 on; allowed is one JSON object a line.");
  EXPECT_EQ(text(LogKind::kAckLog, "[1]"), "[1] (array); allowed is a JSON object.");
  EXPECT_EQ(text(LogKind::kServerJournal, R"({"type":"cut","t":1})"),
            "lost is nothing; allowed is a whole number, 1 or more.");
}

// Damage is the harness's matter; what a whole line says is its writer's.
TEST(LineProblemTest, AWholeLineIsToldFromADamagedOne) {
  const auto is_whole = [](const std::string& line) { return FindLineProblem(LogKind::kEventLog, line).is_whole; };
  for (const char* line : {R"({"type":"event","t":1,"payment":{"id":""}})", R"({"type":"event","t":1,"p":-1,"o":0})",
                           "{}", R"({"type":"event","t":1,"payment":{"id":"a","units":1e999}})"}) {
    EXPECT_TRUE(is_whole(line)) << line;
  }
  std::string sealed = pipeline::SealLine(R"({"type":"drop","t":1,"p":0,"o":-7})");
  sealed.pop_back();
  EXPECT_TRUE(is_whole(sealed));
  sealed[sealed.find('7')] = '8';
  for (const std::string& line : {sealed, std::string("[1]"), std::string("nonsense"), std::string("")}) {
    EXPECT_FALSE(is_whole(line)) << line;
  }
  EXPECT_TRUE(IsAboutContent("payment.id") && IsAboutContent("o") && IsAboutContent("token.partitions[1].p"));
  EXPECT_FALSE(IsAboutContent("t") || IsAboutContent("conn") || IsAboutContent("sent.partitions"));
}

TEST(LineProblemTest, AWrongSealIsSaidAsSuch) {
  std::string line = pipeline::SealLine(R"({"type":"drop","t":1,"p":0,"o":7})");
  line.pop_back();
  EXPECT_FALSE(IsExplained(FindLineProblem(LogKind::kEventLog, line)));
  line[line.find('7')] = '8';
  EXPECT_EQ(FindLineProblem(LogKind::kEventLog, line).member, "crc");
}

TEST(LineProblemTest, TheSentenceIsShortAndPlainWhateverStandsInTheLine) {
  const std::string junk = std::string(100'000, 'x') + "\x1b[31m\x07\xff";
  const std::string line = R"({"type":"event","t":1,"payment":{"id":"a","metadata":{")" + junk + R"(":5}}})";
  for (const std::string& text : {LineProblemText(FindLineProblem(LogKind::kEventLog, line), line),
                                  LineProblemText(FindLineProblem(LogKind::kEventLog, junk), junk)}) {
    EXPECT_LT(text.size(), 700u) << text;
    for (const char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20) << text;
  }
}

// The parsers and the explanation are two; this holds that they mean the same.
RC_GTEST_PROP(LineProblemProperty, WhatAParserRefusesIsExplainedAndWhatItTakesIsNot, ()) {
  static const auto lines = FullLines();
  const auto& [kind, text] = lines[*rc::gen::inRange<size_t>(0, lines.size())];
  ordered_json line = ordered_json::parse(text);
  static const std::vector<std::string> values = {"null",
                                                  "true",
                                                  "\"\"",
                                                  "\"x\"",
                                                  "\"new\"",
                                                  "\"ok\"",
                                                  "0",
                                                  "-1",
                                                  "-2",
                                                  "1",
                                                  "18",
                                                  "19",
                                                  "1.5",
                                                  "1e300",
                                                  "4294967296",
                                                  "9223372036854775807",
                                                  "9223372036854775808",
                                                  "-9223372036854775808",
                                                  "2147483648",
                                                  "[]",
                                                  "[[0,1]]",
                                                  "[[0,1,2]]",
                                                  "[[0,1,2,\"no_id\"]]",
                                                  "[[0]]",
                                                  "[[-1,0]]",
                                                  "[{}]",
                                                  "{}",
                                                  "{\"id\":\"y\"}",
                                                  "{\"partitions\":[{\"p\":1}]}"};
  // A member anywhere in it is taken out or becomes something else.
  std::vector<ordered_json::json_pointer> places;
  const ordered_json flat = line.flatten();
  for (const auto& [path, value] : flat.items()) {
    for (ordered_json::json_pointer at(path); !at.empty(); at = at.parent_pointer()) places.push_back(at);
  }
  const ordered_json::json_pointer at = places[*rc::gen::inRange<size_t>(0, places.size())];
  const std::string value = *rc::gen::elementOf(values);
  if (*rc::gen::arbitrary<bool>() && line.at(at.parent_pointer()).is_object()) {
    line.at(at.parent_pointer()).erase(at.back());
  } else {
    line.at(at) = ordered_json::parse(value);
  }
  const std::string changed = line.dump();
  const LineProblem problem = FindLineProblem(kind, changed);
  RC_LOG() << changed << "\n" << LineProblemText(problem, changed) << "\n";
  RC_ASSERT(IsExplained(problem) != Parses(kind, changed));
}

}  // namespace
}  // namespace harness
