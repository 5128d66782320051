#include "client/reconnect_plan.h"

#include <algorithm>

namespace pipeline {
namespace {

constexpr int64_t kAcceptedMinNs = 1'000'000'000;
constexpr int64_t kUnansweredMinNs = 60'000'000'000;

}  // namespace

bool IsSuccess(const ReconnectOptions& options, const AttemptEnd& end) {
  if (end.brought_news) return true;
  const int64_t longest_wait_ns = std::max(options.delay_min_ns, options.delay_max_ns);
  return end.lasted_ns > std::max(longest_wait_ns, end.accepted ? kAcceptedMinNs : kUnansweredMinNs);
}

ReconnectPlan::ReconnectPlan(const ReconnectOptions& options, size_t servers) : options_(options), servers_(servers) {}

bool ReconnectPlan::all_refuse() const {
  return std::all_of(servers_.begin(), servers_.end(), [](const Server& server) { return server.refuses; });
}

std::optional<NextAttempt> ReconnectPlan::After(const AttemptEnd& end, int64_t now_ns, double random) {
  Server& present = servers_[server_];
  if (end.never_here) present.refuses = true;
  if (end.retry_after_ns) {
    present.not_before_ns = now_ns + std::clamp<int64_t>(*end.retry_after_ns, 0, kRetryAfterMaxNs);
  }
  if (IsSuccess(options_, end)) failures_ = 0;
  if (!end.pinged_less) ++failures_;
  if (all_refuse() || (options_.attempts_max > 0 && failures_ > options_.attempts_max)) return std::nullopt;
  const int64_t wait_ns = ReconnectDelayNs(options_, failures_, random);
  if (!end.pinged_less || present.refuses) server_ = Choose(now_ns + wait_ns);
  return NextAttempt{
      .server = server_, .attempt = failures_, .wait_ns = std::max(wait_ns, servers_[server_].not_before_ns - now_ns)};
}

size_t ReconnectPlan::Choose(int64_t at_ns) const {
  std::optional<size_t> soonest;
  for (size_t i = 1; i <= servers_.size(); ++i) {
    const size_t candidate = (server_ + i) % servers_.size();
    if (servers_[candidate].refuses) continue;
    if (servers_[candidate].not_before_ns <= at_ns) return candidate;
    if (!soonest || servers_[candidate].not_before_ns < servers_[*soonest].not_before_ns) soonest = candidate;
  }
  return soonest.value_or(server_);
}

}  // namespace pipeline
