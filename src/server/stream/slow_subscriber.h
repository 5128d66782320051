// What the server does about subscribers that read too slowly: a setting, from the command line to each stream.
#pragma once

#include <cstdint>
#include <string_view>

namespace pipeline {

// What becomes of a stream whose next record has left the log window.
enum class SlowSubscriber : uint8_t {
  kCatchUp,     // it is read from Kafka, until the window holds what follows
  kDisconnect,  // it is ended resumably (UNAVAILABLE)
};

// As --slow-subscriber has it.
constexpr std::string_view SlowSubscriberName(SlowSubscriber policy) {
  return policy == SlowSubscriber::kCatchUp ? "catch-up" : "disconnect";
}

}  // namespace pipeline
