// One run of payment-producer, from the banner to the summary. Called by main().
#pragma once

#include <iosfwd>

#include "common/program.h"
#include "producer/producer_options.h"

namespace pipeline {

// Sends until the count is reached or `stop`, then flushes. 0: all delivered; 1: not all, or the ack log could not be
// written; 2: librdkafka refuses the settings; 3: no broker reached. `utf8`: whether the reader of `out` can show more
// than ASCII.
int RunPaymentProducer(const ProducerOptions& options, bool utf8, StopSignal* stop, std::ostream& out,
                       std::ostream& err);

}  // namespace pipeline
