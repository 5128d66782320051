#include "server/calls/call_hub.h"

#include <chrono>

#include "common/clock.h"

namespace pipeline {
namespace {

constexpr int64_t kTickNs = 100'000'000;

}  // namespace

CallHub::CallHub(Replica* replica, int64_t calls_max, int64_t calls_per_peer_max)
    : replica_(replica), calls_max_(calls_max), calls_per_peer_max_(calls_per_peer_max) {
  thread_ = std::thread([this] { Run(); });
}

CallHub::~CallHub() { Stop(); }

void CallHub::Stop() {
  stopping_ = true;
  replica_->Interrupt();
  if (thread_.joinable()) thread_.join();
}

Admission CallHub::Add(const std::shared_ptr<OpenCall>& call, const std::string& peer) {
  const MutexLock lock(&mutex_);
  if (ending_) return Admission::kStopping;
  if (static_cast<int64_t>(calls_.size()) >= calls_max_) return Admission::kFull;
  if (hosts_.of(peer) >= calls_per_peer_max_) return Admission::kPeerFull;
  calls_.emplace(call.get(), Entry{call, hosts_.Add(peer)});
  return Admission::kAdmitted;
}

void CallHub::Remove(const OpenCall* call) {
  std::shared_ptr<OpenCall> held;  // let go after the mutex
  {
    const MutexLock lock(&mutex_);
    held = RemoveLocked(call);
  }
  if (held != nullptr) replica_->Forget(held.get());
}

std::shared_ptr<OpenCall> CallHub::RemoveLocked(const OpenCall* call) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return nullptr;
  std::shared_ptr<OpenCall> held = std::move(found->second.call);
  hosts_.Remove(found->second.host);
  calls_.erase(found);
  if (calls_.empty()) empty_.NotifyAll();
  return held;
}

int64_t CallHub::open_calls() const {
  const MutexLock lock(&mutex_);
  return static_cast<int64_t>(calls_.size());
}

std::vector<CallProgress> CallHub::Progress() const {
  std::vector<CallProgress> progress;
  const MutexLock lock(&mutex_);
  progress.reserve(calls_.size());
  for (const auto& [key, entry] : calls_) progress.push_back(entry.call->progress());
  return progress;
}

int64_t CallHub::most_calls_of_a_peer() const {
  const MutexLock lock(&mutex_);
  return hosts_.most();
}

std::vector<std::shared_ptr<OpenCall>> CallHub::Calls() const {
  std::vector<std::shared_ptr<OpenCall>> calls;
  const MutexLock lock(&mutex_);
  calls.reserve(calls_.size());
  for (const auto& [key, entry] : calls_) calls.push_back(entry.call);
  return calls;
}

bool CallHub::EndAll(int64_t cancel_at_ns, int64_t deadline_ns) {
  {
    const MutexLock lock(&mutex_);
    ending_ = true;
  }
  for (const std::shared_ptr<OpenCall>& call : Calls()) call->EndForShutdown(cancel_at_ns);
  return WaitUntilEmpty(deadline_ns);
}

bool CallHub::WaitUntilEmpty(int64_t deadline_ns) {
  const MutexLock lock(&mutex_);
  const auto deadline = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns));
  return empty_.WaitUntil(&mutex_, deadline, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_.empty(); });
}

void CallHub::Run() {
  int64_t next_tick_ns = MonotonicNs() + kTickNs;
  while (!stopping_) {
    for (const std::shared_ptr<Waiter>& waiter : replica_->TakeWoken(next_tick_ns)) waiter->Wake();
    const int64_t now_ns = MonotonicNs();
    if (now_ns < next_tick_ns) continue;
    for (const std::shared_ptr<OpenCall>& call : Calls()) call->Tick(now_ns);
    next_tick_ns = now_ns + kTickNs;
  }
}

}  // namespace pipeline
