// The audit sees every record of the topic, with its own eyes: content, identity, checksum, rejected ones included; it
// knows how far it has read; and when the log loses what it had not read, it says so.
#include "harness/observe/audit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/crc32c.h"
#include "harness/broker/mock_cluster.h"
#include "harness/contract/canonical.h"
#include "harness/observe/log_lines.h"
#include "observe_testing.h"
#include "producer/payment_maker.h"
#include "producer/record_producer.h"

namespace harness {
namespace {

constexpr int kPartitions = 4;
constexpr int kWaitSeconds = 60;

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    cluster_.CreateTopic("payments.raw", kPartitions);
    kafka_.brokers = cluster_.bootstrap();
    recorder_.AddProducer("load", true);
    recorder_.AddProducer(std::string(kSentinelProducer), true);
  }
  pipeline::RecordProducer Producer(const pipeline::KafkaProperties& properties = {{"compression.type", "lz4"}}) {
    return pipeline::RecordProducer({.kafka = kafka_, .properties = properties}, [](auto) {});
  }
  static void Send(pipeline::RecordProducer* producer, uint64_t sequence, int32_t partition, std::string_view key,
                   std::string_view value) {
    while (!producer->TrySend(sequence, partition, key, value)) producer->WaitForRoom(SecondsFromNow(1));
  }

  MockCluster cluster_{1};
  pipeline::KafkaSettings kafka_;
  Recorder recorder_{"run", ""};
};

TEST_F(AuditTest, SeesEachRecordAsItIs) {
  constexpr int kRecords = 5'000;
  struct Sent {
    uint64_t content_hash;
    uint64_t id_hash;
    uint32_t crc32c;
  };
  std::vector<Sent> sent;
  sent.reserve(kRecords);
  Audit audit(kafka_, kPartitions, true, &recorder_);
  pipeline::PaymentMaker maker({.rec_prefix = "run.load"});
  pipeline::RecordProducer producer = Producer();
  for (int i = 0; i < kRecords; ++i) {
    std::string value;
    const pipeline::MadeRecord made = maker.Make(1'700'000'000 + i, &value);
    sent.push_back({CanonicalHash(*made.payment), IdHash(made.key), pipeline::RecordCrc32c(made.key, value)});
    Send(&producer, made.sequence, -1, made.key, value);
  }
  ASSERT_TRUE(producer.WaitUntilBelow(1, SecondsFromNow(kWaitSeconds)));
  ASSERT_TRUE(audit.CatchUp(SecondsFromNow(kWaitSeconds)));
  EXPECT_EQ(recorder_.Counts().logged, kRecords);
  audit.Stop();
  const History history = recorder_.Finish(nullptr);
  EXPECT_TRUE(history.harness_errors.empty());
  EXPECT_TRUE(history.audited);
  ASSERT_EQ(history.partitions.size(), static_cast<size_t>(kPartitions));
  std::vector<bool> seen(kRecords);
  for (const PartitionLog& log : history.partitions) {
    EXPECT_EQ(log.start_offset, 0);
    EXPECT_EQ(log.low_watermark, 0);
    EXPECT_EQ(log.end_offset, static_cast<int64_t>(log.records.size()));
    for (size_t i = 0; i < log.records.size(); ++i) {
      const LogRecord& record = log.records[i];
      ASSERT_EQ(record.offset, static_cast<int64_t>(i));
      ASSERT_TRUE(record.rec.has_value());
      const size_t at = record.rec.sequence() - 1;
      ASSERT_FALSE(seen[at]);
      seen[at] = true;
      ASSERT_TRUE(record.valid);
      ASSERT_FALSE(record.sentinel);
      ASSERT_EQ(record.content_hash, sent[at].content_hash);
      ASSERT_EQ(record.id_hash, sent[at].id_hash);
      ASSERT_EQ(record.timestamp_s, 1'700'000'000 + static_cast<int64_t>(at));
      ASSERT_EQ(record.crc32c, sent[at].crc32c);
      ASSERT_TRUE(history.names.Find(record.id_hash).has_value());
    }
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), kRecords);
}

TEST_F(AuditTest, RejectedRecordsAndSentinelsAreSeenForWhatTheyAre) {
  Audit audit(kafka_, kPartitions, true, &recorder_);
  pipeline::RecordProducer producer = Producer();
  std::string sentinel;
  pipeline::PaymentMaker maker({.rec_prefix = "run." + std::string(kSentinelProducer)});
  const pipeline::MadeRecord made =
      maker.MakeMatching({.status = pipeline::PaymentStatus::kFailed}, 1'700'000'000, &sentinel);
  Send(&producer, 1, 2, "k", "not json");
  Send(&producer, 2, 2, "k", "");
  Send(&producer, 3, 2, made.key, sentinel);
  ASSERT_TRUE(producer.WaitUntilBelow(1, SecondsFromNow(kWaitSeconds)));
  ASSERT_TRUE(audit.CatchUp(SecondsFromNow(kWaitSeconds)));
  audit.Stop();
  EXPECT_EQ(recorder_.Counts().rejected, 2);
  EXPECT_EQ(recorder_.Counts().logged, 2);  // the sentinel is outside all counts
  const History history = recorder_.Finish(nullptr);
  const std::vector<LogRecord>& records = history.partitions[2].records;
  ASSERT_EQ(records.size(), 3u);
  EXPECT_FALSE(records[0].valid);
  EXPECT_EQ(records[0].content_hash, 0u);
  EXPECT_EQ(records[0].crc32c, pipeline::RecordCrc32c("k", "not json"));
  EXPECT_FALSE(records[1].valid);
  EXPECT_TRUE(records[2].valid);
  EXPECT_TRUE(records[2].sentinel);
  EXPECT_EQ(records[2].status, pipeline::PaymentStatus::kFailed);
}

TEST_F(AuditTest, KeepsUpWithABurst) {
  constexpr int kRecords = 100'000;
  Audit audit(kafka_, kPartitions, true, &recorder_);
  pipeline::PaymentMaker maker({.rec_prefix = "run.load"});
  pipeline::RecordProducer producer = Producer();
  std::string value;
  for (int i = 0; i < kRecords; ++i) {
    value.clear();
    const pipeline::MadeRecord made = maker.Make(1'700'000'000, &value);
    Send(&producer, made.sequence, -1, made.key, value);
  }
  ASSERT_TRUE(producer.WaitUntilBelow(1, SecondsFromNow(kWaitSeconds)));
  ASSERT_TRUE(audit.CatchUp(SecondsFromNow(kWaitSeconds)));
  audit.Stop();
  EXPECT_EQ(recorder_.Counts().logged, kRecords);
  EXPECT_TRUE(recorder_.Finish(nullptr).harness_errors.empty());
}

TEST_F(AuditTest, RetentionMovesTheLowWatermark) {
  Audit audit(kafka_, kPartitions, true, &recorder_);
  pipeline::RecordProducer producer = Producer({{"compression.type", "none"}});
  const std::string value(100'000, 'x');
  for (uint64_t i = 0; i < 120; ++i) {
    Send(&producer, i + 1, 0, "k", value);
    if (i % 10 == 9) {
      ASSERT_TRUE(producer.WaitUntilBelow(1, SecondsFromNow(kWaitSeconds)));
      ASSERT_TRUE(audit.CatchUp(SecondsFromNow(kWaitSeconds)));
    }
  }
  // The mock keeps 5 MiB of a partition. Seen while it reads on, not only at the end.
  const int64_t deadline_ns = SecondsFromNow(kWaitSeconds);
  int64_t low = 0;
  while (low == 0 && pipeline::MonotonicNs() < deadline_ns) {
    recorder_.Read([&](const History& history) { low = history.partitions[0].low_watermark; });
  }
  EXPECT_GT(low, 0);
  audit.Stop();
  const History history = recorder_.Finish(nullptr);
  EXPECT_EQ(history.partitions[0].records.size(), 120u);  // it had read them all
  EXPECT_EQ(history.partitions[0].end_offset, 120);
  EXPECT_TRUE(history.harness_errors.empty());
}

TEST_F(AuditTest, WhatRetentionTookBeforeItWasReadIsSaid) {
  pipeline::KafkaSettings slow = kafka_;  // reads nothing ahead
  slow.properties = {"queued.min.messages=50", "queued.max.messages.kbytes=1000"};
  Audit audit(slow, kPartitions, true, &recorder_);
  pipeline::RecordProducer producer = Producer({{"compression.type", "none"}});
  Send(&producer, 1, 0, "k", "first");
  ASSERT_TRUE(producer.WaitUntilBelow(1, SecondsFromNow(kWaitSeconds)));
  ASSERT_TRUE(audit.CatchUp(SecondsFromNow(kWaitSeconds)));
  const std::string value(100'000, 'x');
  recorder_.Read([&](const History&) {  // the audit can't go on meanwhile
    for (uint64_t i = 2; i <= 200; ++i) {
      Send(&producer, i, 0, "k", value);
      if (i % 10 == 0) producer.WaitUntilBelow(1, SecondsFromNow(kWaitSeconds));
    }
  });
  EXPECT_TRUE(audit.CatchUp(SecondsFromNow(kWaitSeconds)));  // at the end of what is left
  audit.Stop();
  const History history = recorder_.Finish(nullptr);
  EXPECT_LT(history.partitions[0].records.size(), 200u);
  EXPECT_EQ(history.partitions[0].records.back().offset, 199);
  EXPECT_GT(history.partitions[0].low_watermark, 1);
  ASSERT_FALSE(history.harness_errors.empty());
  EXPECT_NE(history.harness_errors[0].find("partition 0"), std::string::npos) << history.harness_errors[0];
}

TEST_F(AuditTest, WhatCannotBeReadIsAnErrorAtOnce) {
  EXPECT_THROW(Audit(kafka_, kPartitions + 1, true, &recorder_), std::runtime_error);
  kafka_.brokers = "127.0.0.1:1";
  EXPECT_THROW(Audit(kafka_, kPartitions, true, &recorder_), std::runtime_error);
}

}  // namespace
}  // namespace harness
