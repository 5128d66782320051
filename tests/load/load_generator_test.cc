// Property: what the generator plans it sends, at its planned time or later, and tells the Recorder of before it
// leaves; every send gets one outcome; what an independent reader decodes from the topic is what the Recorder was told,
// in the order of the sends. Held against librdkafka's mock cluster: at rates, at full speed, stopped early, without a
// broker, and through refusals and fatal errors.
#include "harness/load/load_generator.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "harness/contract/canonical.h"
#include "harness/load/schedule.h"
#include "payment/record_decoder.h"
#include "tests/producer/test_cluster.h"

namespace harness {
namespace {

using pipeline::FarDeadlineNs;
using pipeline::Filter;
using pipeline::MonotonicNs;

constexpr int16_t kProduceApi = 0;  // Kafka protocol guide, API keys
constexpr int64_t kSecondNs = 1'000'000'000;

bool Never() { return false; }

ProducerPlan Plan(const std::string& name) {
  ProducerPlan plan;
  plan.name = name;
  return plan;
}

PhasePlan RatePhase(double rate_per_s, int64_t duration_ms, Arrival arrival = Arrival::kUniform) {
  PhasePlan phase;
  phase.name = "phase";
  phase.rate_per_s = rate_per_s;
  phase.duration_ns = duration_ms * 1'000'000;
  phase.arrival = arrival;
  return phase;
}

PhasePlan CountPhase(int64_t count) {
  PhasePlan phase;
  phase.name = "burst";
  phase.count = count;
  phase.rate_max = true;
  return phase;
}

class LoadGeneratorTest : public testing::Test {
 protected:
  void Start(const std::vector<ProducerPlan>& plans, uint64_t seed = 1) {
    recorder_ = std::make_unique<Recorder>("run1", "");
    recorder_->AddPhase({});
    recorder_->AddPhase({});
    LoadOptions options;
    options.kafka = cluster_.settings();
    options.partitions = cluster_.partitions();
    options.run_id = "run1";
    options.seed = seed;
    generator_ = std::make_unique<LoadGenerator>(options, plans, recorder_.get());
  }

  // Ends all and gives what was seen.
  History Finish() {
    generator_.reset();
    return recorder_->Finish([](History*) {});
  }

  // The topic, decoded, against what the Recorder was told. Records whose outcome is unknown may be there or not.
  void CheckAgainstTopic(const History& history) {
    std::map<std::string, std::pair<const Send*, pipeline::TopicRecord>> found;
    std::map<std::string, const Send*> told;
    for (const Producer& producer : history.producers) {
      for (size_t i = 0; i < producer.sends.size(); ++i) {
        told["run1." + producer.name + "." + std::to_string(i + 1)] = &producer.sends[i];
      }
    }
    pipeline::RecordDecoder decoder;
    for (const pipeline::TopicRecord& record : ReadTopic(cluster_)) {
      pipeline::Payment payment;
      ASSERT_EQ(decoder.Decode(record.key, record.value, &payment), pipeline::RejectReason::kNone) << record.value;
      const auto rec = std::find_if(payment.metadata.begin(), payment.metadata.end(),
                                    [](const auto& member) { return member.first == "rec"; });
      ASSERT_NE(rec, payment.metadata.end()) << record.value;
      ASSERT_TRUE(told.count(rec->second)) << rec->second << " was never told of";
      const Send& send = *told[rec->second];
      EXPECT_EQ(send.content_hash, CanonicalHash(payment)) << record.value;
      EXPECT_EQ(record.key, payment.id);
      EXPECT_EQ(history.names.Find(XXH3_64bits(payment.id.data(), payment.id.size())), payment.id);
      EXPECT_NE(send.outcome, Outcome::kFail) << rec->second;
      EXPECT_TRUE(found.emplace(rec->second, std::pair(&send, record)).second) << rec->second << " is there twice";
    }
    for (const Producer& producer : history.producers) CheckProducer(producer, found);
  }

  static void CheckProducer(const Producer& producer,
                            const std::map<std::string, std::pair<const Send*, pipeline::TopicRecord>>& found) {
    std::map<int32_t, int64_t> last_offset;
    for (size_t i = 0; i < producer.sends.size(); ++i) {
      const Send& send = producer.sends[i];
      EXPECT_GT(send.sent_ns, 0);
      EXPECT_GE(send.sent_ns, send.planned_ns);
      EXPECT_NE(send.outcome, Outcome::kPending) << producer.name << " " << i + 1;
      if (send.outcome != Outcome::kOk) continue;
      EXPECT_GE(send.acked_ns, send.sent_ns);
      const auto at = found.find("run1." + producer.name + "." + std::to_string(i + 1));
      ASSERT_NE(at, found.end()) << producer.name << " " << i + 1;
      EXPECT_EQ(at->second.second.partition, send.partition);
      EXPECT_EQ(at->second.second.offset, send.offset);
      const auto [last, first] = last_offset.emplace(send.partition, -1);
      EXPECT_GT(send.offset, last->second) << "the order of sends is not the order of offsets";
      last->second = send.offset;
    }
  }

  static int64_t Count(const History& history, Outcome outcome) {
    int64_t count = 0;
    for (const Producer& producer : history.producers) {
      count += std::count_if(producer.sends.begin(), producer.sends.end(),
                             [outcome](const Send& send) { return send.outcome == outcome; });
    }
    return count;
  }

  pipeline::TestCluster cluster_{4};
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<LoadGenerator> generator_;
};

TEST_F(LoadGeneratorTest, ARateIsOfferedAsPlannedByAllProducersTogether) {
  Start({Plan("one"), Plan("two"), Plan("three")});
  generator_->WarmUp();
  const int64_t begin_ns = MonotonicNs();
  EXPECT_EQ(generator_->RunPhase(1, RatePhase(1'500, 400), begin_ns, Never), 600);
  EXPECT_GE(MonotonicNs(), begin_ns + 400'000'000);
  EXPECT_TRUE(generator_->Flush(FarDeadlineNs()));
  EXPECT_EQ(generator_->counts().unsent, 0);
  const History history = Finish();
  ASSERT_EQ(history.producers.size(), 4u);
  std::vector<int64_t> planned;
  for (const Producer& producer : history.producers) {
    EXPECT_EQ(producer.sends.size(), producer.name == kSentinelProducer ? 0u : 200u) << producer.name;
    for (const Send& send : producer.sends) {
      planned.push_back(send.planned_ns);
      EXPECT_EQ(send.phase, 1);
      EXPECT_TRUE(send.measured);
      EXPECT_FALSE(send.sentinel);
    }
  }
  std::sort(planned.begin(), planned.end());
  Schedule schedule(begin_ns, RateOf(RatePhase(1'500, 400)), Arrival::kUniform, 1);
  for (const int64_t time_ns : planned) {
    EXPECT_EQ(time_ns, *schedule.Peek());
    schedule.Pop();
  }
  EXPECT_EQ(Count(history, Outcome::kOk), 600);
  CheckAgainstTopic(history);
}

TEST_F(LoadGeneratorTest, TheSameSeedOffersTheSame) {
  std::vector<std::vector<std::pair<int64_t, uint64_t>>> runs;
  for (const uint64_t seed : {7, 7, 8}) {
    Start({Plan("load")}, seed);
    PhasePlan phase = RatePhase(1'000, 200, Arrival::kPoisson);
    phase.measure = false;
    const int64_t begin_ns = MonotonicNs();
    const int64_t planned = generator_->RunPhase(0, phase, begin_ns, Never);
    EXPECT_TRUE(generator_->Flush(FarDeadlineNs()));
    const History history = Finish();
    EXPECT_EQ(planned, static_cast<int64_t>(history.producers[0].sends.size()));
    runs.emplace_back();
    for (const Send& send : history.producers[0].sends) {
      EXPECT_FALSE(send.measured);
      // Contents hold the time in seconds; ids and plans are the seed's.
      runs.back().emplace_back(send.planned_ns - begin_ns, send.partition);
    }
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0], runs[2]);
}

TEST_F(LoadGeneratorTest, ACountGoesAsFastAsItGoesAndEndsAcknowledged) {
  Start({Plan("one"), Plan("two")});
  EXPECT_EQ(generator_->RunPhase(0, CountPhase(20'001), MonotonicNs(), Never), 20'001);
  EXPECT_EQ(recorder_->Counts().acked, 20'001);
  const History history = Finish();
  for (const Producer& producer : history.producers) {
    for (const Send& send : producer.sends) EXPECT_EQ(send.planned_ns, send.sent_ns);
  }
  CheckAgainstTopic(history);
}

PhasePlan ClosedLoop(int64_t in_flight, int64_t count, int64_t duration_ms) {
  PhasePlan phase;
  phase.name = "loop";
  phase.in_flight = in_flight;
  phase.count = count;
  phase.duration_ns = duration_ms * 1'000'000;
  return phase;
}

// Of what was sent at the moment of each send, by the records' own times: how many had no outcome yet, at the most.
int64_t MostInFlight(const History& history) {
  std::vector<std::pair<int64_t, int>> steps;
  for (const Producer& producer : history.producers) {
    for (const Send& send : producer.sends) {
      steps.emplace_back(send.sent_ns, 1);
      steps.emplace_back(send.acked_ns, -1);
    }
  }
  std::sort(steps.begin(), steps.end());  // an outcome before a send of the same moment
  int64_t in_flight = 0, most = 0;
  for (const auto& [time_ns, step] : steps) most = std::max(most, in_flight += step);
  return most;
}

TEST_F(LoadGeneratorTest, AClosedLoopHasAtMostSoManyInFlight) {
  Start({Plan("one"), Plan("two"), Plan("three")});
  generator_->WarmUp();
  EXPECT_EQ(generator_->RunPhase(0, ClosedLoop(7, 200, 0), MonotonicNs(), Never), 200);
  EXPECT_EQ(recorder_->Counts().acked, 200);
  const int64_t begin_ns = MonotonicNs();
  const int64_t sent = generator_->RunPhase(1, ClosedLoop(7, 0, 100), begin_ns, Never);
  EXPECT_GE(MonotonicNs(), begin_ns + 100'000'000);
  EXPECT_GE(sent, 7);
  EXPECT_TRUE(generator_->Flush(FarDeadlineNs()));
  const History history = Finish();
  EXPECT_EQ(Count(history, Outcome::kOk), 200 + sent);
  EXPECT_EQ(MostInFlight(history), 7);
  CheckAgainstTopic(history);
}

// No outcome comes, so nothing more is sent, and the phase ends all the same.
TEST_F(LoadGeneratorTest, AClosedLoopWaitsForOutcomes) {
  Start({Plan("load")});
  generator_->WarmUp();
  cluster_.SetDown();
  EXPECT_EQ(generator_->RunPhase(0, ClosedLoop(5, 0, 100), MonotonicNs(), Never), 5);
  EXPECT_EQ(generator_->RunPhase(0, ClosedLoop(5, 100, 0), MonotonicNs(), [] { return true; }), 0);
  cluster_.SetUp();
  EXPECT_TRUE(generator_->Flush(FarDeadlineNs()));
  EXPECT_EQ(Count(Finish(), Outcome::kOk), 5);
}

TEST_F(LoadGeneratorTest, KeysAndSizesAreThePlans) {
  ProducerPlan plan = Plan("load");
  plan.keys = {.choice = KeyChoice::kHot, .count = 20, .exponent = 1, .share = 0.5};
  plan.value_size = {.bytes_min = 600, .bytes_max = 900, .median_bytes = 0, .sigma = 0};
  Start({plan});
  EXPECT_EQ(generator_->RunPhase(0, CountPhase(4'000), MonotonicNs(), Never), 4'000);
  CheckAgainstTopic(Finish());
  std::map<std::string, int> keys;
  for (const pipeline::TopicRecord& record : ReadTopic(cluster_)) {
    ++keys[record.key];
    EXPECT_GE(record.value.size(), 600u);
    EXPECT_LE(record.value.size(), 900u);
  }
  EXPECT_EQ(keys.size(), 20u);
  int hottest = 0;
  for (const auto& [key, count] : keys) hottest = std::max(hottest, count);
  EXPECT_NEAR(hottest, 2'000, 6 * std::sqrt(1'000));
}

TEST_F(LoadGeneratorTest, APhaseWithoutLoadOrProducersTakesItsTime) {
  Start({});
  const int64_t begin_ns = MonotonicNs();
  EXPECT_EQ(generator_->RunPhase(0, RatePhase(100, 50), begin_ns, Never), 0);
  EXPECT_GE(MonotonicNs(), begin_ns + 50'000'000);
  EXPECT_EQ(generator_->RunPhase(0, CountPhase(100), begin_ns, Never), 0);
  Start({Plan("load")});
  EXPECT_EQ(generator_->RunPhase(0, RatePhase(0, 20), MonotonicNs(), Never), 0);
}

TEST_F(LoadGeneratorTest, StoppedItEndsEarlyAndLeavesNothingOpen) {
  Start({Plan("load")});
  // An hour of load, and a burst that would take as long.
  const auto enough = [this](int64_t acked) { return [this, acked] { return recorder_->Counts().acked >= acked; }; };
  const int64_t planned = generator_->RunPhase(0, RatePhase(1'000, 3'600'000), MonotonicNs(), enough(50));
  EXPECT_GE(planned, 50);
  EXPECT_LT(planned, 3'600'000);
  const int64_t burst = generator_->RunPhase(1, CountPhase(1'000'000'000), MonotonicNs(), enough(planned + 1'000));
  EXPECT_GE(burst, 1'000);
  EXPECT_LT(burst, 1'000'000'000);
  // Nor is a phase begun, or waited for, that is stopped before its time.
  EXPECT_EQ(generator_->RunPhase(1, RatePhase(1, 1'000), MonotonicNs() + 3'600 * kSecondNs, [] { return true; }), 0);
  EXPECT_TRUE(generator_->Flush(FarDeadlineNs()));
  const History history = Finish();
  EXPECT_EQ(static_cast<int64_t>(history.producers[0].sends.size()), planned + burst);
  CheckAgainstTopic(history);
}

TEST_F(LoadGeneratorTest, WithoutABrokerAtTheFlushDeadlineTheRestIsUnknown) {
  Start({Plan("load")});
  EXPECT_EQ(generator_->RunPhase(0, RatePhase(500, 100), MonotonicNs(), Never), 50);
  EXPECT_TRUE(generator_->Flush(FarDeadlineNs()));
  cluster_.SetDown();
  EXPECT_EQ(generator_->RunPhase(1, RatePhase(500, 100), MonotonicNs(), Never), 50);
  EXPECT_FALSE(generator_->Flush(MonotonicNs() + 20'000'000));
  cluster_.SetUp();
  const History history = Finish();
  EXPECT_EQ(Count(history, Outcome::kOk), 50);
  EXPECT_EQ(Count(history, Outcome::kUnknown), 50);
  CheckAgainstTopic(history);
}

TEST_F(LoadGeneratorTest, AFatalErrorOfLibrdkafkaCostsNoOutcome) {
  Start({Plan("load")});
  EXPECT_EQ(generator_->RunPhase(0, CountPhase(10), MonotonicNs(), Never), 10);
  rd_kafka_mock_push_request_errors(cluster_.mock(), kProduceApi, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(generator_->RunPhase(0, CountPhase(2'000), MonotonicNs(), Never), 2'000);
  const int64_t deadline_ns = FarDeadlineNs();
  while (generator_->counts().rebuilds == 0 && MonotonicNs() < deadline_ns) {
    generator_->RunPhase(1, RatePhase(100, 10), MonotonicNs(), Never);
  }
  EXPECT_EQ(generator_->counts().rebuilds, 1);
  EXPECT_EQ(generator_->RunPhase(1, CountPhase(500), MonotonicNs(), Never), 500);
  EXPECT_TRUE(generator_->Flush(FarDeadlineNs()));
  EXPECT_EQ(generator_->counts().reports_lost, 0);
  const History history = Finish();
  EXPECT_EQ(history.producers[0].sends.back().outcome, Outcome::kOk);
  CheckAgainstTopic(history);
}

class SentinelTest : public LoadGeneratorTest {
 protected:
  const std::vector<Filter> filters_ = {{},
                                        {pipeline::Provider::kStripe, pipeline::PaymentStatus::kUnknown},
                                        {},
                                        {pipeline::Provider::kPaypal, pipeline::PaymentStatus::kFailed}};

  // For each partition and distinct filter (three of the four) at least one acknowledged record that it matches.
  void CheckSentinels(const History& history) {
    const Producer& producer = history.producers.back();
    EXPECT_EQ(producer.name, kSentinelProducer);
    for (const Send& send : producer.sends) {
      EXPECT_TRUE(send.sentinel);
      EXPECT_FALSE(send.measured);
      EXPECT_GE(send.partition, 0);
    }
    std::map<int32_t, std::vector<pipeline::Payment>> there;
    pipeline::RecordDecoder decoder;
    for (const pipeline::TopicRecord& record : ReadTopic(cluster_)) {
      pipeline::Payment payment;
      ASSERT_EQ(decoder.Decode(record.key, record.value, &payment), pipeline::RejectReason::kNone);
      there[record.partition].push_back(payment);
    }
    for (int32_t p = 0; p < cluster_.partitions(); ++p) {
      EXPECT_EQ(there[p].size(), 3u);
      for (const Filter& filter : filters_) {
        EXPECT_TRUE(std::any_of(
            there[p].begin(), there[p].end(),
            [&](const pipeline::Payment& payment) { return filter.Matches(payment.provider, payment.status); }))
            << "partition " << p;
      }
    }
    CheckAgainstTopic(history);
  }
};

TEST_F(SentinelTest, EachPartitionHasOneForEachDistinctFilter) {
  Start({Plan("load")});
  generator_->WarmUp();
  EXPECT_TRUE(generator_->ProduceSentinels(filters_, FarDeadlineNs()));
  EXPECT_EQ(generator_->counts().sentinel_tries, 12);
  EXPECT_EQ(recorder_->Counts().sent, 0) << "sentinels are outside all counts";
  CheckSentinels(Finish());
}

TEST_F(SentinelTest, OneThatIsRefusedIsSentAgain) {
  Start({});
  rd_kafka_mock_push_request_errors(cluster_.mock(), kProduceApi, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_TRUE(generator_->ProduceSentinels(filters_, FarDeadlineNs()));
  EXPECT_GT(generator_->counts().sentinel_tries, 12);
  CheckSentinels(Finish());
}

TEST_F(SentinelTest, TheDeadlineEndsItWithoutABroker) {
  Start({});
  cluster_.SetDown();
  EXPECT_FALSE(generator_->ProduceSentinels(filters_, MonotonicNs() + 50'000'000));
  cluster_.SetUp();
  const History history = Finish();
  EXPECT_EQ(Count(history, Outcome::kOk), 0);
  EXPECT_EQ(Count(history, Outcome::kUnknown), 12);
}

TEST_F(SentinelTest, ThereAreNoneWithoutFilters) {
  Start({});
  EXPECT_TRUE(generator_->ProduceSentinels({}, MonotonicNs()));
  EXPECT_TRUE(Finish().producers.back().sends.empty());
}

TEST_F(LoadGeneratorTest, WarmUpRefusesAnotherNumberOfPartitions) {
  pipeline::TestCluster other(3);
  Recorder recorder("run1", "");
  LoadOptions options;
  options.kafka = other.settings();
  options.partitions = 4;
  options.run_id = "run1";
  LoadGenerator generator(options, {Plan("load")}, &recorder);
  EXPECT_THROW(generator.WarmUp(), std::runtime_error);
}

}  // namespace
}  // namespace harness
