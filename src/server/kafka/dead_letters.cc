#include "server/kafka/dead_letters.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <stdexcept>
#include <utility>

#include "common/clock.h"

namespace pipeline {
namespace {

constexpr int kRetryMs = 250;
constexpr int kIdleMs = 200;
constexpr int kReportsMs = 20;
constexpr int64_t kInFlightMax = 1'000;  // letters
constexpr size_t kFetchMax = 256;        // places in one go
constexpr int64_t kLostLineEveryNs = 1'000'000'000;
// Without an answer to any write, until the log says so.
constexpr int64_t kSilenceNsMax = 10'000'000'000;

}  // namespace

std::string DeadLetterTopicName(const DeadLetterOptions& options, const KafkaSettings& kafka) {
  return options.topic.empty() ? kafka.topic + ".dlq" : options.topic;
}

DeadLetters::DeadLetters(const KafkaSettings& kafka, const DeadLetterOptions& options)
    : source_(kafka.topic),
      name_(DeadLetterTopicName(options, kafka)),
      book_(options.limits),
      topic_(kafka, DeadLetterTopicName(options, kafka)) {}

DeadLetters::~DeadLetters() { Stop(0); }

void DeadLetters::Start() {
  thread_ = std::thread([this] { Run(); });
}

void DeadLetters::Offer(const rd_kafka_message_t& message, RejectReason reason) {
  const DeadPlace place = DeadPlaceOf(message);
  {
    const MutexLock lock(&mutex_);
    if (book_.Offer(place, DeadLetterBytes(message)) == DeadLetterBook::Keep::kLetter) {
      book_.Put(MakeDeadLetter(message, reason));
    }
    offered_ = true;
  }
  changed_.NotifyAll();
}

void DeadLetters::Stop(int64_t grace_ns) {
  {
    const MutexLock lock(&mutex_);
    if (!std::exchange(stopping_, true)) stop_at_ns_ = MonotonicNs() + grace_ns;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

DeadLetterCounts DeadLetters::counts() const {
  const MutexLock lock(&mutex_);
  return book_.counts();
}

bool DeadLetters::known_wanted() const {
  const MutexLock lock(&mutex_);
  return book_.known_wanted();
}

bool DeadLetters::MustStop() const {
  const MutexLock lock(&mutex_);
  return stopping_ && MonotonicNs() >= stop_at_ns_;
}

void DeadLetters::SleepMs(int wait_ms) {
  const MutexLock lock(&mutex_);
  changed_.WaitFor(&mutex_, std::chrono::milliseconds(wait_ms),
                   [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; });
}

void DeadLetters::Run() {
  for (;;) {
    try {
      Round();
      const DeadLetterCounts now = counts();
      // A round without an error shows nothing while writes are under way.
      const bool moved = std::exchange(told_written_, now.written) != now.written;
      if (present_ && (moved || now.pending == 0)) TellState("");
    } catch (const std::runtime_error& error) {
      TellState(error.what());
      SleepMs(kRetryMs);
    }
    TellLost();
    const MutexLock lock(&mutex_);
    // Without Kafka there is nothing to wait for when the end has come.
    if (stopping_ && (MonotonicNs() >= stop_at_ns_ || book_.counts().pending == 0 || !problem_.empty())) break;
    if (book_.counts().pending == 0 && !book_.known_wanted()) {
      changed_.WaitFor(&mutex_, std::chrono::milliseconds(kIdleMs),
                       [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || offered_; });
    }
    offered_ = false;
  }
  topic_.DropProducer();
  const DeadLetterCounts counts = this->counts();
  if (counts.pending > 0) {
    spdlog::warn("[DLQ] {} rejected records are not in {} yet; the next start reads them again", counts.pending, name_);
  }
}

void DeadLetters::Round() {
  if (!FindTopic()) return SleepMs(kRetryMs);
  bool idle = false;
  {
    const MutexLock lock(&mutex_);
    idle = book_.idle();
  }
  // What is under way comes to its end first: reading decides only about what no longer moves.
  if (idle && known_wanted() && !ReadKnown()) return;
  if (idle) heard_ns_ = MonotonicNs();
  FetchAgain();
  Send();
  {
    const MutexLock lock(&mutex_);
    idle = book_.idle();
  }
  if (idle) return;
  if (TakeReports(kReportsMs)) {
    heard_ns_ = MonotonicNs();
  } else if (MonotonicNs() - heard_ns_ > kSilenceNsMax) {
    TellState("no answer for " + std::to_string(kSilenceNsMax / 1'000'000'000) + " s");
  }
}

bool DeadLetters::FindTopic() {
  if (present_) return true;
  present_ = topic_.Present();
  if (!present_) TellState("topic " + name_ + " does not exist, and Kafka does not create it; create it");
  return present_;
}

bool DeadLetters::ReadKnown() {
  int64_t found = 0;
  const auto forget = [this] {
    const MutexLock lock(&mutex_);
    book_.ForgetKnown();
  };
  const auto known = [&](const DeadPlace& place) {
    ++found;
    const MutexLock lock(&mutex_);
    book_.AddKnown(place);
  };
  if (!topic_.ReadOn(forget, known, [this] { return MustStop(); })) return false;
  spdlog::info("[DLQ] {} was read to its end: {} dead letters of {} found", name_, found, source_);
  MutexLock lock(&mutex_);
  book_.EndKnown();
  const int64_t forgotten = book_.counts().forgotten;
  lock.Unlock();
  if (std::exchange(told_forgotten_, forgotten) != forgotten) {
    spdlog::warn(
        "[DLQ] {} holds more dead letters of {} than are remembered: rejected records up to the {} oldest count as "
        "written",
        name_, source_, forgotten);
  }
  return true;
}

void DeadLetters::FetchAgain() {
  std::vector<DeadPlace> places;
  {
    const MutexLock lock(&mutex_);
    places = book_.PlacesToFetch(kFetchMax);
  }
  if (places.empty()) return;
  const auto take = [this](const DeadPlace& place, const rd_kafka_message_t* message) {
    if (message == nullptr) {
      const MutexLock lock(&mutex_);
      book_.Gone(place);
      return true;
    }
    const auto* key = static_cast<const char*>(message->key);
    const auto* value = static_cast<const char*>(message->payload);
    RejectReason reason = decoder_.Decode(
        key == nullptr ? std::string_view() : std::string_view(key, message->key_len),
        value == nullptr ? std::nullopt : std::optional(std::string_view(value, message->len)), &payment_);
    if (reason == RejectReason::kNone) reason = RejectReason::kWrongKey;  // it was rejected: not for its value
    DeadLetter letter = MakeDeadLetter(*message, reason);
    const MutexLock lock(&mutex_);
    return book_.Fetched(std::move(letter));
  };
  topic_.Fetch(places, take, [this] { return MustStop(); });
}

void DeadLetters::Send() {
  for (int64_t sent = 0; sent < kInFlightMax; ++sent) {
    const DeadLetter* letter = nullptr;
    {
      const MutexLock lock(&mutex_);
      letter = book_.Next();
    }
    if (letter == nullptr) return;
    if (topic_.Send(*letter)) continue;
    const MutexLock lock(&mutex_);
    book_.NotWritten(letter->place);
    return;
  }
}

bool DeadLetters::TakeReports(int timeout_ms) {
  using Outcome = DeadLetterTopic::Outcome;
  bool unknown = false;
  std::string reason;
  const std::vector<DeadLetterTopic::Report> reports = topic_.Poll(timeout_ms);
  for (const DeadLetterTopic::Report& report : reports) {
    if (report.outcome == Outcome::kRefused) {
      spdlog::error("[DLQ] partition {} offset {} can't be written to {}: {}", report.place.partition,
                    report.place.offset, name_, report.reason);
    }
    const MutexLock lock(&mutex_);
    if (report.outcome == Outcome::kWritten) book_.Written(report.place);
    if (report.outcome == Outcome::kRefused) book_.Refused(report.place);
    if (report.outcome == Outcome::kNotWritten) {
      reason = report.reason;
      book_.NotWritten(report.place);
    }
    if (report.outcome == Outcome::kUnknown) {
      reason = report.reason;
      unknown = true;
    }
  }
  if (unknown || topic_.failed()) {
    // With the producer goes what it might still send: after that the topic tells which writes were done.
    topic_.DropProducer();
    const MutexLock lock(&mutex_);
    book_.InDoubt();
  }
  if (reason.empty()) return !reports.empty();
  present_ = false;  // it may be gone
  throw std::runtime_error(reason);
}

void DeadLetters::TellLost() {
  const int64_t now_ns = MonotonicNs();
  if (now_ns - told_lost_ns_ < kLostLineEveryNs && !MustStop()) return;
  told_lost_ns_ = now_ns;
  std::vector<LostRange> ranges;
  {
    const MutexLock lock(&mutex_);
    ranges = book_.TakeLost();
  }
  for (const LostRange& range : ranges) {
    spdlog::error(
        "[DLQ] partition {}: {} rejected records between offsets {} and {} are not written to {}: no room to keep even "
        "their positions, or Kafka has or takes them no longer; a restart tries again",
        range.partition, range.records, range.first, range.last, name_);
  }
}

void DeadLetters::TellState(const std::string& problem) {
  if (problem_ == problem) return;
  problem_ = problem;
  if (problem.empty()) {
    spdlog::info("[DLQ] rejected records go to {}", name_);
  } else {
    spdlog::warn("[DLQ] {} can't be written: {}; rejected records are kept or read again later", name_, problem);
  }
}

}  // namespace pipeline
