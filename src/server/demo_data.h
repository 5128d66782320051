// Three payments to look at before any was produced: `payment-server --demo-data`. Pure.
#pragma once

#include <vector>

#include "stream/event_frame.h"

namespace pipeline {

// pay_001, pay_002, pay_003. They are not in the log: unary calls see them, streams do not.
std::vector<LogRecord> DemoData();

}  // namespace pipeline
