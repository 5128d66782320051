// Both ways to compute CRC-32C give the published values, agree with each other, and go on where they stopped.
#include "common/crc32c.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace pipeline {
namespace {

// RFC 3720, appendix B.4 (there in the order of transmission), and the check value of the catalogue of CRCs.
TEST(Crc32c, GivesThePublishedValues) {
  std::string up;
  for (char c = 0; c < 32; ++c) up += c;
  const std::string down(up.rbegin(), up.rend());
  const std::pair<std::string, uint32_t> values[] = {{std::string(32, '\0'), 0x8A9136AA},
                                                     {std::string(32, '\xFF'), 0x62A8AB43},
                                                     {up, 0x46DD794E},
                                                     {down, 0x113FDB5C},
                                                     {"123456789", 0xE3069283},
                                                     {"", 0}};
  for (const auto& [bytes, crc] : values) {
    EXPECT_EQ(Crc32c(bytes), crc);
    EXPECT_EQ(Crc32cByTable(bytes), crc);
  }
}

RC_GTEST_PROP(Crc32c, IsTheSameInHardwareByTableAndInPieces, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const auto split = *rc::gen::inRange<size_t>(0, bytes.size() + 1);
  RC_ASSERT(Crc32c(bytes) == Crc32cByTable(bytes));
  RC_ASSERT(Crc32c(bytes.substr(split), Crc32c(bytes.substr(0, split))) == Crc32c(bytes));
  RC_ASSERT(RecordCrc32c(bytes.substr(0, split), bytes.substr(split)) == Crc32c(bytes));
}

}  // namespace
}  // namespace pipeline
