// Every subscriber gets exactly what it is owed, in order: the winners of a snapshot (those that something later
// superseded may come with that), then every record that matches its filter; however the server interleaves partitions,
// whatever the window forgets, and wherever the stream is cut and resumed, on the same replica or on another; and
// whenever partitions are added. A bookmark comes after everything that it covers, and a stream may be resumed from it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "stream/bookmarks.h"
#include "stream/resume_decision.h"
#include "stream/stream_cursor.h"
#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

using Outcome = StreamCursor::Outcome;

constexpr char kLogId[] = "cluster/payments.raw";

// A server: its state, and the log it reads.
class TestReplica {
 public:
  // Has found `partition_count` of the log's partitions so far.
  TestReplica(const TestLog& log, int32_t partition_count, int64_t window_bytes_max)
      : log_(log), state_(window_bytes_max) {
    state_.Start(kLogId, std::vector<Watermarks>(static_cast<size_t>(partition_count)));
  }

  void GrowTo(int32_t partition_count) {
    const int32_t more = std::min(partition_count, static_cast<int32_t>(log_.size())) - state_.partition_count();
    if (more > 0) state_.AddPartitions(std::vector<Watermarks>(static_cast<size_t>(more)));
  }

  void ApplySome(int count) {
    for (; count > 0; --count) {
      std::vector<int32_t> left;
      for (int32_t p = 0; p < state_.partition_count(); ++p) {
        if (state_.next_offset(p) < static_cast<int64_t>(log_[p].size())) left.push_back(p);
      }
      if (left.empty()) return;
      ApplyNext(log_, left[*rc::gen::inRange<size_t>(0, left.size())], &state_);
    }
  }
  const ReplicaState& state() const { return state_; }

  // What a stream pulled of the window, entry by entry from `sequence` on, for other streams to take.
  void Share(uint64_t sequence, const std::vector<StreamEvent>& events) { runs_.push_back({sequence, events}); }
  // The events of any shared run that holds this entry, from it on; empty: none does.
  std::vector<StreamEvent> SharedFrom(uint64_t sequence) const {
    std::vector<StreamEvent> found;
    for (const auto& [begin, events] : runs_) {
      if (begin > sequence || sequence - begin >= events.size()) continue;
      if (!found.empty() && *rc::gen::arbitrary<bool>()) continue;
      found.assign(events.begin() + static_cast<std::ptrdiff_t>(sequence - begin), events.end());
    }
    return found;
  }

 private:
  const TestLog& log_;
  ReplicaState state_;
  std::vector<std::pair<uint64_t, std::vector<StreamEvent>>> runs_;
};

// A client: keeps its position as the contract says, and everything it received.
class TestClient {
 public:
  TestClient(const TestLog& log, const Filter& filter) : log_(log), filter_(filter) {}

  bool known() const { return known_; }
  const std::vector<StreamEvent>& received() const { return received_; }
  const std::vector<int64_t>& snapshot_until() const { return until_; }

  void Connect(TestReplica* replica) {
    replica->GrowTo(token_.partitions_size());  // the server asks Kafka about a partition that it does not know
    const ReplicaState& state = replica->state();
    std::vector<PartitionStart> starts;
    if (!known_) {
      starts = StreamCursor::SnapshotStarts(state);
      token_ = MakeToken(kLogId, starts);
      for (const PartitionStart& start : starts) until_.push_back(*start.snapshot_until);
      until_.resize(log_.size(), -1);  // those added later are owed whole
      known_ = true;
    } else {
      starts = Decide(state);
    }
    catch_up_.reset();
    in_flight_.clear();
    awaited_.clear();
    cursor_ = std::make_unique<StreamCursor>(filter_, starts, state);
    std::vector<int64_t> after;
    after.reserve(starts.size());
    for (const PartitionStart& start : starts) after.push_back(start.after);
    told_ = ToldOffsets(after);
  }

  void Cut() {
    cursor_.reset();
    catch_up_.reset();
    in_flight_.clear();
  }
  bool connected() const { return cursor_ != nullptr; }

  // One step of the server's for this client. False: nothing to do until more is applied.
  bool Serve(TestReplica* served) {
    TestReplica& replica = *served;
    if (catch_up_) return ReadKafka(replica);
    if (!IsWoken(replica.state())) return false;
    const std::optional<uint64_t> sequence = cursor_->window_sequence();
    if (sequence && TakeShared(replica.SharedFrom(*sequence), *sequence)) return true;
    const PullLimits limits = {*rc::gen::inRange(1, 5), *rc::gen::inRange<int64_t>(1, 200), *rc::gen::inRange(1, 6)};
    std::vector<StreamEvent> out;
    const Outcome outcome = cursor_->Pull(replica.state(), limits, &out);
    RC_ASSERT((outcome == Outcome::kEvents) == !out.empty());
    RC_ASSERT(static_cast<int32_t>(out.size()) <= limits.events_max);
    if (sequence && cursor_->window_sequence() == *sequence + out.size()) replica.Share(*sequence, out);
    for (const StreamEvent& event : out) Send(event);
    RC_ASSERT(outcome != Outcome::kRefused);
    RC_ASSERT(outcome != Outcome::kReplaced);
    if (outcome == Outcome::kFellOff) {
      if (*rc::gen::arbitrary<bool>()) {
        Cut();
      } else {
        cursor_->FallBack();
      }
      return true;
    }
    if (outcome == Outcome::kCatchUp) catch_up_.emplace(filter_, cursor_->catch_up_from());
    if (outcome != Outcome::kCatchUp && *rc::gen::arbitrary<bool>()) SendBookmarks(cursor_->Covered(replica.state()));
    if (outcome != Outcome::kIdle) return true;
    awaited_ = cursor_->Awaited(replica.state());
    epoch_ = replica.state().epoch();
    return false;
  }

  void Receive(size_t count) {
    for (; count > 0 && !in_flight_.empty(); --count) {
      const Sent sent = in_flight_.front();
      in_flight_.pop_front();
      if (sent.event) OnEvent(*sent.event);
      for (const Bookmark& bookmark : sent.bookmarks) OnBookmark(bookmark);
    }
  }
  size_t in_flight() const { return in_flight_.size(); }

 private:
  // A message: an event, or bookmarks.
  struct Sent {
    std::optional<StreamEvent> event;
    std::vector<Bookmark> bookmarks;
  };

  // Nobody looks at it before what it waits for has happened.
  bool IsWoken(const ReplicaState& state) {
    const auto passed = [&](const Position& position) {
      return state.next_offset(position.partition) > position.offset;
    };
    const bool woken =
        awaited_.empty() || state.epoch() != epoch_ || std::any_of(awaited_.begin(), awaited_.end(), passed);
    if (woken) awaited_.clear();
    return woken;
  }

  bool TakeShared(const std::vector<StreamEvent>& events, uint64_t sequence) {
    if (events.empty() || *rc::gen::arbitrary<bool>()) return false;
    std::vector<Position> positions;
    positions.reserve(events.size());
    for (const StreamEvent& event : events) positions.push_back({event.partition, event.offset});
    if (!cursor_->TakeRun(cursor_->generation(), sequence, positions)) return false;
    RC_TAG("took a shared run");
    RC_ASSERT(cursor_->window_sequence() == sequence + events.size());
    for (const StreamEvent& event : events) Send(event);
    return true;
  }
  void Send(const StreamEvent& event) {
    told_.OnEvent(event.partition, event.offset);
    in_flight_.push_back({event, {}});
  }
  void SendBookmarks(const std::vector<int64_t>& covered) {
    const int64_t untold = told_.Untold(covered);
    std::vector<Bookmark> bookmarks = told_.Take(covered);
    RC_ASSERT(bookmarks.empty() == (untold == 0));
    RC_ASSERT(told_.Untold(covered) == 0);
    if (!bookmarks.empty()) in_flight_.push_back({std::nullopt, std::move(bookmarks)});
  }

  std::vector<PartitionStart> Decide(const ReplicaState& state) {
    ResumeDecision decision = DecideResume(token_, state, nullptr);
    RC_ASSERT(decision.action != ResumeDecision::Action::kRefuse);
    if (decision.action == ResumeDecision::Action::kAskKafka) {
      KafkaEvidence evidence = {state.generation(), {}, {}};
      for (int32_t p = 0; p < state.partition_count(); ++p) {
        evidence.marks.push_back({0, static_cast<int64_t>(log_[p].size())});
      }
      for (const Position& position : decision.asked) {
        evidence.records.push_back({position, log_[position.partition][position.offset].record.record_crc32c});
      }
      decision = DecideResume(token_, state, &evidence);
    }
    RC_ASSERT(decision.action == ResumeDecision::Action::kServe);
    return decision.starts;
  }

  // The catch-up reader: a record of some partition, then an attempt to join.
  bool ReadKafka(const TestReplica& replica) {
    std::vector<int32_t> left;
    for (size_t p = 0; p < catch_up_->covered().size(); ++p) {
      if (catch_up_->next_offset(static_cast<int32_t>(p)) < static_cast<int64_t>(log_[p].size())) {
        left.push_back(static_cast<int32_t>(p));
      }
    }
    if (!left.empty()) {
      const int32_t p = left[*rc::gen::inRange<size_t>(0, left.size())];
      const Logged& logged = log_[p][catch_up_->next_offset(p)];
      const LogRecord& record = logged.record;
      if (logged.rejected) {
        catch_up_->Advance(p, record.offset + 1);
      } else if (catch_up_->Offer(p, record.offset, record.provider, record.status)) {
        Send({record.frame, p, record.offset, record.record_crc32c, false});
      }
    }
    if (*rc::gen::inRange(0, 4) == 0) SendBookmarks(catch_up_->covered());
    if (cursor_->TryJoin(replica.state(), catch_up_->covered())) {
      catch_up_.reset();
    } else if (cursor_->OutgrewReader(replica.state()) || *rc::gen::inRange(0, 8) == 0) {
      // The reader lacks a partition that was added since, or goes to somebody else.
      cursor_->SetCaughtUpTo(catch_up_->covered());
      catch_up_.reset();
    }
    return true;
  }

  void OnEvent(const StreamEvent& event) {
    received_.push_back(event);
    received_places_.emplace(event.partition, event.offset);
    GrowTokenTo(event.partition);
    ::payment::PartitionResume* at = token_.mutable_partitions(event.partition);
    at->set_after(event.offset);
    at->set_record_crc32c(event.record_crc32c);
    // Dropping it is right beyond the snapshot, keeping it harmless.
    if (at->has_snapshot_until() && event.offset > at->snapshot_until() && *rc::gen::arbitrary<bool>()) {
      at->clear_snapshot_until();
    }
  }

  void GrowTokenTo(int32_t partition) {
    for (int32_t p = token_.partitions_size(); p <= partition; ++p) {
      token_.add_partitions()->set_partition(p);
      token_.mutable_partitions(p)->set_after(-1);
    }
  }

  void OnBookmark(const Bookmark& bookmark) {
    GrowTokenTo(bookmark.partition);
    ::payment::PartitionResume* at = token_.mutable_partitions(bookmark.partition);
    // Every record beyond the snapshot that it covers and the filter takes has come.
    for (const Logged& logged : log_[bookmark.partition]) {
      const LogRecord& record = logged.record;
      if (record.offset <= until_[bookmark.partition] || record.offset > bookmark.offset || logged.rejected) continue;
      if (!filter_.Matches(record.provider, record.status)) continue;
      RC_ASSERT(received_places_.count({bookmark.partition, record.offset}) == 1);
    }
    if (bookmark.offset <= at->after()) return;
    at->set_after(bookmark.offset);
    at->clear_record_crc32c();
    if (at->has_snapshot_until() && bookmark.offset > at->snapshot_until()) at->clear_snapshot_until();
  }

  const TestLog& log_;
  Filter filter_;
  bool known_ = false;
  ::payment::ResumeToken token_;
  std::vector<int64_t> until_;
  std::unique_ptr<StreamCursor> cursor_;
  std::optional<CatchUpPlan> catch_up_;
  ToldOffsets told_;
  std::vector<Position> awaited_;  // with epoch_; empty: it does not wait for a position
  uint64_t epoch_ = 0;
  std::deque<Sent> in_flight_;
  std::vector<StreamEvent> received_;
  std::set<std::pair<int32_t, int64_t>> received_places_;
};

bool Beats(const LogRecord& a, const LogRecord& b) {
  const auto order = [](const LogRecord& r) {
    return std::make_tuple(StatusRank(r.status), r.created_at_s, r.partition, r.offset);
  };
  return order(a) > order(b);
}

// What the contract owes this client, by definition over the whole log.
void CheckOwed(const TestLog& log, const Filter& filter, const TestClient& client) {
  std::set<std::pair<int32_t, int64_t>> received;
  std::map<int32_t, int64_t> last;
  for (const StreamEvent& event : client.received()) {
    RC_ASSERT(last.emplace(event.partition, -1).first->second < event.offset);  // in order, so also once
    last[event.partition] = event.offset;
    received.emplace(event.partition, event.offset);
    const Logged& logged = log[event.partition][event.offset];
    RC_ASSERT(!logged.rejected);
    RC_ASSERT(event.frame.bytes.view() == logged.record.frame.bytes.view());
    RC_ASSERT(event.record_crc32c == logged.record.record_crc32c);
    RC_ASSERT(event.existing == (event.offset <= client.snapshot_until()[event.partition]));
  }
  std::map<std::string, const LogRecord*> winners;  // among the snapshot's records
  std::vector<const LogRecord*> later;
  for (const std::vector<Logged>& partition : log) {
    for (const Logged& logged : partition) {
      if (logged.rejected) continue;
      const LogRecord& record = logged.record;
      if (record.offset > client.snapshot_until()[record.partition]) {
        later.push_back(&record);
        continue;
      }
      const LogRecord*& winner = winners[record.id];
      if (winner == nullptr || Beats(record, *winner)) winner = &record;
    }
  }
  std::set<std::pair<int32_t, int64_t>> owed;
  for (const LogRecord* record : later) {
    if (filter.Matches(record->provider, record->status)) owed.emplace(record->partition, record->offset);
  }
  for (const auto& [id, winner] : winners) {
    if (!filter.Matches(winner->provider, winner->status)) continue;
    const std::pair<int32_t, int64_t> position = {winner->partition, winner->offset};
    bool superseded = false;
    for (const LogRecord* record : later) superseded = superseded || (record->id == id && Beats(*record, *winner));
    if (!superseded || received.count(position) == 1) owed.insert(position);
  }
  RC_ASSERT(received == owed);
}

RC_GTEST_PROP(StreamCursorTest, EverySubscriberGetsWhatItIsOwed, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  const TestLog log = DrawLog(partitions);
  const Filter filter = DrawFilter();
  // From windows of a single entry to one that holds everything.
  const auto new_replica = [&] {
    return std::make_unique<TestReplica>(log, *rc::gen::inRange(1, partitions + 1),
                                         *rc::gen::element<int64_t>(1, 400, 1000, 1'000'000));
  };
  std::unique_ptr<TestReplica> replica = new_replica();
  replica->ApplySome(*rc::gen::inRange(0, 60));
  TestClient client(log, filter);
  const int steps = *rc::gen::inRange(0, 200);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 13)) {
      case 0:
        client.Cut();
        break;
      case 1:  // another replica, which may be behind
        client.Cut();
        replica = new_replica();
        replica->ApplySome(*rc::gen::inRange(0, 60));
        break;
      case 2:
      case 3:
        replica->ApplySome(*rc::gen::inRange(1, 8));
        break;
      case 4:
      case 5:
        client.Receive(*rc::gen::inRange<size_t>(0, 6));
        break;
      case 6:
        replica->GrowTo(replica->state().partition_count() + 1);
        break;
      default:
        if (!client.connected()) client.Connect(replica.get());
        client.Serve(replica.get());
    }
  }
  replica->GrowTo(partitions);
  replica->ApplySome(1000);
  for (int quiet = 0; quiet < 2;) {
    if (!client.connected()) client.Connect(replica.get());
    const bool busy = client.Serve(replica.get()) || client.in_flight() > 0;
    client.Receive(3);
    quiet = busy ? 0 : quiet + 1;
  }
  CheckOwed(log, filter, client);
}

}  // namespace
}  // namespace pipeline
