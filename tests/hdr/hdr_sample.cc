// `hdr-sample FOLDER`: reads one latency in ns from each line of its standard input, and writes them as sample.hgrm and
// sample.hlog into FOLDER, for tests/measure/hdr_tools_test.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>

#include "harness/measure/hdr_log.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  harness::LatencyHistogram histogram;
  for (int64_t value_ns = 0; std::cin >> value_ns;) histogram.Record(value_ns);
  std::ofstream(folder + "/sample.hgrm") << harness::HdrPercentiles(histogram);
  std::ofstream(folder + "/sample.hlog") << harness::HdrLog({{"sample", &histogram}}, 1'700'000'000.25, 12.5);
  return 0;
}
