// A program says which version it is, and of which libraries.
#include "common/program.h"

#include <gtest/gtest.h>

namespace pipeline {
namespace {

TEST(VersionText, NamesProgramVersionAndLibraries) {
  EXPECT_EQ(VersionText("payment-server", "librdkafka 2.0.2"),
            "payment-server " PIPELINE_VERSION " (librdkafka 2.0.2)");
  EXPECT_EQ(VersionText("harness"), "harness " PIPELINE_VERSION);
}

}  // namespace
}  // namespace pipeline
