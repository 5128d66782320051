// librdkafka's mock cluster, owned. Made in the mock broker's process (mock_broker.cc) and by `harness broker`
// (broker_command.cc). Thread-safe after construction, as librdkafka's calls are.
#pragma once

#include <memory>
#include <string>

namespace harness {

inline constexpr int kMockBrokersMax = 100;
inline constexpr int kMockPartitionsMax = 10'000;  // of one topic

// What can be asked of the mock broker's process, one member a command; they throw std::runtime_error with the reason.
class BrokerActions {
 public:
  virtual ~BrokerActions() = default;
  virtual void CreateTopic(const std::string& topic, int partitions) = 0;
};

class MockCluster : public BrokerActions {
 public:
  // 1 to kMockBrokersMax brokers, on ephemeral ports of 127.0.0.1. Throws std::runtime_error.
  explicit MockCluster(int brokers);
  ~MockCluster() override;

  const std::string& bootstrap() const { return bootstrap_; }  // "127.0.0.1:40001,127.0.0.1:40002"
  // Replicated as widely as Kafka's default would have it (three brokers, or all when there are fewer). A topic that is
  // there already is an error.
  void CreateTopic(const std::string& topic, int partitions) override;

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
  int brokers_;
  std::string bootstrap_;
};

// "librdkafka 2.0.2", the version that runs.
std::string MockVersion();

}  // namespace harness
