// Any bytes as a raw Kafka value: the harness's reader and the server's decoder say the same of them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/contract/two_readings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string difference =
      harness::DifferenceOfReadings("key", std::string_view(reinterpret_cast<const char*>(data), size));
  if (difference.empty()) return 0;
  std::fprintf(stderr, "%s\n", difference.c_str());
  std::abort();
}
