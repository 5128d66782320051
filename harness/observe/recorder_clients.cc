#include "harness/observe/recorder_state.h"

namespace harness {

size_t Recorder::AddClient(const Client& client) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  const size_t index = state.builder.history().clients.size();
  if (!state.builder.SetClient(index, client)) {
    throw std::length_error("more than " + std::to_string(kClientsMax) + " clients in one run");
  }
  state.Journal(FrameType::kClient, [&](std::string* out) { EncodeClient(index, client, out); });
  return index;
}

void Recorder::OnConnection(size_t client, const Connection& connection) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    state.Accepted(state.builder.OnConnection(client, connection), "client", client, FrameType::kConnection,
                   [&](std::string* out) { EncodeConnection(client, connection, out); });
  }
  state.changed.NotifyAll();
}

void Recorder::OnDeliveries(size_t client, std::span<const Delivery> deliveries) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    while (!deliveries.empty()) {
      const std::span<const Delivery> piece = NextPiece(&deliveries);
      state.Accepted(state.builder.OnDeliveries(client, piece), "client", client, FrameType::kDeliveries,
                     [&](std::string* out) { EncodeDeliveries(client, piece, out); });
    }
  }
  state.changed.NotifyAll();
}

void Recorder::OnBookmarks(size_t client, std::span<const Bookmark> bookmarks) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  while (!bookmarks.empty()) {
    const std::span<const Bookmark> piece = NextPiece(&bookmarks);
    state.Accepted(state.builder.OnBookmarks(client, piece), "client", client, FrameType::kBookmarks,
                   [&](std::string* out) { EncodeBookmarks(client, piece, out); });
  }
}

void Recorder::OnConnectionEnd(size_t client, const FailedAttempt& end, uint32_t number) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    state.Accepted(state.builder.OnConnectionEnd(client, end, number), "client", client, FrameType::kConnectionEnd,
                   [&](std::string* out) { EncodeConnectionEnd(client, end, number, out); });
  }
  state.changed.NotifyAll();
}

void Recorder::OnClientStay(size_t client, const ClientStay& stay) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    state.Accepted(state.builder.OnClientStay(client, stay), "client", client, FrameType::kClientStay,
                   [&](std::string* out) { EncodeClientStay(client, stay, out); });
  }
  state.changed.NotifyAll();
}

void Recorder::OnFailedAttempt(size_t client, const FailedAttempt& attempt) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    state.Accepted(state.builder.OnFailedAttempt(client, attempt), "client", client, FrameType::kFailedAttempt,
                   [&](std::string* out) { EncodeFailedAttempt(client, attempt, out); });
  }
  state.changed.NotifyAll();
}

void Recorder::OnBrokenLine(size_t client, std::string_view sentence) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  if (!sentence.empty()) {
    state.Accepted(state.builder.OnBrokenLineText(client, sentence), "client", client, FrameType::kBrokenLineText,
                   [&](std::string* out) { EncodeBrokenLineText(client, sentence, out); });
    return;
  }
  state.Accepted(state.builder.OnBrokenLines(client, 1), "client", client, FrameType::kBrokenLines,
                 [&](std::string* out) { EncodeBrokenLines(client, 1, out); });
}

}  // namespace harness
