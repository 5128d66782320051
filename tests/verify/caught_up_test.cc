// A client has caught up exactly when it was handed, in each partition, the last valid record that its filter matches.
#include "harness/verify/caught_up.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace harness {
namespace {

using pipeline::PaymentStatus;
using pipeline::Provider;

LogRecord Record(int64_t offset, Provider provider, bool valid = true) {
  LogRecord record;
  record.offset = offset;
  record.rec = Rec::Make(0, static_cast<uint64_t>(offset) + 1);
  record.provider = provider;
  record.status = PaymentStatus::kCompleted;
  record.valid = valid;
  return record;
}

Delivery Delivered(int32_t partition, int64_t offset) {
  Delivery delivery;
  delivery.partition = partition;
  delivery.offset = offset;
  return delivery;
}

History TwoPartitions() {
  History history;
  history.partitions.resize(2);
  history.partitions[0].records = {Record(0, Provider::kStripe), Record(1, Provider::kPaypal)};
  history.partitions[1].records = {Record(0, Provider::kStripe), Record(1, Provider::kStripe, false)};
  return history;
}

TEST(CaughtUpTest, AnEmptyLogIsCaughtUpWith) {
  History history;
  history.partitions.resize(4);
  EXPECT_TRUE(CaughtUp(history, Client{}));
}

TEST(CaughtUpTest, WaitsForTheLastValidRecordOfEachPartition) {
  const History history = TwoPartitions();
  Client client;
  EXPECT_FALSE(CaughtUp(history, client));
  client.deliveries = {Delivered(0, 0), Delivered(1, 0)};
  EXPECT_FALSE(CaughtUp(history, client));
  client.deliveries.push_back(Delivered(0, 1));
  EXPECT_TRUE(CaughtUp(history, client));
}

TEST(CaughtUpTest, AFilterWaitsForItsOwnRecordsOnly) {
  const History history = TwoPartitions();
  Client client;
  client.filter.provider = Provider::kPaypal;
  EXPECT_FALSE(CaughtUp(history, client));
  client.deliveries = {Delivered(0, 1)};
  EXPECT_TRUE(CaughtUp(history, client));
}

TEST(CaughtUpTest, WithoutPositionsTheRecordItselfIsLookedFor) {
  const History history = TwoPartitions();
  Client client;
  client.filter.provider = Provider::kPaypal;
  Delivery delivery;
  delivery.rec = Rec::Make(0, 1);
  client.deliveries = {delivery};
  EXPECT_FALSE(CaughtUp(history, client));
  delivery.rec = Rec::Make(0, 2);
  client.deliveries.push_back(delivery);
  EXPECT_TRUE(CaughtUp(history, client));
}

// Against the definition, said without walking back.
RC_GTEST_PROP(CaughtUpTest, AgreesWithItsDefinition, ()) {
  History history;
  Client client;
  client.filter.provider = *rc::gen::element(Provider::kUnknown, Provider::kStripe);
  bool expected = true;
  const int partitions = *rc::gen::inRange(1, 4);
  history.partitions.resize(static_cast<size_t>(partitions));
  for (int32_t p = 0; p < partitions; ++p) {
    int64_t last_wanted = -1;
    const int records = *rc::gen::inRange(0, 6);
    for (int64_t offset = 0; offset < records; ++offset) {
      const Provider provider = *rc::gen::element(Provider::kStripe, Provider::kPaypal);
      const bool valid = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
      history.partitions[static_cast<size_t>(p)].records.push_back(Record(offset, provider, valid));
      if (valid && client.filter.Matches(provider, PaymentStatus::kCompleted)) last_wanted = offset;
    }
    const int delivered = *rc::gen::inRange(0, records + 1);
    for (int64_t offset = 0; offset < delivered; ++offset) client.deliveries.push_back(Delivered(p, offset));
    expected = expected && delivered - 1 >= last_wanted;
  }
  RC_ASSERT(CaughtUp(history, client) == expected);
}

}  // namespace
}  // namespace harness
