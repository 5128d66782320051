// What the harness and the mock broker's process say to each other: JSON objects, one a line. The process opens with
// {"ready": {"bootstrap", "version", "commands": [...]}} or {"failed": "why"}; then each request
// {"id": n, "command": "create_topic", ...} gets {"id": n, "ok": true, ...} or {"id": n, "ok": false, "error": "why"},
// in order. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/broker/mock_cluster.h"

namespace harness {

inline constexpr size_t kBrokerLineBytesMax = 65'536;

// Does what `line` asks for and gives the answer, without its newline. Whatever the line holds, there is an answer.
//   ping
//   create_topic   "topic" (text), "partitions" (number)
std::string AnswerBrokerCommand(std::string_view line, BrokerActions* actions);

// The commands that this build has: newer versions of librdkafka will add some.
std::vector<std::string> BrokerCommandNames();

}  // namespace harness
