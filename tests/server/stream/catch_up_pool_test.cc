// A reader takes no more of Kafka at once than a stream that reads nothing may hold, hands over all that is owed, and
// nothing that is not proved to be of the log that the stream began in.
#include "server/stream/catch_up_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/crc32c.h"
#include "tests/server/server_testing.h"
#include "tests/stream/stream_testing.h"

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
  void Leave(const std::vector<int64_t>& covered) override {
    const std::lock_guard lock(mutex_);
    left_at_ = covered;
  }
  Join TryJoin(const std::vector<int64_t>& covered) override {
    const std::lock_guard lock(mutex_);
    tried_.insert(covered[0]);
    return offsets_.size() < wanted_ ? Join::kNotYet : Join::kJoined;
  }
  void OnCatchUpRefused(Refusal refusal) override { ADD_FAILURE() << refusal.message; }
  void OnCatchUpFailed(const std::string& reason) override { ADD_FAILURE() << reason; }
  bool ended() const override { return false; }

  int64_t bytes_max() const { return bytes_max_; }  // of one Send; once the pool is done
  const std::vector<int64_t>& offsets() const { return offsets_; }
  std::vector<int64_t> left_at() const {
    const std::lock_guard lock(mutex_);
    return left_at_;
  }
  const std::set<int64_t>& tried() const { return tried_; }  // from where it was to join

 private:
  const size_t wanted_;
  const Filter filter_;
  mutable std::mutex mutex_;
  std::vector<int64_t> offsets_;
  std::vector<int64_t> left_at_;
  std::set<int64_t> tried_;
  int64_t bytes_max_ = 0;
};

// A pool beside a replica that has read partition 0 up to `newest`, and what it says of other logs.
struct Pool {
  Pool(const TestKafka& kafka, const LogRecord& newest)
      : evidence(kafka.settings(), &replica, 10'000'000'000),
        proof(&replica, &evidence, [this](const std::string&) { ++doubts; }),
        pool(kafka.settings(), 1, &proof) {
    replica.Update([&](ReplicaState& state) {
      state.Start("log", {{newest.offset, newest.offset + 1}});
      state.Apply(newest);
    });
  }
  ~Pool() {
    pool.Stop();
    evidence.Stop();
  }

  Replica replica{1'000'000};
  EvidenceReader evidence;
  std::atomic<int> doubts = 0;
  LogProof proof;
  CatchUpPool pool;
};

LogRecord RecordAt(int64_t offset, const std::string& key, const std::string& value) {
  LogRecord record = MakeRecord(0, offset, key);
  record.record_crc32c = RecordCrc32c(key, value);
  return record;
}

TEST(CatchUpPoolTest, HandsOverLargeRecordsAFewAtATime) {
  constexpr size_t kRecords = 60;
  constexpr size_t kRecordBytes = 100'000;
  TestKafka kafka(1);
  const std::string note(kRecordBytes, 'x');
  for (size_t i = 0; i < kRecords; ++i) {
    kafka.ProducePayment(0, "pay_" + std::to_string(i), "pending", "stripe", R"(,"metadata":{"note":")" + note + "\"}");
  }
  kafka.ProducePayment(0, "newest");
  kafka.Flush();
  Pool beside(kafka, RecordAt(kRecords, "newest", PaymentJson("newest")));
  CatchUpPool& pool = beside.pool;
  const auto stream = std::make_shared<TakingStream>(kRecords);
  pool.Submit(stream);
  ASSERT_TRUE(Eventually([&] { return pool.caught_up() == 1; }));
  pool.Stop();
  std::vector<int64_t> all;
  for (size_t i = 0; i < kRecords; ++i) all.push_back(static_cast<int64_t>(i));
  std::vector<int64_t> offsets = stream->offsets();
  offsets.resize(kRecords);  // the newest may have come with them
  EXPECT_EQ(offsets, all);
  EXPECT_EQ(beside.doubts, 0);
  EXPECT_EQ(pool.unproved(), 0);
  // 256 KiB, and the record that fills them up.
  EXPECT_LE(stream->bytes_max(), int64_t{256} * 1024 + static_cast<int64_t>(kRecordBytes) + 1000);
}

// The topic holds as many records as the replica has read, and others: it was made again, and the replica's reader has
// not looked yet. Nothing of it reaches the stream, which is left where it stood.
TEST(CatchUpPoolTest, HandsOverNothingOfAnotherLog) {
  TestKafka kafka(1);
  for (int i = 0; i < 5; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(i));
  kafka.Flush();
  for (const LogRecord& newest : {RecordAt(4, "old_4", PaymentJson("old_4")),     // another record is there
                                  RecordAt(7, "old_7", PaymentJson("old_7"))}) {  // it ends before that
    SCOPED_TRACE(newest.offset);
    Pool beside(kafka, newest);
    const auto stream = std::make_shared<TakingStream>(5);
    beside.pool.Submit(stream);
    ASSERT_TRUE(Eventually([&] { return beside.pool.unproved() == 1; }));
    beside.pool.Stop();
    EXPECT_EQ(stream->offsets(), std::vector<int64_t>{});
    EXPECT_EQ(stream->left_at(), std::vector<int64_t>{-1});
    EXPECT_EQ(stream->tried(), std::set<int64_t>{-1}) << "nor does it join the window behind what was read";
    EXPECT_EQ(beside.doubts, 1);
  }
}

}  // namespace
}  // namespace pipeline
