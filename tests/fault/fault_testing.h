// What the tests of faults share: targets that are real processes, and a listener that remembers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/fault/fault_scheduler.h"
#include "tests/process/process_testing.h"

namespace harness {

class ProcessTargets : public FaultTargets {
 public:
  // Starts `script` under `name`, waits for the line "ready" and returns its pid.
  int64_t Add(const std::string& name, const std::string& script) {
    const std::lock_guard lock(mutex_);
    scripts_[name] = script;
    return pids_[name] = StartReady(script);
  }
  void SetProducer(const std::string& name) { producers_.insert(name); }
  void FailRestarts() { restarts_fail_ = true; }

  std::optional<int64_t> Pid(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    const auto found = pids_.find(name);
    if (found == pids_.end() || !supervisor_.IsRunning(found->second)) return std::nullopt;
    return found->second;
  }
  void ExpectEnd(const std::string& name, bool asked) override {
    const std::lock_guard lock(mutex_);
    expected_.push_back(name);
    if (asked) asked_.push_back(name);
  }
  void HadToBeKilled(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    killed_.push_back(name);
  }
  int Port(const std::string&) override { return port_; }
  void SetPort(int port) { port_ = port; }
  void Restart(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    if (restarts_fail_) throw std::runtime_error("can't start " + name + ": program gone");
    ++restarts_;
    pids_[name] = StartReady(scripts_.at(name));
  }
  bool RestartedAtEnd(const std::string& name) override { return !producers_.contains(name); }
  Supervisor* supervisor() override { return &supervisor_; }

  int restarts() const {
    const std::lock_guard lock(mutex_);
    return restarts_;
  }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::vector<std::string> killed() const {
    const std::lock_guard lock(mutex_);
    return killed_;
  }
  std::vector<std::string> expected() const {
    const std::lock_guard lock(mutex_);
    return expected_;
  }

 private:
  int64_t StartReady(const std::string& script) {
    Pipe output;
    ProcessSpec spec = Shell(script);
    spec.stdout_fd = output.writer();
    const int64_t pid = supervisor_.Start(spec);
    EXPECT_EQ(output.ReadLine(), "ready");
    return pid;
  }

  Supervisor supervisor_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> scripts_;
  std::map<std::string, int64_t> pids_;
  std::set<std::string> producers_;
  std::vector<std::string> expected_, asked_, killed_;
  int port_ = 0;
  bool restarts_fail_ = false;
  int restarts_ = 0;
};

inline constexpr char kSleeper[] = "echo ready; exec sleep 1000";
inline constexpr char kDeaf[] = "trap '' TERM; echo ready; while :; do sleep 1000; done";
inline constexpr char kOrderly[] = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done";

}  // namespace harness
