// `harness broker` serves a topic at the address that it writes down until it is asked to end, and then leaves nothing.
#include "harness/broker/broker_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "common/kafka.h"
#include "tests/process/process_testing.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

class BrokerCommandTest : public ::testing::Test {
 protected:
  int64_t Start() {
    ProcessSpec spec;
    spec.name = "broker";
    spec.argv = {"/proc/self/exe", "--broker-command", file_};
    spec.log_path = log_;
    return supervisor_.Start(spec);
  }
  // Both are files, so a whole line is a last newline.
  static std::string Text(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::string HowEnded(int64_t pid) {
    const auto exit = supervisor_.WaitExit(pid, Soon());
    return exit ? DescribeExit(*exit) : "running";
  }

  TemporaryFolder folder_;
  std::string file_ = folder_ / "broker";
  std::string log_ = folder_ / "log";
  Supervisor supervisor_;
};

TEST_F(BrokerCommandTest, ServesItsTopicUntilItIsAskedToEnd) {
  for (const int number : {SIGINT, SIGTERM}) {
    const int64_t pid = Start();
    ASSERT_TRUE(Eventually([&] { return Text(log_).find("Ctrl+C ends it.\n") != std::string::npos; })) << Text(log_);
    std::string address = Text(file_);
    ASSERT_TRUE(address.ends_with("\n"));
    address.pop_back();
    EXPECT_THAT(Text(log_), HasSubstr("Address: " + address + "\n"));
    EXPECT_THAT(Text(log_), HasSubstr("payment-server --brokers " + address + " -X fetch.wait.max.ms=1\n"));
    pipeline::KafkaSettings settings;
    settings.brokers = address;
    auto client = pipeline::MakeKafka(RD_KAFKA_PRODUCER, pipeline::MakeKafkaConf(settings, {}));
    EXPECT_EQ(pipeline::PartitionCount(client.get(), "payments.raw", 30'000), 4);
    client.reset();
    ASSERT_TRUE(supervisor_.Signal(pid, number));
    EXPECT_EQ(HowEnded(pid), "exit 0");
    EXPECT_FALSE(std::filesystem::exists(file_));
    std::filesystem::remove(log_);
  }
}

TEST_F(BrokerCommandTest, ASecondOneIsRefusedAndAStaleFileIsNot) {
  const int64_t first = Start();
  ASSERT_TRUE(Eventually([&] { return Text(file_).ends_with("\n"); }));
  const std::string address = Text(file_);
  const int64_t second = Start();
  EXPECT_EQ(HowEnded(second), "exit 3");
  EXPECT_THAT(Text(log_), HasSubstr("harness broker: address file " + file_ + ": a broker is running already at " +
                                    address.substr(0, address.size() - 1)));
  EXPECT_EQ(Text(file_), address);

  ASSERT_TRUE(supervisor_.Signal(first, SIGKILL));
  EXPECT_THAT(HowEnded(first), ::testing::StartsWith("signal 9 "));
  EXPECT_EQ(Text(file_), address);  // it could not remove it
  const int64_t third = Start();
  ASSERT_TRUE(Eventually([&] { return Text(file_) != address; }));
  ASSERT_TRUE(supervisor_.Signal(third, SIGTERM));
  EXPECT_EQ(HowEnded(third), "exit 0");
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(BrokerCommandTest, AFileThatCantBeWrittenIsSaid) {
  file_ = "/proc/broker";
  EXPECT_EQ(HowEnded(Start()), "exit 3");
  EXPECT_THAT(Text(log_), HasSubstr("harness broker: address file /proc/broker: can't be written"));
}

}  // namespace
}  // namespace harness
