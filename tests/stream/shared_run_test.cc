// Taking a run that another stream has pulled is the same as pulling it: the same events, and the same place
// afterwards; for whatever the two streams have covered, check and filter, and whatever the window has forgotten
// meanwhile.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <optional>
#include <vector>

#include "stream/stream_cursor.h"
#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

using Outcome = StreamCursor::Outcome;

struct Run {
  uint64_t sequence = 0;
  std::vector<Position> positions;
};

std::vector<PartitionStart> DrawStarts(const ReplicaState& state) {
  std::vector<PartitionStart> starts(static_cast<size_t>(state.partition_count()));
  for (size_t p = 0; p < starts.size(); ++p) {
    starts[p].after = *rc::gen::inRange<int64_t>(-1, 12);
    const auto place = static_cast<int64_t>(1000 * (p + 1)) + starts[p].after;  // MakeRecord's checksums
    if (*rc::gen::inRange(0, 4) == 0) starts[p].record_crc32c = static_cast<uint32_t>(place) + *rc::gen::inRange(0, 2);
  }
  return starts;
}

std::vector<Position> PositionsOf(const std::vector<StreamEvent>& events) {
  std::vector<Position> positions;
  positions.reserve(events.size());
  for (const StreamEvent& event : events) positions.push_back({event.partition, event.offset});
  return positions;
}

// Has `cursor` take `run` from where it stands on when it will; a copy that pulls must come to the same.
void TakeOrLeave(const Run& run, const ReplicaState& state, StreamCursor* cursor) {
  const std::optional<uint64_t> sequence = cursor->window_sequence();
  if (!sequence || *sequence < run.sequence || *sequence >= run.sequence + run.positions.size()) return;
  const std::span<const Position> rest = std::span(run.positions).subspan(*sequence - run.sequence);
  StreamCursor puller = *cursor;
  const std::vector<int64_t> before = cursor->catch_up_from();
  if (!cursor->TakeRun(state.generation(), *sequence, rest)) {
    RC_ASSERT(cursor->window_sequence() == sequence);
    RC_ASSERT(cursor->catch_up_from() == before);
    return;
  }
  const auto count = static_cast<int32_t>(rest.size());
  if (puller.HasFallenOff(state)) {
    RC_ASSERT(cursor->window_sequence() == *sequence + rest.size());
    return;
  }
  std::vector<StreamEvent> events;
  RC_ASSERT(puller.Pull(state, {count, 1'000'000, count}, &events) == Outcome::kEvents);
  RC_ASSERT(events.size() == rest.size());
  for (size_t i = 0; i < rest.size(); ++i) {
    RC_ASSERT(events[i].partition == rest[i].partition);
    RC_ASSERT(events[i].offset == rest[i].offset);
  }
  RC_ASSERT(cursor->window_sequence() == puller.window_sequence());
  // A pull also takes in partitions that were added; the next one of this cursor will.
  std::vector<int64_t> after = cursor->catch_up_from();
  const bool grown = after.size() == puller.catch_up_from().size();
  after.resize(puller.catch_up_from().size(), -1);
  RC_ASSERT(after == puller.catch_up_from());
  RC_ASSERT((!grown || cursor->Covered(state) == puller.Covered(state)));
}

RC_GTEST_PROP(SharedRunTest, TakingARunIsPullingIt, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  const TestLog log = DrawLog(partitions);
  ReplicaState state(*rc::gen::element<int64_t>(1, 1000, 1'000'000));
  state.Start("log", std::vector<Watermarks>(static_cast<size_t>(*rc::gen::inRange(1, partitions + 1))));
  StreamCursor leader({}, StreamCursor::LiveStarts(state), state);
  const Filter filter = *rc::gen::inRange(0, 3) == 0 ? DrawFilter() : Filter{};
  std::vector<StreamCursor> followers;
  std::deque<Run> runs;
  for (int step = *rc::gen::inRange(20, 120); step > 0; --step) {
    const int32_t partition = *rc::gen::inRange(0, state.partition_count());
    if (state.next_offset(partition) < static_cast<int64_t>(log[partition].size())) ApplyNext(log, partition, &state);
    if (*rc::gen::inRange(0, 20) == 0 && state.partition_count() < partitions) {
      state.AddPartitions(std::vector<Watermarks>(1));
    }
    if (*rc::gen::inRange(0, 3) == 0) {
      const std::optional<uint64_t> sequence = leader.window_sequence();
      std::vector<StreamEvent> events;
      leader.Pull(state, {*rc::gen::inRange(1, 6), 1'000'000, 100}, &events);
      if (sequence && !events.empty()) runs.push_back({*sequence, PositionsOf(events)});
    }
    if (followers.size() < 3) followers.emplace_back(filter, DrawStarts(state), state);
    for (StreamCursor& follower : followers) {
      if (!runs.empty()) TakeOrLeave(runs[*rc::gen::inRange<size_t>(0, runs.size())], state, &follower);
    }
    if (*rc::gen::inRange(0, 3) == 0) {
      std::vector<StreamEvent> events;
      followers[*rc::gen::inRange<size_t>(0, followers.size())].Pull(state, {3, 1'000'000, 100}, &events);
    }
  }
}

}  // namespace
}  // namespace pipeline
