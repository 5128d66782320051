// A reader takes no more of Kafka at once than a stream that reads nothing may hold, and hands over all that is owed.
#include "server/stream/catch_up_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

// Takes what it is given, and leaves when it has `wanted` records.
class TakingStream : public CaughtUpStream {
 public:
  explicit TakingStream(size_t wanted) : wanted_(wanted) {}

  const Filter& catch_up_filter() const override { return filter_; }
  std::vector<int64_t> catch_up_from() const override { return {-1}; }
  bool compacted() const override { return false; }
  bool Send(std::vector<StreamEvent> events, const std::vector<int64_t>& /*covered*/) override {
    const std::lock_guard lock(mutex_);
    int64_t bytes = 0;
    for (const StreamEvent& event : events) {
      bytes += event.frame.bytes.size();
      offsets_.push_back(event.offset);
    }
    bytes_max_ = std::max(bytes_max_, bytes);
    return true;
  }
  void Leave(const std::vector<int64_t>& /*covered*/) override {}
  Join TryJoin(const std::vector<int64_t>& /*covered*/) override {
    const std::lock_guard lock(mutex_);
    return offsets_.size() < wanted_ ? Join::kNotYet : Join::kJoined;
  }
  void OnCatchUpRefused(Refusal refusal) override { ADD_FAILURE() << refusal.message; }
  void OnCatchUpFailed(const std::string& reason) override { ADD_FAILURE() << reason; }
  bool ended() const override { return false; }

  int64_t bytes_max() const { return bytes_max_; }  // of one Send; once the pool is done
  const std::vector<int64_t>& offsets() const { return offsets_; }

 private:
  const size_t wanted_;
  const Filter filter_;
  mutable std::mutex mutex_;
  std::vector<int64_t> offsets_;
  int64_t bytes_max_ = 0;
};

TEST(CatchUpPoolTest, HandsOverLargeRecordsAFewAtATime) {
  constexpr size_t kRecords = 60;
  constexpr size_t kRecordBytes = 100'000;
  TestKafka kafka(1);
  const std::string note(kRecordBytes, 'x');
  for (size_t i = 0; i < kRecords; ++i) {
    kafka.ProducePayment(0, "pay_" + std::to_string(i), "pending", "stripe", R"(,"metadata":{"note":")" + note + "\"}");
  }
  kafka.Flush();
  CatchUpPool pool(kafka.settings(), 1);
  const auto stream = std::make_shared<TakingStream>(kRecords);
  pool.Submit(stream);
  ASSERT_TRUE(Eventually([&] { return pool.caught_up() == 1; }));
  pool.Stop();
  std::vector<int64_t> all;
  for (size_t i = 0; i < kRecords; ++i) all.push_back(static_cast<int64_t>(i));
  EXPECT_EQ(stream->offsets(), all);
  // 256 KiB, and the record that fills them up.
  EXPECT_LE(stream->bytes_max(), 256 * 1024 + static_cast<int64_t>(kRecordBytes) + 1000);
}

}  // namespace
}  // namespace pipeline
