#include "harness/process/members.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "common/clock.h"
#include "harness/process/reaper_protocol.h"

namespace harness {

void Orphans::Adopt(const Children& children, const ProcessRow& row) {
  const auto pid = static_cast<pid_t>(row.pid);
  if (children.contains(pid) || adopted_.contains(pid)) return;
  const auto mark = row.ended() ? std::nullopt : StartVariable(pid, kSubjectVariable);
  for (const auto& [leader, child] : children) {
    if (row.group != leader && mark != child.mark) continue;
    const auto now = child.leader_ended ? std::nullopt : ProcessOf(leader);
    adopted_[pid] = {leader, child.asked || !now || now->ended()};
  }
}

std::vector<ProcessRow> Orphans::MembersOf(const Children& children, pid_t leader) {
  const std::vector<ProcessRow> all = AllProcesses();
  for (const ProcessRow& row : all) {
    if (row.parent == getpid()) Adopt(children, row);
  }
  const Child& child = children.at(leader);
  std::set<int64_t> roots;
  std::set<int64_t> others;
  if (!child.leader_ended) roots.insert(leader);
  for (const auto& [pid, other] : children) {
    if (pid != leader) others.insert(pid);
  }
  for (const auto& [pid, orphan] : adopted_) (orphan.leader == leader ? roots : others).insert(pid);
  for (const ProcessRow& row : all) {
    // The number of a leader that was reaped may be another's by now.
    if (row.group == leader && !child.detached && !others.contains(row.pid)) roots.insert(row.pid);
  }
  return WithDescendants(all, roots, others);
}

std::optional<Orphan> Orphans::Take(pid_t pid) {
  const auto taken = adopted_.extract(pid);
  if (taken.empty()) return std::nullopt;
  return taken.mapped();
}

bool Orphans::HasOf(pid_t leader) const {
  return std::any_of(adopted_.begin(), adopted_.end(),
                     [&](const auto& orphan) { return orphan.second.leader == leader; });
}

void Orphans::ForgetOf(pid_t leader) {
  std::erase_if(adopted_, [&](const auto& orphan) { return orphan.second.leader == leader; });
}

bool AskLeader(pid_t leader) {
  constexpr int64_t kTakenNs = 500'000'000;
  if (kill(leader, SIGTERM) != 0) return false;
  const int64_t deadline_ns = pipeline::MonotonicNs() + kTakenNs;
  while (HasPending(leader, SIGTERM) && pipeline::MonotonicNs() < deadline_ns) poll(nullptr, 0, 1);
  return true;
}

}  // namespace harness
