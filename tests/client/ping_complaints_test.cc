// Of all that gRPC logs only the complaint about pings is taken for one, and it names the server that complained.
#include "client/ping_complaints.h"

#include <gtest/gtest.h>

namespace pipeline {
namespace {

TEST(PingComplaintsTest, FindsWhoComplained) {
  EXPECT_EQ(ComplainerOf("ipv4:127.0.0.1:47711: Received a GOAWAY with error code ENHANCE_YOUR_CALM and debug data "
                         "equal to \"too_many_pings\". Current keepalive time (before throttling): 1000ms"),
            "ipv4:127.0.0.1:47711");
  EXPECT_EQ(ComplainerOf("ipv6:%5B::1%5D:1: Received a GOAWAY with error code ENHANCE_YOUR_CALM and debug data equal "
                         "to \"too_many_pings\""),
            "ipv6:%5B::1%5D:1");
}

TEST(PingComplaintsTest, AnyOtherLineIsNone) {
  for (const char* line :
       {"", ": Received a GOAWAY with error code ENHANCE_YOUR_CALM and debug data equal to \"too_many_pings\"",
        "peer: Received a GOAWAY with error code ENHANCE_YOUR_CALM and debug data equal to \"slow down\"",
        "\"too_many_pings\"", "ipv4:127.0.0.1:1: keepalive watchdog fired. Closing transport."}) {
    EXPECT_EQ(ComplainerOf(line), std::nullopt) << line;
  }
  EXPECT_EQ(PingComplaints("nobody"), 0u);
}

}  // namespace
}  // namespace pipeline
