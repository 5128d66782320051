// Shows a subscription to a person, or as JSON lines to a program, and keeps the session's numbers. Called by the
// Subscription on its thread, then by main() after Run() has returned.
#pragma once

#include <cstdint>
#include <functional>

#include "client/display.h"
#include "client/subscription.h"
#include "common/output.h"

namespace pipeline {

class Session : public SubscriptionObserver {
 public:
  // Payments go to `events`, all else to `notices` (which may be the same). `on_output_failed` is called once, when
  // `events` can't be written to any more. All must outlive the session.
  // `mask`: without e-mail addresses.
  Session(const ClientDisplay& display, bool json, bool mask, Output* events, Output* notices,
          std::function<void()> on_output_failed);

  void OnStarted(const StreamStarted& start) override;
  void OnEvent(const ReceivedEvent& event) override;
  void OnDropped(const ReceivedEvent& event) override;
  void OnSkipped(const ReceivedEvent& event) override;
  void OnCaughtUp() override;
  void OnEnded(const StreamEnded& end) override;
  void OnReconnecting(int attempt, int attempts_max, int64_t wait_ns) override;

  // OnEnded says nothing when the client is stopping.
  void SetStopping(std::function<bool()> stopping) { stopping_ = std::move(stopping); }
  // `duration_ns` is the caller's to fill in.
  const SessionNumbers& numbers() const { return numbers_; }

 private:
  void Notice(const std::string& text);
  void CheckOutput();

  const ClientDisplay& display_;
  const bool json_;
  const bool mask_;
  Output* const events_;
  Output* const notices_;
  std::function<void()> on_output_failed_;
  std::function<bool()> stopping_;
  SessionNumbers numbers_;
  int64_t streams_ = 0;
  bool output_failed_ = false;
};

}  // namespace pipeline
