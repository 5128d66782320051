// What a Recorder is made of. Private to recorder.cc and recorder_clients.cc (what clients' logs tell).
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <shared_mutex>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "harness/observe/history_builder.h"
#include "harness/observe/journal.h"
#include "harness/observe/recorder.h"

namespace harness {

inline constexpr uint32_t kNoProducer = 0xFFFF'FFFF;

// Calls `each` with pieces of `all` that fit one journal frame.
template <typename T, typename Each>
void InPieces(std::span<const T> all, const Each& each) {
  for (; all.size() > kFrameEntriesMax; all = all.subspan(kFrameEntriesMax)) each(all.first(kFrameEntriesMax));
  if (!all.empty()) each(all);
}

struct Recorder::State {
  State(std::string run, const std::string& history_dir)
      : run_id(std::move(run)), prefix(run_id + "."), builder(run_id) {
    if (history_dir.empty()) return;
    journal = std::make_unique<JournalWriter>(history_dir);
    Journal(FrameType::kRun, [this](std::string* out) { EncodeRun(run_id, out); });
  }

  // What `encode` writes goes to the journal. Under the lock.
  template <typename Encode>
  void Journal(FrameType type, const Encode& encode) {
    if (!journal) return;
    encode(&frame);
    journal->Append(type, frame);
  }
  // The builder's answer to a call, journaled when it was accepted. Under the lock.
  template <typename Encode>
  void Accepted(bool accepted, const char* what, size_t index, FrameType type, const Encode& encode) {
    if (accepted) {
      Journal(type, encode);
    } else {
      AddHarnessError(std::string("the harness was told of ") + what + " " + std::to_string(index) +
                      ", which does not exist");
    }
    version += 1;
  }
  void AddHarnessError(std::string sentence) {
    Journal(FrameType::kHarnessError, [&](std::string* out) { EncodeHarnessError(sentence, out); });
    builder.HarnessError(std::move(sentence));
  }
  void AddNames(std::span<const NameSeen> names) {
    new_names.clear();
    for (const NameSeen& name : names) {
      if (builder.OnName(name.id_hash, name.id)) new_names.push_back(name);
    }
    InPieces(std::span<const NameSeen>(new_names), [this](std::span<const NameSeen> piece) {
      Journal(FrameType::kNames, [&](std::string* out) { EncodeNames(piece, out); });
    });
  }
  // All that may change at the end, so that the journal has its last state.
  void JournalEnd();

  const std::string run_id;
  const std::string prefix;

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  HistoryBuilder builder;
  std::unique_ptr<JournalWriter> journal;
  std::string frame;                // reused
  std::vector<NameSeen> new_names;  // reused
  uint64_t version = 0;             // counts changes

  // Apart from the rest, so that ParseRec does not wait for a batch.
  mutable std::shared_mutex names_mutex;
  std::vector<std::string> producer_names;
  uint32_t sentinel_producer = kNoProducer;
};

}  // namespace harness
