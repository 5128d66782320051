// What a Recorder is made of. Private to recorder.cc and recorder_clients.cc (what clients' logs tell).
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "harness/observe/history_builder.h"
#include "harness/observe/journal.h"
#include "harness/observe/recorder.h"

namespace harness {

inline constexpr uint32_t kNoProducer = 0xFFFF'FFFF;

// Takes what fits one journal frame from the front of `rest`.
template <typename T>
std::span<const T> NextPiece(std::span<const T>* rest) {
  const std::span<const T> piece = rest->first(std::min(rest->size(), kFrameEntriesMax));
  *rest = rest->subspan(piece.size());
  return piece;
}

struct Recorder::State {
  State(std::string run, const std::string& history_dir)
      : run_id(std::move(run)), prefix(run_id + "."), builder(run_id) {
    if (history_dir.empty()) return;
    journal = std::make_unique<JournalWriter>(history_dir);
    Journal(FrameType::kRun, [this](std::string* out) { EncodeRun(run_id, out); });
  }

  // What `encode` writes goes to the journal.
  template <typename Encode>
  void Journal(FrameType type, const Encode& encode) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (!journal) return;
    encode(&frame);
    journal->Append(type, frame);
  }
  // The builder's answer to a call, journaled when it was accepted.
  template <typename Encode>
  void Accepted(bool accepted, const char* what, size_t index, FrameType type, const Encode& encode)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (accepted) {
      Journal(type, encode);
    } else {
      AddHarnessError(std::string("the harness was told of ") + what + " " + std::to_string(index) +
                      ", which does not exist");
    }
    version += 1;
  }
  void AddHarnessError(std::string sentence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Journal(FrameType::kHarnessError, [&](std::string* out) { EncodeHarnessError(sentence, out); });
    builder.HarnessError(std::move(sentence));
  }
  void AddNames(std::span<const NameSeen> names) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    new_names.clear();
    for (const NameSeen& name : names) {
      if (builder.OnName(name.id_hash, name.id)) new_names.push_back(name);
    }
    for (std::span<const NameSeen> rest(new_names); !rest.empty();) {
      const std::span<const NameSeen> piece = NextPiece(&rest);
      Journal(FrameType::kNames, [&](std::string* out) { EncodeNames(piece, out); });
    }
  }
  // All that may change at the end, so that the journal has its last state.
  void JournalEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  const std::string run_id;
  const std::string prefix;

  mutable pipeline::Mutex mutex;
  mutable pipeline::CondVar changed;
  HistoryBuilder builder ABSL_GUARDED_BY(mutex);
  std::unique_ptr<JournalWriter> journal ABSL_GUARDED_BY(mutex);
  std::string frame ABSL_GUARDED_BY(mutex);                // reused
  std::vector<NameSeen> new_names ABSL_GUARDED_BY(mutex);  // reused
  uint64_t version ABSL_GUARDED_BY(mutex) = 0;             // counts changes

  // Apart from the rest, so that ParseRec does not wait for a batch.
  mutable pipeline::SharedMutex names_mutex;
  std::vector<std::string> producer_names ABSL_GUARDED_BY(names_mutex);
  uint32_t sentinel_producer ABSL_GUARDED_BY(names_mutex) = kNoProducer;
};

}  // namespace harness
