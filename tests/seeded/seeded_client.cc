// A client with a bug, for the tests of the verdict: the real subscription with an event log of its own making that is
// not what was received. Never installed.
//
//   seeded-client BUG[:SEED] SERVERS EVENT_LOG [BACKOFF_MS]
//     none       no bug: must pass
//     drop-one   the 50th event is received and never handed on
//     repeat     after resuming, the first event is handed on twice
//     freeze     stops handing on after the 50th event, and says nothing
//     phantom    hands on a payment that nobody sent, beside the 50th
//     amount     the 50th event's amount is changed
//     metadata   the 50th event's metadata is changed
//     partition  hands on nothing of partition 0 from the 50th event on
//     swap       the 50th event is handed on after the next one of its partition
//     clock      from the 50th event on, its clock is 155 minutes behind
//     impossible-event  the 50th event's payment has no id
//     storm      comes back without any pause, whatever BACKOFF_MS says
// With a SEED another event is the 50th.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client/event_log.h"
#include "client/subscription.h"
#include "common/line_file.h"
#include "common/program.h"
#include "common/settings.h"
#include "tests/seeded/bug_argument.h"

namespace {

constexpr int64_t kVictim = 50;
constexpr int64_t kVictimMin = 30;
constexpr uint64_t kVictims = 60;
constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kBehindNs = int64_t{155} * 60 * 1'000'000'000;

class BuggyLog : public pipeline::SubscriptionObserver {
 public:
  BuggyLog(const BugArgument& bug, const std::string& path)
      : bug_(bug.name),
        file_(pipeline::LineFile::OpenForAppend(path)),
        victim_(bug.Victim(kVictimMin, kVictims, kVictim)) {}

  void OnStarted(const pipeline::StreamStarted& start) override {
    first_after_resume_ = start.resumed;
    Write([&](std::string* entry) { pipeline::AppendConnectionEntry(start, {}, nullptr, entry); });
  }

  void OnEvent(const pipeline::ReceivedEvent& event) override {
    ++events_;
    const bool is_victim = events_ == victim_;
    if (bug_ == "drop-one" && is_victim) return;
    if (bug_ == "freeze" && events_ > victim_) return;
    if (bug_ == "partition" && events_ >= victim_ && event.partition == 0) return;
    if (bug_ == "swap" && is_victim) {
      held_ = event;
      return;
    }
    pipeline::ReceivedEvent changed = event;
    if (bug_ == "metadata" && is_victim) changed.payment.metadata.clear();
    if (bug_ == "amount" && is_victim) changed.payment.amount.units += 1;
    if (bug_ == "clock" && events_ >= victim_) changed.time_ns -= kBehindNs;
    if (bug_ == "impossible-event" && is_victim) changed.payment.id.clear();
    WriteEvent(changed);
    if (held_ && held_->partition == event.partition) WriteEvent(*std::exchange(held_, std::nullopt));
    if (bug_ == "repeat" && first_after_resume_) WriteEvent(event);
    if (bug_ == "phantom" && is_victim) {
      changed.payment.id = "pay_phantom";
      changed.payment.metadata.clear();
      changed.offset += 1'000'000;
      WriteEvent(changed);
    }
    first_after_resume_ = false;
  }

  void OnEnded(const pipeline::StreamEnded& end) override {
    Write([&](std::string* entry) { pipeline::AppendEndEntry(end, entry); });
  }

 private:
  template <typename Append>
  void Write(const Append& append) {
    std::string entry;
    append(&entry);
    file_.Append(entry);
  }
  void WriteEvent(const pipeline::ReceivedEvent& event) {
    Write([&](std::string* entry) { pipeline::AppendEventEntry(event, entry); });
  }

  std::string bug_;
  pipeline::LineFile file_;
  int64_t victim_;
  int64_t events_ = 0;
  std::optional<pipeline::ReceivedEvent> held_;
  bool first_after_resume_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: seeded-client BUG SERVERS EVENT_LOG [BACKOFF_MS]\n";
    return 2;
  }
  pipeline::StopSignal stop;
  pipeline::SubscriptionOptions options;
  options.servers = pipeline::ServerAddresses(argv[2], 50051);
  options.reconnect.attempts_max = 0;
  options.reconnect.delay_min_ns = 50 * kMillisecondNs;
  options.reconnect.delay_max_ns = (argc > 4 ? std::atoi(argv[4]) : 500) * kMillisecondNs;
  const BugArgument bug(argv[1]);
  if (bug.name == "storm") options.reconnect.delay_min_ns = options.reconnect.delay_max_ns = kMillisecondNs;
  BuggyLog observer(bug, argv[3]);
  pipeline::Subscription subscription(options, &observer);
  const pipeline::StopCallback on_stop(&stop, [&] { subscription.Stop(); });
  const pipeline::SubscriptionResult result = subscription.Run();
  if (result.kind == pipeline::SubscriptionResult::Kind::kStopped) return 0;
  std::cerr << fmt::format("seeded-client: code {}: {}\n", result.code, result.message);
  return 1;
}
