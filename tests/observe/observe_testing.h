// What the tests of the observers share: a folder of their own, and random recordings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "harness/observe/recorder.h"
#include "harness/verify/history.h"

namespace harness {

// A folder that is gone with its owner.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path() const { return path_.string(); }
  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Appends with one write(2), as programs write their logs.
void AppendTo(const std::string& path, std::string_view bytes);
std::string ReadAll(const std::string& path);

// Tells `recorder` one thing, chosen by `seed`: mostly sensible, sometimes contradictory. `find_phase`: also sends that
// are placed in phases at the end. One journal entry at most.
void TellSomething(uint64_t seed, bool find_phase, Recorder* recorder);

Client NamedClient(const std::string& name);
Delivery DeliveryAt(int32_t partition, int64_t offset, int64_t time_ns = 1'000);
LogSeen LoggedAt(int32_t partition, int64_t offset);
Connection ConnectionAt(int64_t started_ns);
SendSeen SendOf(uint64_t sequence, int64_t time_ns = 1'000);

inline int64_t SecondsFromNow(int seconds) { return pipeline::MonotonicNs() + int64_t{seconds} * 1'000'000'000; }

}  // namespace harness
