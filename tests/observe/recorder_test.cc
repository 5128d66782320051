// The recorder joins what many threads tell it without losing any of it, counts each record once, and believes no
// number that would cost it its memory.
#include "harness/observe/recorder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "harness/observe/history_builder.h"
#include "history_text.h"
#include "observe_testing.h"

namespace harness {
namespace {

OutcomeSeen Ok(uint64_t sequence, int64_t offset = 0) { return {sequence, 2'000, Outcome::kOk, 1, offset}; }

TEST(RecorderTest, LagCountsWhatAClientsFilterMatchesAndItWasNotHanded) {
  Recorder recorder("run", "");
  Client stripe = NamedClient("stripe");
  stripe.filter.provider = pipeline::Provider::kStripe;
  recorder.AddClient(stripe);
  recorder.AddClient(NamedClient("all"));
  recorder.SetPartitions({0}, true);
  std::vector<LogSeen> log(4);
  for (size_t i = 0; i < log.size(); ++i) {
    log[i].record.offset = static_cast<int64_t>(i);
    log[i].record.valid = i != 3;
    log[i].record.provider = i == 0 ? pipeline::Provider::kPaypal : pipeline::Provider::kStripe;
  }
  recorder.OnLog(log);
  const std::vector<Delivery> one = {DeliveryAt(0, 1)};
  recorder.OnDeliveries(0, one);
  const LiveCounts counts = recorder.Counts();
  EXPECT_EQ(counts.clients[0].lag, 1);
  EXPECT_EQ(counts.clients[1].lag, 3);
  EXPECT_EQ(counts.lag_max, 3);
}

TEST(RecorderTest, KeepsAllThatAClientIsSaidToBe) {
  Client client = NamedClient("stripe");
  client.program = "payment-client 2226a4ad";
  client.filter = {pipeline::Provider::kStripe, pipeline::PaymentStatus::kCompleted};
  client.resume = ResumeMode::kNone;
  client.observed = false;
  client.marks_connections = false;
  client.embedded = true;
  client.reconnect_delay_min_ns = 1;
  client.reconnect_delay_max_ns = 2;
  client.servers = {"server-1", "server-2"};
  Recorder recorder("run", "");
  recorder.AddClient(client);
  History described;
  described.clients = {client};
  std::string kept;
  recorder.Read([&](const History& history) {
    History alone;
    alone.clients = history.clients;
    kept = HistoryText(alone);
  });
  EXPECT_EQ(kept, HistoryText(described));
}

TEST(RecorderTest, ParsesItsOwnRecsAlone) {
  Recorder recorder("20260131-smoke.1", "");
  recorder.AddProducer("load", true);
  const uint16_t second = recorder.AddProducer("load#2", true);
  EXPECT_EQ(recorder.ParseRec("20260131-smoke.1.load.1"), Rec::Make(0, 1));
  EXPECT_EQ(recorder.ParseRec("20260131-smoke.1.load#2.281474976710655"), Rec::Make(second, 281'474'976'710'655));
  for (const char* other :
       {"", ".", "20260131-smoke.1", "20260131-smoke.1.load", "20260131-smoke.1.load.", "20260131-smoke.1.load.0",
        "20260131-smoke.1.load.01", "20260131-smoke.1.load.-1", "20260131-smoke.1.load.+1", "20260131-smoke.1.load.1x",
        "20260131-smoke.1.load.281474976710656", "20260131-smoke.1.load.99999999999999999999",
        "20260131-smoke.1.other.1", "20260131-smoke.2.load.1", "20260131-smoke.1load.1", "20260131-smoke.1.load.1 "}) {
    EXPECT_EQ(recorder.ParseRec(other), std::nullopt) << other;
  }
}

TEST(RecorderTest, KnowsTheSentinelsByTheirProducer) {
  Recorder recorder("run", "");
  recorder.AddProducer("load", true);
  EXPECT_FALSE(recorder.IsSentinel(Rec{}));
  const uint16_t sentinels = recorder.AddProducer(std::string(kSentinelProducer), true);
  EXPECT_TRUE(recorder.IsSentinel(Rec::Make(sentinels, 1)));
  EXPECT_FALSE(recorder.IsSentinel(Rec::Make(0, 1)));
  EXPECT_FALSE(recorder.IsSentinel(Rec{}));
}

TEST(RecorderTest, AnOutcomeMayComeBeforeItsSend) {
  Recorder recorder("run", "");
  recorder.AddProducer("load", true);
  const OutcomeSeen outcome = Ok(3, 70);
  recorder.OnOutcomes(0, {&outcome, 1});
  EXPECT_EQ(recorder.Counts().acked, 0);  // of nothing that was sent
  const std::vector<SendSeen> sends = {SendOf(3, 500), SendOf(1, 400)};
  recorder.OnSends(0, sends);
  const LiveCounts counts = recorder.Counts();
  EXPECT_EQ(counts.sent, 2);
  EXPECT_EQ(counts.acked, 1);
  const History history = recorder.Finish(nullptr);
  ASSERT_EQ(history.producers[0].sends.size(), 3u);
  const Send& third = history.producers[0].sends[2];
  EXPECT_EQ(third.sent_ns, 500);
  EXPECT_EQ(third.acked_ns, 2'000);
  EXPECT_EQ(third.offset, 70);
  EXPECT_EQ(third.partition, 1);
  EXPECT_EQ(third.content_hash, 21u);
  EXPECT_EQ(history.producers[0].sends[1].sent_ns, 0);  // a gap: never sent
  EXPECT_TRUE(history.harness_errors.empty());
}

TEST(RecorderTest, WhatADeadProducerLeftOpenIsUnknownUntilItIsTold) {
  Recorder recorder("run", "");
  recorder.AddProducer("load", true);
  const std::vector<SendSeen> sends = {SendOf(1), SendOf(2), SendOf(3)};
  recorder.OnSends(0, sends);
  const OutcomeSeen failed = {2, 2'000, Outcome::kFail, -1, -1};
  recorder.OnOutcomes(0, {&failed, 1});
  recorder.OnProducerEnded(0);
  LiveCounts counts = recorder.Counts();
  EXPECT_EQ(counts.unknown, 2);
  EXPECT_EQ(counts.failed, 1);
  const OutcomeSeen late = Ok(1, 9);  // read from its log after its death
  recorder.OnOutcomes(0, {&late, 1});
  counts = recorder.Counts();
  EXPECT_EQ(counts.unknown, 1);
  EXPECT_EQ(counts.acked, 1);
  EXPECT_TRUE(recorder.Finish(nullptr).harness_errors.empty());
}

TEST(RecorderTest, AHostileSequenceNumberCostsNothing) {
  Recorder recorder("run", "");
  recorder.AddProducer("load", true);
  const std::vector<SendSeen> sends = {SendOf(1), SendOf(1'000'000'000'000), SendOf(UINT64_MAX), SendOf(0), SendOf(2)};
  recorder.OnSends(0, sends);
  const OutcomeSeen outcome = Ok(1'000'000'000'000);
  recorder.OnOutcomes(0, {&outcome, 1});
  EXPECT_EQ(recorder.Counts().sent, 2);
  const History history = recorder.Finish(nullptr);
  EXPECT_EQ(history.producers[0].sends.size(), 2u);
  EXPECT_TRUE(history.harness_errors.empty());
  ASSERT_EQ(history.claims.size(), 1u);  // the producer's own word
  EXPECT_NE(history.claims[0].what.find("1000000000000"), std::string::npos) << history.claims[0].what;
  EXPECT_EQ(history.claims[0].count, 4);
}

TEST(RecorderTest, ManyGapsTogetherAreBoundedToo) {
  HistoryBuilder builder("run");
  builder.SetProducer(0, "load", true);
  const uint64_t step = kSequencesMissingMax / 4;
  for (uint64_t i = 1; i <= 10; ++i) {
    const SendSeen send = SendOf(i * step);
    builder.OnSends(0, {&send, 1});
  }
  EXPECT_LE(builder.sequences_missing(0), kSequencesMissingMax);
  EXPECT_LE(builder.history().producers[0].sends.size(), static_cast<size_t>(kSequencesMissingMax) + 10);
  builder.ReportComplaints();
  EXPECT_TRUE(builder.history().harness_errors.empty());
  EXPECT_EQ(builder.history().claims.size(), 1u);
}

// Whatever the kind of event: what is past the limit is not kept, and the run says so.
TEST(RecorderTest, KeepsNoMoreEventsThanItMay) {
  HistoryBuilder builder("run", {}, 8);
  builder.SetProducer(0, "load", true);
  builder.SetPartitions(std::vector<int64_t>{0}, true);
  Client client;
  client.name = "watcher";
  builder.SetClient(0, client);
  std::vector<SendSeen> sends;
  std::vector<OutcomeSeen> outcomes;
  std::vector<LogSeen> log;
  for (int i = 0; i < 3; ++i) {
    sends.push_back(SendOf(static_cast<uint64_t>(i) + 1));
    outcomes.push_back(Ok(static_cast<uint64_t>(i) + 1));
    log.push_back(LoggedAt(0, i));
  }
  const std::vector<Delivery> deliveries(3);
  EXPECT_TRUE(builder.OnSends(0, sends));
  EXPECT_TRUE(builder.OnLog(log));
  EXPECT_TRUE(builder.OnDeliveries(0, deliveries));
  EXPECT_TRUE(builder.OnOutcomes(0, outcomes));
  EXPECT_TRUE(builder.OnSends(0, sends));
  builder.SetServer(0, "server-1");
  builder.OnServer(0, ServerStarted{1, 1, "server"});
  EXPECT_TRUE(builder.OnServer(0, ServerRecords{0, std::vector<ServerRecord>(3)}));
  EXPECT_TRUE(builder.history().servers[0].events.empty());
  EXPECT_EQ(builder.history().servers[0].broken_lines, 1);  // nobody takes for absent what was not kept
  EXPECT_EQ(builder.history().producers[0].sends.size(), 3u);
  EXPECT_EQ(builder.history().partitions[0].records.size(), 3u);
  EXPECT_TRUE(builder.history().clients[0].deliveries.empty());
  EXPECT_EQ(builder.Counts().acked, 0);
  builder.ReportComplaints();
  ASSERT_EQ(builder.history().harness_errors.size(), 1u);
  EXPECT_EQ(builder.history().harness_errors[0],
            "the harness keeps no more than 8 events of a run; the rest was not recorded (4 times)");
}

// What a producer's log says against itself is the producer's; what the audit says against itself, the harness's.
TEST(RecorderTest, ContradictionsAreSaidOfWhoseTheyAre) {
  Recorder recorder("run", "");
  recorder.AddProducer("load", true);
  recorder.SetPartitions({0}, true);
  const std::vector<SendSeen> sends = {SendOf(1, 100), SendOf(1, 200)};
  recorder.OnSends(0, sends);
  const std::vector<OutcomeSeen> outcomes = {Ok(1, 5), {1, 3'000, Outcome::kFail, -1, -1}};
  recorder.OnOutcomes(0, outcomes);
  const std::vector<LogSeen> log = {LoggedAt(0, 7), LoggedAt(0, 7), LoggedAt(1, 0)};
  recorder.OnLog(log);
  recorder.OnProducerEnded(9);
  const LiveCounts counts = recorder.Counts();
  EXPECT_EQ(counts.sent, 1);
  EXPECT_EQ(counts.acked, 1);
  EXPECT_EQ(counts.failed, 0);
  EXPECT_EQ(counts.logged, 1);
  const History history = recorder.Finish(nullptr);
  EXPECT_EQ(history.producers[0].sends[0].sent_ns, 100);
  EXPECT_EQ(history.producers[0].sends[0].outcome, Outcome::kOk);
  EXPECT_EQ(history.partitions[0].records.size(), 1u);
  EXPECT_EQ(history.harness_errors.size(), 3u);
  ASSERT_EQ(history.claims.size(), 1u);
  EXPECT_EQ(history.claims[0].count, 2);
}

TEST(RecorderTest, SentinelsAreOutsideAllCounts) {
  Recorder recorder("run", "");
  recorder.AddProducer(std::string(kSentinelProducer), true);
  recorder.SetPartitions({0}, true);
  recorder.AddClient(NamedClient("fast"));
  SendSeen send = SendOf(1);
  send.send.sentinel = true;
  recorder.OnSends(0, {&send, 1});
  const OutcomeSeen outcome = Ok(1);
  recorder.OnOutcomes(0, {&outcome, 1});
  LogSeen logged = LoggedAt(0, 0);
  logged.record.sentinel = true;
  recorder.OnLog({&logged, 1});
  Delivery delivery = DeliveryAt(0, 0);
  delivery.sentinel = true;
  recorder.OnDeliveries(0, {&delivery, 1});
  const LiveCounts counts = recorder.Counts();
  EXPECT_EQ(counts.sent + counts.acked + counts.logged + counts.rejected + counts.delivered_min, 0);
  EXPECT_EQ(recorder.Finish(nullptr).clients[0].deliveries.size(), 1u);
}

TEST(RecorderTest, CountsADeliveredRecordOnceInWhateverOrder) {
  Recorder recorder("run", "");
  recorder.AddClient(NamedClient("fast"));
  std::vector<Delivery> deliveries;
  for (const int64_t offset : {5, 900'000, 6, 4'095, 4'096, 5}) deliveries.push_back(DeliveryAt(0, offset));
  deliveries.push_back(DeliveryAt(1, 5));
  deliveries.push_back(DeliveryAt(0, 7));
  deliveries.back().kind = DeliveryKind::kDropped;
  recorder.OnDeliveries(0, deliveries);
  recorder.OnDeliveries(0, deliveries);  // again, as a second snapshot does
  const LiveCounts counts = recorder.Counts();
  EXPECT_EQ(counts.clients[0].delivered, 6);
  EXPECT_EQ(counts.clients[0].dropped, 2);
}

TEST(RecorderTest, WithoutPositionsTheRecIdentifies) {
  Recorder recorder("run", "");
  recorder.AddProducer("load", true);
  recorder.AddClient(NamedClient("foreign"));
  std::vector<Delivery> deliveries(3);
  deliveries[0].rec = deliveries[1].rec = Rec::Make(0, 1);
  deliveries[2].rec = Rec::Make(0, 2);
  recorder.OnDeliveries(0, deliveries);
  EXPECT_EQ(recorder.Counts().clients[0].delivered, 2);
}

TEST(RecorderTest, DeliveredIsTheMinimumOverObservedClients) {
  Recorder recorder("run", "");
  EXPECT_EQ(recorder.Counts().delivered_min, 0);
  Client blind = NamedClient("blind");
  blind.observed = false;
  recorder.AddClient(blind);
  recorder.AddClient(NamedClient("slow"));
  recorder.AddClient(NamedClient("fast"));
  const std::vector<Delivery> two = {DeliveryAt(0, 0), DeliveryAt(0, 1)};
  recorder.OnDeliveries(2, two);
  EXPECT_EQ(recorder.Counts().delivered_min, 0);
  recorder.OnDeliveries(1, {two.data(), 1});
  EXPECT_EQ(recorder.Counts().delivered_min, 1);
}

TEST(RecorderTest, DeliveriesBelongToTheConnectionTheyCameOn) {
  Recorder recorder("run", "");
  recorder.AddClient(NamedClient("fast"));
  recorder.OnFailedAttempt(0, {50, 14, "no server"});
  recorder.OnConnection(0, ConnectionAt(100));
  EXPECT_TRUE(recorder.Counts().clients[0].connected);
  const std::vector<Delivery> first = {DeliveryAt(0, 0, 110), DeliveryAt(0, 1, 120)};
  recorder.OnDeliveries(0, first);
  recorder.OnConnectionEnd(0, {130, 14, "gone"});
  EXPECT_FALSE(recorder.Counts().clients[0].connected);
  recorder.OnConnection(0, ConnectionAt(200));
  const Delivery second = DeliveryAt(0, 2, 210);
  recorder.OnDeliveries(0, {&second, 1});
  EXPECT_EQ(recorder.Counts().clients[0].last_delivery_ns, 210);
  const History history = recorder.Finish(nullptr);
  const Client& client = history.clients[0];
  ASSERT_EQ(client.connections.size(), 2u);
  EXPECT_TRUE(client.marks_connections);
  EXPECT_EQ(client.connections[0].first_message_ns, 110);
  EXPECT_EQ(client.connections[0].ended_ns, 130);
  EXPECT_EQ(client.connections[0].code, 14);
  EXPECT_EQ(client.connections[1].first_message_ns, 210);
  EXPECT_EQ(client.connections[1].ended_ns, 0);
  EXPECT_EQ(client.deliveries[1].connection, 0u);
  EXPECT_EQ(client.deliveries[2].connection, 1u);
  EXPECT_EQ(client.attempts.size(), 1u);
}

TEST(RecorderTest, AClientThatMarksNoConnectionsHasOne) {
  Recorder recorder("run", "");
  recorder.AddClient(NamedClient("foreign"));
  const Delivery delivery = DeliveryAt(0, 0, 77);
  recorder.OnDeliveries(0, {&delivery, 1});
  const History history = recorder.Finish(nullptr);
  EXPECT_FALSE(history.clients[0].marks_connections);
  ASSERT_EQ(history.clients[0].connections.size(), 1u);
  EXPECT_EQ(history.clients[0].connections[0].started_ns, 77);
}

// One line too early takes nothing from what is judged of the rest.
TEST(RecorderTest, AClientThatMarksItsLaterConnectionsMarksThem) {
  Recorder recorder("run", "");
  recorder.AddClient(NamedClient("foreign"));
  const Delivery delivery = DeliveryAt(0, 0, 77);
  recorder.OnDeliveries(0, {&delivery, 1});
  recorder.OnConnection(0, ConnectionAt(100));
  const History history = recorder.Finish(nullptr);
  EXPECT_TRUE(history.clients[0].marks_connections);
  EXPECT_EQ(history.clients[0].connections.size(), 2u);
}

TEST(RecorderTest, SendsOfAProcessAreInThePhaseOfTheirTime) {
  Recorder recorder("run", "");
  recorder.AddProducer("process", true);
  for (const char* name : {"warm-up", "steady", "never"}) {
    Phase phase;
    phase.name = name;
    phase.measured = phase.name != "warm-up";
    recorder.AddPhase(phase);
  }
  std::vector<SendSeen> sends = {SendOf(1, 50), SendOf(2, 150), SendOf(3, 250), SendOf(4, 350)};
  for (SendSeen& send : sends) send.find_phase = true;
  recorder.OnSends(0, sends);  // told before the phases are
  recorder.UpdatePhase(0, [](Phase* phase) { phase->begin_ns = 100, phase->end_ns = 200; });
  recorder.UpdatePhase(1, [](Phase* phase) { phase->begin_ns = 200, phase->end_ns = 300; });
  const History history = recorder.Finish(nullptr);
  const std::vector<Send>& seen = history.producers[0].sends;
  EXPECT_FALSE(seen[0].measured);
  EXPECT_FALSE(seen[1].measured);
  EXPECT_EQ(seen[1].phase, 0);
  EXPECT_TRUE(seen[2].measured);
  EXPECT_EQ(seen[2].phase, 1);
  EXPECT_FALSE(seen[3].measured);  // after the last one
}

TEST(RecorderTest, WaitForEndsAtItsDeadlineAndAtOnceWhenItHolds) {
  Recorder recorder("run", "");
  EXPECT_FALSE(recorder.WaitFor([](const LiveCounts&) { return false; }, pipeline::MonotonicNs() + 20'000'000));
  EXPECT_TRUE(recorder.WaitFor([](const LiveCounts&) { return true; }, 0));
  // The predicate may ask the recorder.
  EXPECT_TRUE(recorder.WaitFor([&](const LiveCounts&) { return recorder.Counts().sent == 0; }, 0));
}

TEST(RecorderTest, NothingIsLostBetweenThreads) {
  constexpr uint64_t kSends = 20'000;
  constexpr int kClients = 2;
  Recorder recorder("run", "");
  recorder.SetPartitions({0}, true);
  recorder.AddProducer("load", true);
  for (int c = 0; c < kClients; ++c) recorder.AddClient(NamedClient("client-" + std::to_string(c)));
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (uint64_t i = 1; i <= kSends; i += 10) {
      std::vector<SendSeen> sends;
      for (uint64_t s = i; s < i + 10; ++s) sends.push_back(SendOf(s));
      recorder.OnSends(0, sends);
    }
  });
  threads.emplace_back([&] {
    for (uint64_t i = 1; i <= kSends; ++i) {
      const OutcomeSeen outcome = Ok(i, static_cast<int64_t>(i - 1));
      recorder.OnOutcomes(0, {&outcome, 1});
    }
  });
  threads.emplace_back([&] {
    for (uint64_t i = 0; i < kSends; i += 20) {
      std::vector<LogSeen> records;
      for (uint64_t o = i; o < i + 20; ++o) records.push_back(LoggedAt(0, static_cast<int64_t>(o)));
      recorder.OnLog(records);
      recorder.OnName(i, "payment-" + std::to_string(i));
    }
  });
  for (size_t c = 0; c < kClients; ++c) {
    threads.emplace_back([&, c] {
      recorder.OnConnection(c, ConnectionAt(1));
      for (uint64_t i = 0; i < kSends; i += 5) {
        std::vector<Delivery> deliveries;
        for (uint64_t o = i; o < i + 5; ++o) deliveries.push_back(DeliveryAt(0, static_cast<int64_t>(o)));
        recorder.OnDeliveries(c, deliveries);
        recorder.ParseRec("run.load." + std::to_string(i + 1));
      }
    });
  }
  std::atomic<bool> stop = false;
  std::thread late([&] {
    for (int i = 0; !stop && i < 1'000; ++i) recorder.AddProducer("load#" + std::to_string(i), true);
  });
  EXPECT_TRUE(recorder.WaitFor(
      [&](const LiveCounts& counts) {
        return counts.delivered_min == int64_t{kSends} && counts.acked == int64_t{kSends} &&
               counts.logged == int64_t{kSends};
      },
      SecondsFromNow(60)));
  stop = true;
  late.join();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(recorder.Counts().sent, int64_t{kSends});
  const History history = recorder.Finish(nullptr);
  EXPECT_TRUE(history.harness_errors.empty());
  EXPECT_EQ(history.names.size(), kSends / 20);
  for (const Send& send : history.producers[0].sends) ASSERT_EQ(send.outcome, Outcome::kOk);
}

}  // namespace
}  // namespace harness
