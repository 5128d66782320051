// What the seeded server does wrong, event by event, and what it writes down of its streams. Called by
// seeded_server.cc; the Bug is shared by its streams and thread-safe, a StreamState and a StreamJournal belong to one
// of them.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "payment.pb.h"
#include "server/ops/server_journal.h"
#include "tests/seeded/bug_argument.h"

namespace harness {

using ::payment::PaymentEvent;

// What a stream of the relay is in the middle of.
struct StreamState {
  std::optional<PaymentEvent> held;    // goes out after the next one of its partition
  std::optional<PaymentEvent> before;  // the last one
  std::map<int32_t, int64_t> last;     // of the new events, by partition: what is left out between two is no payment
  std::set<int32_t> stopped;           // stop-at-bad: partitions
  int64_t skip_until = -1;             // false-start, snapshot-beyond: nothing up to there is sent
  bool resumed = false;
  bool first = true;
  bool past_snapshot = false;
  ::payment::Provider wanted = ::payment::PROVIDER_UNKNOWN;  // leak: what the subscriber's filter matches
};

// What is wrong with the seeded server. One for the process, shared by its streams.
class Bug {
 public:
  // `ends`: the offsets below which nothing is served: start-at-end to anyone, live-on-resume to who brings a token.
  Bug(const BugArgument& bug, std::map<int32_t, int64_t> ends)
      : name_(bug.name), ends_(std::move(ends)), victim_(bug.Victim(kVictimMin, kVictims, kVictim)) {}
  const std::string& name() const { return name_; }
  // A server of the plain contract: no StreamStart, no positions, no exact amount.
  bool is_plain() const { return name_ == "invent" || name_ == "strip-metadata"; }

  // bookmark-early: the record of this batch that is told of before it comes; null: none, or it was told of already.
  const PaymentEvent* BookmarkTooEarly(const ::payment::PaymentBatch& batch) {
    for (const PaymentEvent& event : batch.events()) {
      if (event.event_type() == "new" && ++events_ >= victim_ && !struck_.exchange(true)) return &event;
    }
    return nullptr;
  }

  // false-refusal: what a valid token is refused with; OK: it is not.
  grpc::Status Refusal(bool resumed) const {
    if (name_ != "false-refusal" || !resumed) return grpc::Status::OK;
    if (victim_ % 2 == 0) return {grpc::StatusCode::OUT_OF_RANGE, "the resume token asks for what is trimmed"};
    return {grpc::StatusCode::FAILED_PRECONDITION, "the resume token is of another log"};
  }

  // replay-from-zero: what is asked of the real server in place of what the token says.
  void ChangeRequest(::payment::ListPaymentsRequest* request) const {
    if (name_ != "replay-from-zero" || !request->has_resume()) return;
    for (::payment::PartitionResume& at : *request->mutable_resume()->mutable_partitions()) {
      at.set_after(-1);
      at.clear_record_crc32c();
      at.clear_snapshot_until();
    }
  }

  // What a stream that is not resumed says first, in place of the real server's StreamStart.
  std::string ChangeStart(const std::string& start_bytes, StreamState* stream) const {
    if (stream->resumed || (name_ != "false-start" && name_ != "snapshot-beyond")) return start_bytes;
    ::payment::StreamStart start;
    start.ParseFromString(start_bytes);
    stream->skip_until = victim_ / 2;
    for (::payment::PartitionResume& at : *start.mutable_token()->mutable_partitions()) {
      at.set_after(name_ == "false-start" ? stream->skip_until : -1);
      at.clear_snapshot_until();
      if (name_ == "snapshot-beyond") at.set_snapshot_until(stream->skip_until);
    }
    return start.SerializeAsString();
  }

  // What to send in place of `event`.
  std::vector<PaymentEvent> Pass(const PaymentEvent& event, StreamState* stream) {
    if (event.offset() <= stream->skip_until) return {};
    if (is_plain()) return PassPlain(event);
    if (name_ == "processed-at" || name_ == "wire-amount") {
      PaymentEvent changed = event;
      ::payment::Payment* payment = changed.mutable_payment();
      if (name_ == "processed-at") payment->set_processed_at(payment->processed_at() + 3'600);
      if (name_ == "wire-amount") payment->set_amount(-7.5);
      return {std::move(changed)};
    }
    const bool first = std::exchange(stream->first, false);
    const bool from_the_end = name_ == "start-at-end" || (name_ == "live-on-resume" && stream->resumed);
    if (from_the_end && IsBelow(event)) return {};
    if (first && stream->resumed && name_ == "repeat-on-resume") return {event, event};
    if (first && stream->resumed && name_ == "skip-on-resume") return {};
    if (first && stream->resumed && name_ == "reorder-on-resume") {
      stream->held = event;
      return {};
    }
    if (name_ == "kind-sometimes") {
      constexpr int64_t kSeventh = 7;
      if (event.event_type() != "existing" || ++events_ % kSeventh != 0) return {event};
      PaymentEvent changed = event;
      changed.set_event_type("new");
      return {std::move(changed)};
    }
    if (event.event_type() == "new" && !std::exchange(stream->past_snapshot, true)) {
      if (name_ == "snapshot-race" && !stream->resumed) return {};
    }
    const bool unwanted = stream->wanted != ::payment::PROVIDER_UNKNOWN && event.payment().provider() != stream->wanted;
    if (unwanted && (events_ < victim_ || struck_.exchange(true))) return {};
    if (name_.ends_with("-bad")) return PassBehindBad(event, stream);
    if (stream->held.has_value()) {
      if (stream->held->partition() != event.partition()) return {event};
      PaymentEvent late = *std::exchange(stream->held, std::nullopt);
      return {event, std::move(late)};
    }
    const std::optional<PaymentEvent> before = std::exchange(stream->before, event);
    const int64_t number = ++events_;
    if (name_ == "freeze" && number >= victim_) return {};
    if (number < victim_ || struck_.load()) return {event};
    return Strike(event, before, stream);
  }

 private:
  static constexpr int64_t kVictim = 60;  // counted over all streams of this process
  static constexpr int64_t kVictimMin = 30;
  static constexpr uint64_t kVictims = 60;

  std::vector<PaymentEvent> PassPlain(const PaymentEvent& event) {
    PaymentEvent plain = event;
    plain.clear_partition();
    plain.clear_offset();
    plain.clear_record_crc32c();
    plain.mutable_payment()->clear_exact_amount();
    if (name_ == "strip-metadata") plain.mutable_payment()->clear_metadata();
    if (name_ != "invent" || ++events_ < victim_ || struck_.exchange(true)) return {std::move(plain)};
    PaymentEvent invented = plain;
    invented.mutable_payment()->set_id("pay_invented");
    invented.mutable_payment()->clear_metadata();
    return {std::move(plain), std::move(invented)};
  }

  bool IsBelow(const PaymentEvent& event) const {
    const auto end = ends_.find(event.partition());
    return end != ends_.end() && event.offset() < end->second;
  }

  // From the victim on: what comes behind a hole in a partition's offsets.
  std::vector<PaymentEvent> PassBehindBad(const PaymentEvent& event, StreamState* stream) {
    const int64_t number = ++events_;
    const auto last = stream->last.find(event.partition());
    const bool behind_hole = last != stream->last.end() && event.offset() > last->second + 1;
    if (event.event_type() == "new") stream->last[event.partition()] = event.offset();
    if (stream->stopped.contains(event.partition())) return {};
    if (!behind_hole || number < victim_) return {event};
    if (name_ == "stop-at-bad") {
      stream->stopped.insert(event.partition());
      return {};
    }
    if (struck_.exchange(true)) return {event};
    PaymentEvent bad = event;
    bad.set_offset(event.offset() - 1);
    return {std::move(bad), event};
  }

  // Once, at the victim or the first one behind it that it can be done to.
  std::vector<PaymentEvent> Strike(const PaymentEvent& event, const std::optional<PaymentEvent>& before,
                                   StreamState* stream) {
    PaymentEvent changed = event;
    ::payment::Payment* payment = changed.mutable_payment();
    if (name_ == "contents") {
      if (!before || before->payment().id() == payment->id()) return {event};
      *payment = before->payment();
      payment->set_id(event.payment().id());
    }
    if (name_ == "kind" && event.event_type() != "new") return {event};
    if (name_ == "leak") return {event};
    if (struck_.exchange(true)) return {event};
    if (name_ == "kind") changed.set_event_type("existing");
    if (name_ == "drop-one") return {};
    if (name_ == "amount") payment->mutable_exact_amount()->set_units(payment->exact_amount().units() + 1);
    if (name_ == "metadata") (*payment->mutable_metadata())["order"] = "somebody else's";
    if (name_ == "swap") {
      stream->held = event;
      return {};
    }
    return {std::move(changed)};
  }

  std::string name_;
  std::map<int32_t, int64_t> ends_;
  int64_t victim_;
  std::atomic<int64_t> events_ = 0;
  std::atomic<bool> struck_ = false;
};

// What the relay writes down of one of its streams; nothing without a journal.
class StreamJournal {
 public:
  StreamJournal(pipeline::ServerJournal* journal, uint64_t number) : journal_(journal), number_(number) {}

  void Begin(const std::string& peer, const ::payment::ListPaymentsRequest& request, const std::string& start_bytes) {
    if (journal_ == nullptr) return;
    ::payment::StreamStart start;
    start.ParseFromString(start_bytes);
    pipeline::SubscriptionBegan began{.time_ns = pipeline::MonotonicNs(),
                                      .number = number_,
                                      .peer = peer,
                                      .filter = {},
                                      .sent = std::nullopt,
                                      .token = start.token()};
    if (request.has_resume()) began.sent = request.resume();
    journal_->Begin(began);
  }
  uint64_t number() const { return number_; }
  void Read(const PaymentEvent& event) {
    const pipeline::JournaledRecord place{
        .time_ns = pipeline::MonotonicNs(), .offset = event.offset(), .partition = event.partition()};
    if (journal_ != nullptr) journal_->Read({&place, 1});
  }
  void Write(const PaymentEvent& event) {
    if (journal_ != nullptr) journal_->Wrote(number_, event.partition(), event.offset());
  }
  void End(const grpc::Status& status) {
    if (journal_ != nullptr) journal_->End(number_, status.error_code(), status.error_message());
  }

 private:
  pipeline::ServerJournal* journal_;
  uint64_t number_;
};

}  // namespace harness
