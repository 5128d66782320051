// `harness broker`: a stand-alone mock cluster for the three-terminal demo. Called by main.cc.
#pragma once

#include <iosfwd>
#include <string>

namespace harness {

struct BrokerCommandOptions {
  int brokers = 1;
  int partitions = 4;
  std::string topic = "payments.raw";
  std::string address_file;  // where the bootstrap address goes (removed at the end); empty: nowhere
};

// Runs until SIGINT or SIGTERM. Prints the address and how to use it. Returns the exit code (0; 3 when the cluster
// can't be started or the address file can't be written).
int RunBrokerCommand(const BrokerCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace harness
