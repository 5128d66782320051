// The test program is also the reaper of the processes that its faults break.
#include <gmock/gmock.h>

#include "harness/process/supervisor.h"

int main(int argc, char** argv) {
  harness::RunReaperIfAsked(argc, argv);
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
