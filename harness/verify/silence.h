// When a client may be expected to hear something, and when it heard nothing: LIVE's third part. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/verify/checker.h"
#include "harness/verify/intervals.h"

namespace harness {

// R1: how long after everything is in place a client may take to be connected again.
inline constexpr int64_t kReconnectGrace = 5'000'000'000;  // ns
inline int64_t SettleTimeNs(const Client& client) { return kReconnectGrace + 2 * client.reconnect_delay_max_ns; }

// When load was offered: the phases that offer some, and while process producers send.
std::vector<Interval> OfferedSpans(const History& history);

// The spans in which `client` is expected to hear of what reaches the topic: load is offered, a server of its list is
// ready and not paused, it runs, no fault touches it, and R1 has passed since all this began (a strike or heal at a
// server of its list begins it anew).
std::vector<Interval> ExpectantSpans(const Evidence& evidence, const Client& client);

struct Silence {
  LogPlace unheard = kNoPlace;  // the first record that reached the topic and was not answered by any delivery
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};
// Silences longer than JudgeOptions::silence_max_ns within the client's expectant spans, in time order.
std::vector<Silence> FindSilences(const Evidence& evidence, const ClientView& view);

}  // namespace harness
