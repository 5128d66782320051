// What the server makes of tombstones (a key, and null in place of a value): a setting, from the command line to the
// record intake.
#pragma once

#include <cstdint>

namespace pipeline {

// On a topic that is not compacted, or of which that is not known; on a compacted one they always delete.
enum class Tombstones : uint8_t {
  kReject,  // a record that is no payment
  kDelete,  // what its partition holds of the payment whose id is the key is gone
};

}  // namespace pipeline
