#include "harness/broker/broker_command.h"

#include <optional>
#include <ostream>
#include <stdexcept>

#include "common/program.h"
#include "harness/broker/address_file.h"
#include "harness/broker/mock_cluster.h"

namespace harness {
namespace {

std::string Count(int count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void PrintUse(const BrokerCommandOptions& options, const std::string& address, std::ostream& out) {
  out << "Mock Kafka (" << MockVersion() << "): " << Count(options.brokers, "broker") << ", topic " << options.topic
      << ", " << Count(options.partitions, "partition") << "\n"
      << "  Address: " << address << "\n";
  if (!options.address_file.empty()) out << "  File:    " << options.address_file << "\n";
  out << "\nIn other terminals, in this order:\n";
  if (!options.address_file.empty()) {
    out << "  ./run.sh server\n  ./run.sh client\n  ./run.sh producer 20\nor\n";
  }
  const std::string topic = options.topic == "payments.raw" ? "" : " --topic " + options.topic;
  out << "  payment-server --brokers " << address << topic << " -X fetch.wait.max.ms=1\n"
      << "  payment-client\n"
      << "  payment-producer --count 20 --brokers " << address << topic << "\n"
      << "\nNew data does not wake a waiting consumer here: what it sees is up to fetch.wait.max.ms old (500 by "
         "default).\n"
      << "The records live in memory: about 5 MiB a partition, the oldest go first; all go with this program.\n"
      << "Ctrl+C ends it.\n"
      << std::flush;
}

}  // namespace

int RunBrokerCommand(const BrokerCommandOptions& options, std::ostream& out, std::ostream& err) {
  pipeline::StopSignal stop;  // before the mock's threads, which then have the signals blocked
  try {
    MockCluster cluster(options.brokers);
    cluster.CreateTopic(options.topic, options.partitions);
    std::optional<AddressFile> file;
    if (!options.address_file.empty()) file.emplace(options.address_file, cluster.bootstrap());
    PrintUse(options, cluster.bootstrap(), out);
    stop.Wait();
    out << "Broker ended.\n" << std::flush;
  } catch (const std::runtime_error& error) {
    err << "harness broker: " << error.what() << "\n";
    return 3;
  }
  return 0;
}

}  // namespace harness
