#include "producer/producer_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

#include "common/clock.h"
#include "common/mutex.h"
#include "payment/money.h"
#include "producer/ack_log.h"
#include "producer/payment_maker.h"
#include "producer/record_producer.h"
#include "text/duration.h"

namespace pipeline {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kHurrySliceNs = 100 * kMillisecondNs;
constexpr int64_t kConnectSliceNs = 500 * kMillisecondNs;
constexpr int64_t kRoomWaitNs = 20 * kMillisecondNs;

class ProducerRun {
 public:
  ProducerRun(const ProducerOptions& options, bool utf8, StopSignal* stop, std::ostream& out, std::ostream& err)
      : options_(options), utf8_(utf8), stop_(stop), out_(out), err_(err) {}

  int Run();

 private:
  void PrintBanner();
  bool Connect();
  int64_t PlannedNs(int64_t index) const;
  void SendAll();
  void SendOne();
  // It never left.
  void FailUnsent(const MadeRecord& made);
  bool AwaitOutcomes();
  int Finish();
  void OnReports(std::span<const DeliveryReport> reports);
  std::string ReportLine(const DeliveryReport& report) const;
  void StopBecause(const std::string& what);

  const ProducerOptions& options_;
  const bool utf8_;
  StopSignal* const stop_;
  const int64_t started_ns_ = MonotonicNs();

  // What the main and the delivery thread share.
  Mutex mutex_;
  std::ostream& out_ ABSL_GUARDED_BY(mutex_);
  std::ostream& err_ ABSL_GUARDED_BY(mutex_);
  AckLogTotals totals_ ABSL_GUARDED_BY(mutex_);  // of the outcomes that were told
  std::atomic<bool> broken_ = false;             // the ack log could not be written

  int64_t sent_ = 0;
  std::unique_ptr<AckLog> ack_log_;
  std::unique_ptr<PaymentMaker> maker_;
  std::string value_;
  std::unique_ptr<RecordProducer> producer_;  // last: its thread uses the rest
};

int ProducerRun::Run() {
  PrintBanner();
  uint64_t first_sequence = 1;
  try {
    if (!options_.ack_log.empty()) {
      ack_log_ = std::make_unique<AckLog>(options_.ack_log, options_.rec_prefix);
      first_sequence = ack_log_->next_sequence();
    }
    maker_ = std::make_unique<PaymentMaker>(MakerOptions{options_.seed, options_.rec_prefix, first_sequence,
                                                         options_.records_per_payment_min,
                                                         options_.records_per_payment_max});
    RecordProducerOptions producer;
    producer.kafka = options_.kafka;
    producer.keys = options_.quiet ? ReportKeys::kOfFailures : ReportKeys::kAll;
    producer_ = std::make_unique<RecordProducer>(
        std::move(producer), [this](std::span<const DeliveryReport> reports) { OnReports(reports); });
  } catch (const std::exception& error) {
    const MutexLock lock(&mutex_);
    err_ << "payment-producer: " << error.what() << std::endl;
    return 2;
  }
  if (!Connect()) return 3;
  SendAll();
  return Finish();
}

void ProducerRun::PrintBanner() {
  const std::string pace = options_.rate_per_s > 0    ? fmt::format("{}/s", options_.rate_per_s)
                           : options_.interval_ns > 0 ? fmt::format("one every {}", DurationText(options_.interval_ns))
                                                      : "as fast as it goes";
  const std::string count = options_.count > 0 ? std::to_string(options_.count) : "until stopped";
  const MutexLock lock(&mutex_);
  out_ << fmt::format("Payment Producer\n  Broker: {}\n  Topic:  {}\n  SSL:    {}\n  Count:  {} ({})\n",
                      options_.kafka.brokers, options_.kafka.topic, options_.kafka.ssl ? "enabled" : "disabled", count,
                      pace)
       << std::endl;
}

// Asks in slices, so that a signal is heeded while no broker answers.
bool ProducerRun::Connect() {
  const int64_t deadline_ns = started_ns_ + options_.connect_timeout_ns;
  while (!stop_->requested()) {
    const int64_t left_ns = deadline_ns - MonotonicNs();
    if (left_ns <= 0) break;
    const int64_t slice_ms = std::max<int64_t>(1, std::min(left_ns, kConnectSliceNs) / kMillisecondNs);
    try {
      if (producer_->Partitions(static_cast<int>(slice_ms)) == 0) {
        const MutexLock lock(&mutex_);
        err_ << fmt::format("Topic {} does not exist yet; sending to it makes a broker that may create topics do so.",
                            options_.kafka.topic)
             << std::endl;
      }
      return true;
    } catch (const std::runtime_error&) {
      // Not yet. Why, librdkafka has logged.
    }
  }
  const MutexLock lock(&mutex_);
  err_ << fmt::format(
              "payment-producer: no broker reached at {} within {}. Start one, or name yours with --brokers HOST:PORT "
              "or "
              "KAFKA_BROKERS.",
              options_.kafka.brokers, DurationText(options_.connect_timeout_ns))
       << std::endl;
  return false;
}

// From the index, not from the last send: a late one does not move the next.
int64_t ProducerRun::PlannedNs(int64_t index) const {
  if (options_.rate_per_s > 0) return static_cast<int64_t>(static_cast<double>(index) / options_.rate_per_s * 1e9);
  return index * options_.interval_ns;
}

void ProducerRun::SendAll() {
  const int64_t begin_ns = MonotonicNs();
  const bool paced = options_.rate_per_s > 0 || options_.interval_ns > 0;
  for (int64_t i = 0; options_.count == 0 || i < options_.count; ++i) {
    if (paced ? stop_->WaitUntil(begin_ns + PlannedNs(i)) : stop_->requested()) return;
    SendOne();
  }
}

void ProducerRun::SendOne() {
  value_.clear();
  const MadeRecord made = maker_->Make(WallSeconds(), &value_);
  if (broken_) return;
  ++sent_;
  if (!options_.quiet) {
    const MutexLock lock(&mutex_);
    out_ << fmt::format("[SEND] {} | {} | {} {}", made.key, made.provider, ToText(made.raw_amount, 2), made.currency)
         << std::endl;
  }
  try {
    // Before the record can leave: what is in the topic is in this file.
    if (ack_log_) ack_log_->Send(made.sequence, made.key, value_, -1);
  } catch (const std::system_error& error) {
    StopBecause(error.what());
    FailUnsent(made);
    return;
  }
  while (!producer_->TrySend(made.sequence, -1, made.key, value_)) {
    if (stop_->requested()) {
      FailUnsent(made);
      return;
    }
    producer_->WaitForRoom(MonotonicNs() + kRoomWaitNs);
  }
}

void ProducerRun::FailUnsent(const MadeRecord& made) {
  DeliveryReport report;
  report.sequence = made.sequence;
  report.key = made.key;
  report.time_ns = MonotonicNs();
  report.outcome = DeliveryOutcome::kFail;
  report.error = RD_KAFKA_RESP_ERR__PURGE_QUEUE;
  OnReports({&report, 1});
}

std::string ProducerRun::ReportLine(const DeliveryReport& report) const {
  switch (report.outcome) {
    case DeliveryOutcome::kOk:
      return fmt::format("[PRODUCER] {}Delivered: {} [partition {}]", utf8_ ? "✅ " : "", report.key, report.partition);
    case DeliveryOutcome::kFail:
      return fmt::format("[PRODUCER] {}Failed: {}: {}", utf8_ ? "❌ " : "", report.key, rd_kafka_err2str(report.error));
    case DeliveryOutcome::kUnknown:
      break;
  }
  return fmt::format("[PRODUCER] {}Unknown: {}: {}; the broker may have it or not", utf8_ ? "❓ " : "", report.key,
                     rd_kafka_err2str(report.error));
}

void ProducerRun::OnReports(std::span<const DeliveryReport> reports) {
  try {
    if (ack_log_ && !broken_) ack_log_->Outcomes(reports);
  } catch (const std::system_error& error) {
    StopBecause(error.what());
  }
  const MutexLock lock(&mutex_);
  bool told = false;
  for (const DeliveryReport& report : reports) {
    if (report.outcome == DeliveryOutcome::kOk) ++totals_.ok;
    if (report.outcome == DeliveryOutcome::kFail) ++totals_.failed;
    if (options_.quiet && report.outcome == DeliveryOutcome::kOk) continue;
    out_ << ReportLine(report) << '\n';
    told = true;
  }
  if (told) out_.flush();
}

void ProducerRun::StopBecause(const std::string& what) {
  const MutexLock lock(&mutex_);
  if (!broken_) {
    err_ << "payment-producer: " << what << "; stopping, for what is sent could not be recorded" << std::endl;
  }
  broken_ = true;
  stop_->Request();
}

// False: not all came within the time for it, or the user does not want to wait.
bool ProducerRun::AwaitOutcomes() {
  const int64_t deadline_ns = MonotonicNs() + options_.flush_timeout_ns;
  for (;;) {
    const int64_t now_ns = MonotonicNs();
    if (producer_->WaitUntilBelow(1, std::min(deadline_ns, now_ns + kHurrySliceNs))) return true;
    if (stop_->hurried() || now_ns >= deadline_ns) return false;
  }
}

int ProducerRun::Finish() {
  if (!AwaitOutcomes()) {
    {
      const MutexLock lock(&mutex_);
      err_ << fmt::format(
                  "payment-producer: {} records still without an outcome {}; giving up on them", producer_->in_flight(),
                  stop_->hurried() ? "at the second signal" : "after " + DurationText(options_.flush_timeout_ns))
           << std::endl;
    }
    producer_->Purge();
  }
  const int64_t rebuilds = producer_->rebuilds();
  producer_.reset();  // no delivery thread from here on
  AckLogTotals totals;
  {
    const MutexLock lock(&mutex_);
    totals = totals_;
    totals.sent = sent_;
    // Records that were written down but whose report never came.
    totals.unknown = totals.sent - totals.ok - totals.failed;
    out_ << fmt::format("\nSummary: sent {}, delivered {}, failed {}, unknown {} in {:.1f} s{}", totals.sent, totals.ok,
                        totals.failed, totals.unknown, static_cast<double>(MonotonicNs() - started_ns_) / 1e9,
                        rebuilds > 0 ? fmt::format(" (the producer was rebuilt {} times)", rebuilds) : "")
         << std::endl;
  }
  try {
    if (ack_log_ && !broken_) ack_log_->End(totals);
  } catch (const std::system_error& error) {
    StopBecause(error.what());
  }
  return broken_ || totals.ok != totals.sent ? 1 : 0;
}

}  // namespace

int RunPaymentProducer(const ProducerOptions& options, bool utf8, StopSignal* stop, std::ostream& out,
                       std::ostream& err) {
  return ProducerRun(options, utf8, stop, out, err).Run();
}

}  // namespace pipeline
