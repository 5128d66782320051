// The test program is also the reaper, the mock broker's process and `harness broker`, all of which it tests.
#include <gmock/gmock.h>

#include <iostream>
#include <string_view>

#include "harness/broker/broker_command.h"
#include "harness/broker/mock_broker.h"
#include "harness/process/supervisor.h"

int main(int argc, char** argv) {
  harness::RunReaperIfAsked(argc, argv);
  harness::RunMockBrokerIfAsked(argc, argv);
  if (argc == 3 && std::string_view(argv[1]) == "--broker-command") {
    harness::BrokerCommandOptions options;
    options.address_file = argv[2];
    return harness::RunBrokerCommand(options, std::cout, std::cerr);
  }
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
