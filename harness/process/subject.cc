#include "harness/process/subject.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include "common/clock.h"
#include "harness/process/sockets.h"

namespace harness {
namespace {

constexpr std::chrono::milliseconds kLookEvery(1);

std::string Numbered(const std::vector<int64_t>& pids) {
  std::string text = pids.size() == 1 ? "pid " : "pids ";
  for (size_t i = 0; i < pids.size(); ++i) {
    if (i > 0) text += i + 1 == pids.size() ? " and " : ", ";
    text += std::to_string(pids[i]);
  }
  return text;
}

// Whoever has the sockets open and is none of the members; this process has no part in it, whatever it inherited.
std::vector<ProcessRow> StrangersOf(const Subject& subject, bool* owner_known) {
  std::set<int64_t> roots;
  *owner_known = subject.sockets.empty();
  for (const int64_t owner : OwnersOf(subject.sockets)) {
    *owner_known = true;
    const bool ours = owner == getpid();
    const bool member = std::find(subject.members.begin(), subject.members.end(), owner) != subject.members.end();
    if (!ours && !member) roots.insert(owner);
  }
  if (roots.empty()) return {};
  return WithDescendants(AllProcesses(), roots, {subject.members.begin(), subject.members.end()});
}

bool HasEnded(const ProcessRow& process) {
  const auto now = ProcessOf(process.pid);
  return !now || now->ended();
}

}  // namespace

std::string Subject::PidsText() const {
  std::vector<int64_t> pids = members.empty() ? std::vector<int64_t>{pid} : members;
  for (const ProcessRow& stranger : strangers) pids.push_back(stranger.pid);
  std::sort(pids.begin(), pids.end());
  return Numbered(pids);
}

Subject FindSubject(Supervisor* supervisor, int64_t pid, int port) {
  Subject subject;
  subject.pid = pid;
  subject.port = port;
  subject.members = supervisor->Members(pid);
  if (port == 0) return subject;
  subject.sockets = ListeningSockets(port);
  subject.strangers = StrangersOf(subject, &subject.owner_known);
  return subject;
}

bool SignalSubject(Supervisor* supervisor, const Subject& subject, int signal) {
  bool delivered = supervisor->Signal(subject.pid, signal);
  for (const ProcessRow& stranger : subject.strangers) {
    delivered |= SignalOne(stranger, signal);
    // What is stopped hears it when it goes on, as the reaper sees to for its own.
    if (signal == SIGTERM && ProcessState(stranger.pid) == 'T') SignalOne(stranger, SIGCONT);
  }
  return delivered;
}

bool IsStopped(const Subject& subject) {
  // One that has ended and that its stopped parent has not waited for is no running one.
  const auto ended = [](int64_t pid) { return ProcessState(pid).value_or('Z') == 'Z'; };
  return std::all_of(subject.members.begin(), subject.members.end(),
                     [&](int64_t pid) { return AllThreadsStopped(pid) || ended(pid); }) &&
         std::all_of(subject.strangers.begin(), subject.strangers.end(),
                     [](const ProcessRow& stranger) { return HasEnded(stranger) || AllThreadsStopped(stranger.pid); });
}

std::string LeftOf(const Subject& subject, int64_t deadline_ns) {
  for (;;) {
    std::vector<int64_t> alive;
    for (const ProcessRow& stranger : subject.strangers) {
      if (!HasEnded(stranger)) alive.push_back(stranger.pid);
    }
    const std::set<uint64_t> listening = subject.port == 0 ? std::set<uint64_t>() : ListeningSockets(subject.port);
    const bool open = std::any_of(listening.begin(), listening.end(),
                                  [&](uint64_t inode) { return subject.sockets.contains(inode); });
    if (alive.empty() && !open) return {};
    if (pipeline::MonotonicNs() < deadline_ns) {
      std::this_thread::sleep_for(kLookEvery);
      continue;
    }
    if (!alive.empty()) return Numbered(alive) + (alive.size() == 1 ? " lives" : " live") + " on";
    return "somebody who can't be seen from here still listens on its port " + std::to_string(subject.port);
  }
}

}  // namespace harness
