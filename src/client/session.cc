#include "client/session.h"

#include <utility>

#include "client/mask.h"

namespace pipeline {

Session::Session(const ClientDisplay& display, bool json, bool mask, Output* events, Output* notices,
                 std::function<void()> on_output_failed)
    : display_(display),
      json_(json),
      mask_(mask),
      events_(events),
      notices_(notices),
      on_output_failed_(std::move(on_output_failed)) {}

void Session::OnStarted(const StreamStarted& start) {
  if (++streams_ > 1) ++numbers_.reconnects;
  Notice(display_.StartedLine(start));
}

void Session::OnEvent(const ReceivedEvent& event) {
  ++(event.existing ? numbers_.existing : numbers_.fresh);
  if (json_ && mask_) {
    ReceivedEvent masked = event;
    masked.payment = Masked(std::move(masked.payment));
    events_->Write(EventJsonLine(masked));
  } else {
    // A line for people names no address.
    events_->Write(json_ ? EventJsonLine(event) : display_.EventLine(event));
  }
  CheckOutput();
}

void Session::OnDropped(const ReceivedEvent& /*event*/) { ++numbers_.dropped; }

void Session::OnSkipped(const ReceivedEvent& /*event*/) { ++numbers_.skipped; }

void Session::OnCaughtUp() {
  events_->Flush();
  CheckOutput();
}

void Session::OnEnded(const StreamEnded& end) {
  if (stopping_ && stopping_()) return;
  Notice(display_.EndedLine(end));
}

void Session::OnReconnecting(int attempt, int attempts_max, int64_t wait_ns) {
  Notice(display_.ReconnectingLine(attempt, attempts_max, wait_ns));
}

void Session::Notice(const std::string& text) {
  // What came before it is shown before it.
  events_->Flush();
  notices_->Write(text);
  notices_->Flush();
  CheckOutput();
}

void Session::CheckOutput() {
  if (output_failed_ || events_->error() == 0) return;
  output_failed_ = true;
  on_output_failed_();
}

}  // namespace pipeline
