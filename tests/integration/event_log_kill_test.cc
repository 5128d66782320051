// The event log of the real payment-client holds each record exactly once, in its partition's order, however often and
// whenever the client is killed, and wherever its last bytes are cut; and what a client showed was in the file.
#include <gtest/gtest.h>

#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/line_file.h"
#include "tests/client/client_program.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

using Json = nlohmann::json;

constexpr int kKills = 200;
constexpr int kPartitions = 3;
constexpr auto kInterval = std::chrono::milliseconds(1);  // between records

int64_t SizeOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// Sends payments, each with an id of its own, to all partitions in turn until it is stopped.
class SteadyProducer {
 public:
  explicit SteadyProducer(TestKafka* kafka) : kafka_(kafka), thread_([this] { Run(); }) {}
  ~SteadyProducer() { Stop(); }
  // How many each partition has.
  std::vector<int64_t> Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    return counts_;
  }

 private:
  void Run() {
    auto due = std::chrono::steady_clock::now();
    for (int64_t sent = 0;; ++sent, due += kInterval) {
      {
        std::unique_lock lock(mutex_);
        if (changed_.wait_until(lock, due, [this] { return stopping_; })) break;
      }
      const auto partition = static_cast<int32_t>(sent % kPartitions);
      kafka_->ProducePayment(partition, "pay_" + std::to_string(sent));
      ++counts_[static_cast<size_t>(partition)];
    }
    kafka_->Flush();
  }

  TestKafka* const kafka_;
  std::vector<int64_t> counts_ = std::vector<int64_t>(kPartitions, 0);
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // under mutex_
  std::thread thread_;
};

// What the whole lines of a log say.
class LogReader {
 public:
  explicit LogReader(std::string path) : path_(std::move(path)) {}

  // Reads on from where it ended. Fails the test at the first record that is not the next one of its partition: a gap
  // or a repeat.
  void ReadOn() {
    std::ifstream in(path_, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(at_));
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    for (const std::string& line : Lines(bytes)) {
      at_ += line.size() + 1;
      ASSERT_EQ(CheckLine(line), LineState::kSealed) << line;
      const Json entry = Json::parse(line);
      if (entry["type"] != "event") continue;
      Event& event = events_.emplace_back();
      event = {at_, entry["p"].get<size_t>(), entry["payment"]["id"].get<std::string>()};
      ASSERT_EQ(entry["o"].get<int64_t>(), next_[event.partition]++) << line;
      ids_.insert(event.id);
    }
  }
  // The file was cut; the rest of a line that was cut is no line.
  void ForgetBeyond(size_t size) {
    for (; !events_.empty() && events_.back().end > size; events_.pop_back()) {
      --next_[events_.back().partition];
      ids_.erase(events_.back().id);
    }
    if (size < at_) at_ = events_.empty() ? 0 : events_.back().end;
  }
  const std::vector<int64_t>& next() const { return next_; }
  const std::set<std::string>& ids() const { return ids_; }

 private:
  struct Event {
    size_t end = 0;  // in the file
    size_t partition = 0;
    std::string id;
  };
  const std::string path_;
  size_t at_ = 0;
  std::vector<Event> events_;
  std::vector<int64_t> next_ = std::vector<int64_t>(kPartitions, 0);
  std::set<std::string> ids_;
};

// Of one life, from its own output.
void ExpectShownIsInTheFile(const std::string& output, const LogReader& log) {
  for (const std::string& line : Lines(output)) {
    const Json shown = Json::parse(line);
    if (shown.contains("payment")) {
      ASSERT_TRUE(log.ids().contains(shown["payment"]["id"].get<std::string>()))
          << line << " was shown, and is not there";
    }
  }
}

uint64_t Seed() {
  const char* given = std::getenv("EVENT_LOG_KILL_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device()();
}

// A moment of the life of `client` that nothing announces: after so much time, or with so much more in its file.
void WaitForAMoment(const std::string& path, std::mt19937_64* random) {
  const int64_t begin_ns = MonotonicNs();
  const bool by_size = (*random)() % 4 != 0;
  const int64_t size = SizeOf(path) + static_cast<int64_t>((*random)() % 16'000);
  const int64_t end_ns = begin_ns + static_cast<int64_t>((*random)() % 60'000'000);
  const int64_t deadline_ns = begin_ns + 20'000'000'000;
  while (by_size ? SizeOf(path) < size && MonotonicNs() < deadline_ns : MonotonicNs() < end_ns) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

// What a file system may leave of the last writes when not the process alone dies.
void CutTail(const std::string& path, std::mt19937_64* random) {
  const int64_t cut = 1 + static_cast<int64_t>((*random)() % 900);
  std::filesystem::resize_file(path, static_cast<uintmax_t>(std::max<int64_t>(0, SizeOf(path) - cut)));
}

TEST(EventLogKillTest, HoldsEachRecordOnceOverTwoHundredKills) {
  const uint64_t seed = Seed();
  SCOPED_TRACE("run again with EVENT_LOG_KILL_SEED=" + std::to_string(seed));
  std::cout << "EVENT_LOG_KILL_SEED=" << seed << std::endl;
  std::mt19937_64 random(seed);
  TestKafka kafka(kPartitions);
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  SteadyProducer producer(&kafka);
  const TempFolder folder;
  const std::string path = folder.File("events.jsonl");
  const std::vector<std::string> args = {
      "--server",  "127.0.0.1:" + std::to_string(server.port()), "--event-log", path, "--json", "--backoff",
      "10ms..50ms"};
  LogReader log(path);
  int cuts = 0;
  int grown = 0;  // lives that got as far as to write events
  for (int kills = 0; kills < kKills && !HasFatalFailure(); ++kills) {
    ClientProgram client(args);
    WaitForAMoment(path, &random);
    client.Signal(SIGKILL);
    ASSERT_EQ(client.Wait(), -SIGKILL) << client.output() << client.errors();
    const size_t before = log.ids().size();
    ASSERT_NO_FATAL_FAILURE(log.ReadOn());
    grown += log.ids().size() > before ? 1 : 0;
    ASSERT_NO_FATAL_FAILURE(ExpectShownIsInTheFile(client.output(), log));
    if (random() % 3 == 0 && SizeOf(path) > 0) {
      CutTail(path, &random);
      log.ForgetBeyond(static_cast<size_t>(SizeOf(path)));
      ++cuts;
    }
  }
  const std::vector<int64_t> counts = producer.Stop();
  ClientProgram client(args);
  ASSERT_TRUE(Eventually([&] {
    client.ReadWhatIsThere();
    log.ReadOn();
    return HasFatalFailure() || log.next() == counts;
  })) << "acknowledged records are not in the file";
  client.Signal(SIGTERM);
  EXPECT_EQ(client.Wait(), 0) << client.errors();
  ASSERT_NO_FATAL_FAILURE(log.ReadOn());
  EXPECT_EQ(log.next(), counts);
  EXPECT_GT(cuts, 0);
  EXPECT_GT(grown, kKills / 3);
  RecordProperty("lives_that_wrote", grown);
}

}  // namespace
}  // namespace pipeline
