// Subscribers inside the harness, for counts: each is the client library's Subscription on a thread of its own that
// tells the Recorder what it was handed. Owned by the runner; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/subscription.h"
#include "harness/observe/recorder.h"

namespace harness {

class EmbeddedSubscribers {
 public:
  explicit EmbeddedSubscribers(Recorder* recorder);
  ~EmbeddedSubscribers();  // stops all
  // Each has a connection of its own: lets this process have the files open that they take, for as long as this lives.
  // Throws std::runtime_error where the system does not allow it.
  void Reserve(size_t subscribers);
  void Add(size_t client, pipeline::SubscriptionOptions options);
  // The subscriber of that client; returns when it has stopped. Nothing when there is none.
  void Stop(size_t client);
  void StopAll();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
