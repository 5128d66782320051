#include "client/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "common/clock.h"
#include "payment/codec.h"

namespace pipeline {
namespace {

// What is at hand is written to the event log and handed on in one go, up to these.
constexpr size_t kBatchEventsMax = 256;
constexpr size_t kBatchBytesMax = size_t{1024} * 1024;

}  // namespace

Delivery::Delivery(const Filter& filter, const std::string& event_log_path, SubscriptionObserver* observer)
    : filter_(filter), observer_(observer) {
  if (event_log_path.empty()) return;
  log_.Open(event_log_path, filter);
  held_token_ = log_.held_token();
  connection_ = log_.last_connection();
}

void Delivery::BeginAttempt() {
  started_ = false;
  has_start_ = false;
}

void Delivery::Started(const std::string& server, const ParsedStart* start, const Token* sent) {
  started_ = true;
  has_start_ = start != nullptr;
  started_ns_ = MonotonicNs();
  StreamStarted message{.time_ns = started_ns_,
                        .connection = ++connection_,
                        .server = server,
                        .server_id = {},
                        .has_start = has_start_,
                        .resumed = has_start_ && sent != nullptr,
                        .token = {}};
  if (has_start_) {
    message.server_id = start->server_id;
    message.token = start->token;
    message.subscription = start->subscription;
    held_token_.OnStart(start->token, message.resumed);
  } else {
    held_token_.Reset();
  }
  if (log_.is_open()) {
    scratch_.clear();
    AppendConnectionEntry(message, filter_, sent, &scratch_);
    log_.Add(scratch_);
    WriteLog();
  }
  observer_->OnStarted(message);
}

std::optional<std::string> Delivery::Take(::payment::PaymentBatch* batch) {
  const int64_t now_ns = MonotonicNs();
  std::optional<std::string> wrong;
  for (const ::payment::PaymentEvent& message : batch->events()) {
    if (TakeEvent(message, now_ns)) continue;
    wrong = fmt::format("an event at partition {}, offset {} (partition 0 to {}, offset at least 0)",
                        message.partition(), message.offset(), kTokenPartitionsMax - 1);
    break;
  }
  if (!wrong) TakeBookmarks(*batch, now_ns);
  batch->Clear();
  return wrong;
}

bool Delivery::TakeEvent(const ::payment::PaymentEvent& message, int64_t now_ns) {
  Arrival arrival;
  ReceivedEvent& event = arrival.event;
  event.time_ns = now_ns;
  event.existing = message.event_type() == "existing";
  const bool is_position = IsPosition(message.partition(), message.offset());
  // One that was passed over, or shown without its position, would come again or be missed after the next reconnect.
  if (has_start_ && !is_position) return false;
  // A server without positions leaves the three out; a first record's checksum alone is never 0 by design. Without a
  // StreamStart nothing is resumed, and a position that is none is as none.
  const bool has_position = message.partition() != 0 || message.offset() != 0 || message.record_crc32c() != 0;
  if (has_start_ || (has_position && is_position)) {
    event.partition = message.partition();
    event.offset = message.offset();
    event.record_crc32c = message.record_crc32c();
  }
  arrival.has_payment = message.has_payment();
  event.payment = FromProto(message.payment());
  event.processed_at_s = message.payment().processed_at();
  const bool differs =
      message.payment().has_exact_amount() && message.payment().amount() != ToDouble(event.payment.amount);
  if (differs) event.amount_beside = message.payment().amount();
  arrived_bytes_ += message.ByteSizeLong();
  arrivals_.push_back(std::move(arrival));
  return true;
}

// They follow the events of their message. From a server that may be anybody's: what names no position is left out.
void Delivery::TakeBookmarks(const ::payment::PaymentBatch& batch, int64_t now_ns) {
  if (!has_start_ || batch.bookmarks().empty()) return;
  Arrival arrival;
  arrival.is_bookmark = true;
  arrival.bookmark.time_ns = now_ns;
  for (const ::payment::Position& position : batch.bookmarks()) {
    if (!IsPosition(position.partition(), position.offset())) continue;
    arrival.bookmark.positions.emplace_back(position.partition(), position.offset());
  }
  arrived_bytes_ += batch.bookmarks().size() * sizeof(arrival.bookmark.positions[0]);
  arrivals_.push_back(std::move(arrival));
}

bool Delivery::is_full() const { return arrivals_.size() >= kBatchEventsMax || arrived_bytes_ >= kBatchBytesMax; }

bool Delivery::HandOn(const std::string& server) {
  if (arrivals_.empty()) return false;
  if (!started_) Started(server, nullptr, nullptr);
  for (Arrival& arrival : arrivals_) {
    arrival.event.connection = connection_;
    arrival.bookmark.connection = connection_;
    if (arrival.is_bookmark) {
      Advance(&arrival.bookmark);
    } else {
      arrival.covered = Covered(arrival.event);
    }
    if (log_.is_open()) LogArrival(arrival);
  }
  WriteLog();
  bool any_new = false;
  for (const Arrival& arrival : arrivals_) {
    any_new = any_new || (arrival.is_bookmark ? !arrival.bookmark.positions.empty() : !arrival.covered);
    Show(arrival);
  }
  arrivals_.clear();
  arrived_bytes_ = 0;
  return any_new;
}

void Delivery::LogArrival(const Arrival& arrival) {
  const ReceivedEvent& event = arrival.event;
  scratch_.clear();
  if (arrival.is_bookmark) {
    const ReceivedBookmark& bookmark = arrival.bookmark;
    if (bookmark.positions.empty()) return;
    AppendBookmarkEntry(bookmark.time_ns, connection_, bookmark.positions, &scratch_);
  } else if (arrival.covered) {
    AppendDropEntry(event, &scratch_);
  } else if (arrival.has_payment) {
    AppendEventEntry(event, &scratch_);
  } else if (event.offset >= 0) {
    AppendBookmarkEntry(event.time_ns, connection_, {{event.partition, event.offset}}, &scratch_);
  }
  if (!scratch_.empty()) log_.Add(scratch_);
}

void Delivery::Show(const Arrival& arrival) {
  if (arrival.is_bookmark) {
    if (!arrival.bookmark.positions.empty()) observer_->OnBookmark(arrival.bookmark);
  } else if (arrival.covered) {
    observer_->OnDropped(arrival.event);
  } else if (arrival.has_payment) {
    observer_->OnEvent(arrival.event);
  } else {
    observer_->OnSkipped(arrival.event);
  }
}

bool Delivery::Covered(const ReceivedEvent& event) {
  if (!has_start_) return false;  // nothing to resume: passed on as it comes
  return !held_token_.OnEvent(event.partition, event.offset, event.record_crc32c);
}

void Delivery::Advance(ReceivedBookmark* bookmark) {
  auto& positions = bookmark->positions;
  positions.erase(std::remove_if(positions.begin(), positions.end(),
                                 [this](const auto& at) { return !held_token_.OnBookmark(at.first, at.second); }),
                  positions.end());
}

void Delivery::WriteLog() {
  if (!log_.is_open()) return;
  try {
    log_.Write();
  } catch (const std::system_error& error) {
    throw EventLogFailure(error.what());
  }
}

void Delivery::Ended(const StreamStatus& status, const Token* sent) {
  StreamEnded message{.time_ns = MonotonicNs(),
                      .connection = started_ ? connection_ : 0,
                      .code = status.code,
                      .message = status.message,
                      .gaps = status.gaps};
  if (!started_ && sent != nullptr) message.sent = *sent;
  if (log_.is_open()) {
    scratch_.clear();
    AppendEndEntry(message, &scratch_);
    log_.Add(scratch_);
    WriteLog();
  }
  observer_->OnEnded(message);
}

}  // namespace pipeline
