// Whatever line comes in, one answer in one line goes out, and nothing but a well-formed command has an effect.
#include "harness/broker/broker_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace harness {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

struct FakeBroker : BrokerActions {
  void CreateTopic(const std::string& topic, int partitions) override {
    if (topic == "taken") throw std::runtime_error("there is one");
    if (topic == "odd") throw std::runtime_error("no text: \xFF");
    created.emplace_back(topic, partitions);
  }
  std::vector<std::pair<std::string, int>> created;
};

Json Ask(const std::string& line, FakeBroker* broker) {
  const std::string answer = AnswerBrokerCommand(line, broker);
  EXPECT_EQ(answer.find('\n'), std::string::npos);
  return Json::parse(answer);
}

std::string ErrorOf(const std::string& line) {
  FakeBroker broker;
  const Json answer = Ask(line, &broker);
  EXPECT_EQ(answer.at("ok"), false) << answer;
  EXPECT_TRUE(broker.created.empty());
  return answer.value("error", "");
}

TEST(BrokerProtocolTest, DoesWhatItIsAsked) {
  FakeBroker broker;
  EXPECT_EQ(Ask(R"({"id": 1, "command": "ping"})", &broker), Json::parse(R"({"id": 1, "ok": true})"));
  EXPECT_EQ(Ask(R"({"id": 2, "command": "create_topic", "topic": "t", "partitions": 4})", &broker).at("ok"), true);
  EXPECT_EQ(broker.created, (std::vector<std::pair<std::string, int>>{{"t", 4}}));
  EXPECT_EQ(Ask(R"({"id": 3, "command": "create_topic", "topic": "taken", "partitions": 1})", &broker),
            Json::parse(R"({"id": 3, "ok": false, "error": "there is one"})"));
  EXPECT_EQ(Ask(R"({"id": 4, "command": "create_topic", "topic": "odd", "partitions": 1})", &broker).at("ok"), false);
}

TEST(BrokerProtocolTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf("create_topic"), HasSubstr("not a JSON object"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("\"command\" is missing"));
  EXPECT_THAT(ErrorOf(R"({"command": 5})"), HasSubstr("\"command\" must be a text"));
  EXPECT_THAT(ErrorOf(R"({"command": "explode"})"), HasSubstr("unknown command \"explode\""));
  EXPECT_THAT(ErrorOf(R"({"command": "create_topic", "partitions": 4})"), HasSubstr("\"topic\" is missing"));
  for (const char* number : {"1.5", "\"4\"", "4294967297", "-1e300", "18446744073709551615", "null"}) {
    EXPECT_THAT(ErrorOf(std::string(R"({"command": "create_topic", "topic": "t", "partitions": )") + number + "}"),
                HasSubstr("\"partitions\" must be a whole number"));
  }
  EXPECT_THAT(ErrorOf(std::string(kBrokerLineBytesMax + 1, ' ')), HasSubstr("not a JSON object"));
}

RC_GTEST_PROP(BrokerProtocolTest, AnyBytesGetAnAnswer, (const std::string& line)) {
  FakeBroker broker;
  RC_ASSERT(Ask(line, &broker).at("ok") == false);
}

RC_GTEST_PROP(BrokerProtocolTest, AnyCommandNameGetsItsOwnAnswer, (const std::string& command, int64_t id)) {
  FakeBroker broker;
  const std::string line = Json{{"id", id}, {"command", command}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  const Json answer = Ask(line, &broker);
  RC_ASSERT(answer.at("id") == id);
  RC_ASSERT(answer.at("ok").get<bool>() == (command == "ping"));
}

}  // namespace
}  // namespace harness
