// What the tests of processes share: pipes, folders, and waiting for a condition with a deadline.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "harness/process/supervisor.h"

namespace harness {

inline constexpr char kOwnerArgument[] = "--owner";
inline constexpr int64_t kSecondNs = 1'000'000'000;

// Generous, for a loaded machine: nothing waits for it unless it is broken.
inline int64_t Soon() { return pipeline::MonotonicNs() + 30 * kSecondNs; }

inline bool Eventually(const std::function<bool()>& condition) {
  const int64_t deadline_ns = Soon();
  while (!condition()) {
    if (pipeline::MonotonicNs() > deadline_ns) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// Gone, or a zombie that waits for a parent which is none of ours.
inline bool IsGone(int64_t pid) {
  const auto state = ProcessState(pid);
  return !state || *state == 'Z' || *state == 'X';
}

class Pipe {
 public:
  Pipe() {
    if (pipe2(fds_, O_CLOEXEC) != 0) abort();
  }
  ~Pipe() {
    CloseReader();
    CloseWriter();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reader() const { return fds_[0]; }
  int writer() const { return fds_[1]; }
  void CloseReader() { Close(0); }
  void CloseWriter() { Close(1); }
  // Everything until all writers have closed.
  std::string ReadAll() {
    CloseWriter();
    std::string text;
    char buffer[4096];
    for (;;) {
      const ssize_t count = read(fds_[0], buffer, sizeof(buffer));
      if (count <= 0) return text;
      text.append(buffer, static_cast<size_t>(count));
    }
  }
  // Up to and without the next newline; what came before the end when there is none.
  std::string ReadLine() {
    std::string line;
    char c = 0;
    while (read(fds_[0], &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

 private:
  void Close(int end) {
    if (fds_[end] >= 0) close(fds_[end]);
    fds_[end] = -1;
  }
  int fds_[2] = {-1, -1};
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "process_test.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) abort();
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline ProcessSpec Shell(const std::string& script) {
  ProcessSpec spec;
  spec.name = "subject";
  spec.argv = {"sh", "-c", script};
  return spec;
}

// What Start says when it throws; "started" otherwise.
inline std::string StartErrorOf(Supervisor* supervisor, const ProcessSpec& spec) {
  try {
    supervisor->Start(spec);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "started";
}

}  // namespace harness
