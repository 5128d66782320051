// librdkafka's mock cluster in a process of its own, so that its CPU is accounted apart, driven over a pipe pair with
// one JSON object a line. The harness's side. Called by the runner; not thread-safe. `harness broker` runs the same
// cluster stand-alone (broker_command.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/process/supervisor.h"

namespace harness {

struct MockBrokerOptions {
  int brokers = 1;
  std::string log_path;
};

class MockBroker {
 public:
  // Starts it and waits until it has said its address. Throws std::runtime_error.
  MockBroker(Supervisor* supervisor, const MockBrokerOptions& options);
  ~MockBroker();  // ends it

  const std::string& bootstrap() const;  // "127.0.0.1:40001,127.0.0.1:40002"
  int64_t pid() const;
  // Throws std::runtime_error with the mock's reason.
  void CreateTopic(const std::string& topic, int partitions);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// When argv says that this is the mock broker's process: runs it and never returns. Otherwise returns at once.
void RunMockBrokerIfAsked(int argc, char** argv);

}  // namespace harness
