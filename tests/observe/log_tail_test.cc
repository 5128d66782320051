// The tail follows files that others write, from before they exist on, and everything in them reaches the recorder in
// the order of the file: with real files, real writers in threads of their own, and no look asked for.
#include "harness/observe/log_tail.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "client/event_log.h"
#include "common/clock.h"
#include "common/line_file.h"
#include "harness/contract/canonical.h"
#include "observe_testing.h"
#include "producer/ack_log.h"
#include "producer/payment_maker.h"
#include "server/ops/server_journal.h"

namespace harness {
namespace {

constexpr int kWaitSeconds = 60;

// Sealed event lines of offsets [begin, end) of partition 0.
std::string EventLines(int64_t begin, int64_t end, const std::string& rec_prefix = "run.load") {
  pipeline::PaymentMaker maker({.rec_prefix = rec_prefix, .first_sequence = static_cast<uint64_t>(begin) + 1});
  std::string lines;
  for (int64_t offset = begin; offset < end; ++offset) {
    std::string value;
    pipeline::ReceivedEvent event;
    event.payment = *maker.Make(1'700'000'000, &value).payment;
    event.time_ns = offset + 1;
    event.connection = 1;
    event.partition = 0;
    event.offset = offset;
    event.record_crc32c = 0;
    std::string object;
    pipeline::AppendEventEntry(event, &object);
    lines += pipeline::SealLine(object);
  }
  return lines;
}

std::string ConnectionLine(int64_t time_ns) {
  pipeline::StreamStarted start;
  start.time_ns = time_ns;
  start.connection = 1;
  start.has_start = true;
  start.token.log_id = "log";
  std::string object;
  pipeline::AppendConnectionEntry(start, {}, nullptr, &object);
  return pipeline::SealLine(object);
}

std::string EndLine(int64_t time_ns, uint32_t connection) {
  std::string object;
  pipeline::AppendEndEntry({.time_ns = time_ns, .connection = connection, .code = 14, .message = "gone", .gaps = {}},
                           &object);
  return pipeline::SealLine(object);
}

class LogTailTest : public ::testing::Test {
 protected:
  LogTailTest() {
    recorder_.AddProducer("load", true);
    recorder_.AddProducer(std::string(kSentinelProducer), true);
    recorder_.AddClient(NamedClient("fast"));
    recorder_.AddClient(NamedClient("slow"));
  }
  bool WaitForDelivered(size_t client, int64_t count) {
    return recorder_.WaitFor([&](const LiveCounts& counts) { return counts.clients[client].delivered >= count; },
                             SecondsFromNow(kWaitSeconds));
  }

  TempFolder folder_;
  Recorder recorder_{"run", ""};
  LogTail tail_{&recorder_};
};

TEST_F(LogTailTest, FollowsFilesThatComeLaterAndGrowInPieces) {
  constexpr int64_t kEvents = 3'000;
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  AppendTo(folder_.File("slow.jsonl"), EventLines(0, 10));
  tail_.FollowEventLog(folder_.File("slow.jsonl"), 1);
  ASSERT_TRUE(WaitForDelivered(1, 10));
  std::thread writer([&] {
    const std::string text = ConnectionLine(5) + EventLines(0, kEvents) + EndLine(9'000, 1);
    size_t piece = 1;
    for (size_t at = 0; at < text.size(); at += piece, piece = piece * 7 % 5'003 + 1) {
      AppendTo(folder_.File("fast.jsonl"), text.substr(at, piece));
    }
  });
  EXPECT_TRUE(WaitForDelivered(0, kEvents));
  writer.join();
  AppendTo(folder_.File("slow.jsonl"), EventLines(10, 20));
  EXPECT_TRUE(WaitForDelivered(1, 20));
  EXPECT_TRUE(recorder_.WaitFor([](const LiveCounts& counts) { return !counts.clients[0].connected; },
                                SecondsFromNow(kWaitSeconds)));
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  const Client& fast = history.clients[0];
  ASSERT_EQ(fast.connections.size(), 1u);
  EXPECT_EQ(fast.connections[0].started_ns, 5);
  EXPECT_EQ(fast.connections[0].first_message_ns, 1);
  EXPECT_EQ(fast.connections[0].ended_ns, 9'000);
  ASSERT_EQ(fast.deliveries.size(), static_cast<size_t>(kEvents));
  for (int64_t i = 0; i < kEvents; ++i) {
    const Delivery& delivery = fast.deliveries[static_cast<size_t>(i)];
    ASSERT_EQ(delivery.offset, i);
    ASSERT_EQ(delivery.rec, Rec::Make(0, static_cast<uint64_t>(i) + 1));
    ASSERT_TRUE(history.names.Find(delivery.id_hash).has_value());
  }
  EXPECT_EQ(fast.broken_lines, 0);
  EXPECT_TRUE(history.harness_errors.empty());
}

TEST_F(LogTailTest, WaitsForLinesOneByOne) {
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  for (int64_t i = 0; i < 100; ++i) {
    AppendTo(folder_.File("fast.jsonl"), EventLines(i, i + 1));
    ASSERT_TRUE(WaitForDelivered(0, i + 1)) << i;
  }
}

TEST_F(LogTailTest, AFileThatIsMovedIntoItsPlaceIsSeen) {
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  tail_.FollowEventLog(folder_.File("later/slow.jsonl"), 1);  // not even its folder is there
  AppendTo(folder_.File("other"), EventLines(0, 5));
  std::filesystem::rename(folder_.File("other"), folder_.File("fast.jsonl"));
  EXPECT_TRUE(WaitForDelivered(0, 5));
  std::filesystem::create_directory(folder_.File("later"));
  AppendTo(folder_.File("later/slow.jsonl"), EventLines(0, 5));
  EXPECT_TRUE(WaitForDelivered(1, 5));
}

TEST_F(LogTailTest, DrainReadsWhatIsThere) {
  AppendTo(folder_.File("fast.jsonl"), EventLines(0, 2'000) + "{\"type\":\"event\",\"t\":1,\"p\":0,");
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  EXPECT_EQ(recorder_.Counts().clients[0].delivered, 2'000);
}

TEST_F(LogTailTest, BrokenLinesAreCountedAndTheRestIsTaken) {
  std::string text = EventLines(0, 3);
  text[50] = static_cast<char>(text[50] ^ 1);
  AppendTo(folder_.File("fast.jsonl"), text + "\n\nnot a line\n" + EventLines(3, 5) + EndLine(70, 0));
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  EXPECT_EQ(history.clients[0].broken_lines, 4);
  const std::vector<std::string>& texts = history.clients[0].broken_line_texts;
  ASSERT_EQ(texts.size(), 3u);  // the first few are kept as they are
  EXPECT_NE(texts[0].find("fast.jsonl line 1: no JSON from byte 51 on"), std::string::npos) << texts[0];
  EXPECT_NE(
      texts[1].find("fast.jsonl line 4: no JSON from byte 1 on; allowed is one JSON object a line. A right line: {"),
      std::string::npos)
      << texts[1];
  EXPECT_EQ(history.clients[0].deliveries.size(), 4u);
  EXPECT_EQ(history.clients[0].attempts.size(), 1u);
  EXPECT_FALSE(history.clients[0].marks_connections);
}

TEST_F(LogTailTest, EventsStayOnTheirSideOfAConnection) {
  AppendTo(folder_.File("fast.jsonl"), ConnectionLine(1) + EventLines(0, 3) + ConnectionLine(2) + EventLines(3, 5) +
                                           EndLine(70, 1) + ConnectionLine(3) + EventLines(5, 6));
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  const Client& client = history.clients[0];
  ASSERT_EQ(client.connections.size(), 3u);
  EXPECT_EQ(client.connections[0].ended_ns, 0);  // its program died
  EXPECT_EQ(client.connections[1].ended_ns, 70);
  std::vector<uint32_t> connections;
  connections.reserve(client.deliveries.size());
  for (const Delivery& delivery : client.deliveries) connections.push_back(delivery.connection);
  EXPECT_EQ(connections, (std::vector<uint32_t>{0, 0, 0, 1, 1, 2}));
}

TEST_F(LogTailTest, SentinelsAreToldByTheirRec) {
  AppendTo(folder_.File("fast.jsonl"), EventLines(0, 2) + EventLines(2, 3, "run." + std::string(kSentinelProducer)));
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  EXPECT_EQ(recorder_.Counts().clients[0].delivered, 2);
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  ASSERT_EQ(history.clients[0].deliveries.size(), 3u);
  EXPECT_TRUE(history.clients[0].deliveries[2].sentinel);
}

TEST_F(LogTailTest, ReadsWhatAProducerWroteBeforeItDied) {
  const std::string path = folder_.File("load.acks");
  pipeline::PaymentMaker maker({.rec_prefix = "run.load"});
  std::vector<uint64_t> hashes;
  {
    pipeline::AckLog log(path, "run.load");
    std::vector<pipeline::DeliveryReport> reports;
    for (int i = 0; i < 500; ++i) {
      std::string value;
      const pipeline::MadeRecord made = maker.Make(1'700'000'000, &value);
      hashes.push_back(CanonicalHash(*made.payment));
      log.Send(made.sequence, made.key, value, -1);
      if (i % 2 == 0) {
        reports.push_back({.sequence = made.sequence, .time_ns = 9, .partition = 3, .offset = i});
      } else if (i % 5 == 0) {
        reports.push_back({.sequence = made.sequence, .time_ns = 9, .outcome = pipeline::DeliveryOutcome::kFail});
      }
    }
    log.Outcomes(reports);
  }
  AppendTo(path, R"({"type":"send","t":5,"seq":501,"key":"torn)");
  tail_.FollowAckLog(path, 0);
  tail_.ProducerEnded(0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  const LiveCounts counts = recorder_.Counts();
  EXPECT_EQ(counts.sent, 500);
  EXPECT_EQ(counts.acked, 250);
  EXPECT_EQ(counts.failed, 50);
  EXPECT_EQ(counts.unknown, 200);
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  for (size_t i = 0; i < hashes.size(); ++i) ASSERT_EQ(history.producers[0].sends[i].content_hash, hashes[i]);
  EXPECT_EQ(history.producers[0].sends[2].offset, 2);
  EXPECT_TRUE(history.harness_errors.empty());
}

// One server after the other writes to its journal; the second cuts off what the death of the first left half.
TEST_F(LogTailTest, FollowsAServersJournalAcrossItsDeath) {
  const std::string path = folder_.File("server-1.server.jsonl");
  const size_t server = recorder_.AddServer("server-1");
  tail_.FollowServerJournal(path, server);
  const std::vector<pipeline::JournaledRecord> read = {{5, 0, 0, pipeline::RejectReason::kNone},
                                                       {6, 1, 0, pipeline::RejectReason::kNoId}};
  for (const char* id : {"first", "second"}) {
    pipeline::ServerJournal journal(path, id);
    journal.Read(read);
    journal.Begin({.time_ns = 7, .number = 1, .peer = "peer", .filter = {}, .sent = {}, .token = {}});
    journal.Wrote(1, 0, 0);
    if (id == std::string("second")) journal.End(1, 14, "shutdown");
    journal.Close();
    if (id == std::string("first")) AppendTo(path, R"({"type":"write","t":9,"su)");
  }
  EXPECT_TRUE(recorder_.WaitFor(
      [&](const LiveCounts&) {
        bool whole = false;
        recorder_.Read([&](const History& history) {
          whole = history.servers[0].lives.size() == 2 && history.servers[0].lives[1].stopped_ns != 0;
        });
        return whole;
      },
      SecondsFromNow(kWaitSeconds)));
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  EXPECT_TRUE(history.harness_errors.empty());
  const JournaledServer& seen = history.servers[0];
  EXPECT_EQ(seen.name, "server-1");
  EXPECT_EQ(seen.broken_lines, 0);
  ASSERT_EQ(seen.lives.size(), 2u);
  EXPECT_EQ(seen.lives[1].server_id, "second");
  ASSERT_EQ(seen.streams.size(), 2u);
  EXPECT_EQ(seen.streams[0].ended_ns, 0);
  EXPECT_EQ(seen.streams[1].life, 1u);
  EXPECT_EQ(seen.streams[1].code, 14);
  EXPECT_EQ(seen.streams[1].reason, "shutdown");
  ASSERT_EQ(seen.events.size(), 6u);
  EXPECT_EQ(seen.events[1].reason, pipeline::RejectReason::kNoId);
  EXPECT_EQ(seen.events[5].kind, ServerEventKind::kWrote);
  EXPECT_EQ(seen.events[5].owner, 1u);
}

TEST_F(LogTailTest, ABrokenServerJournalIsAHarnessErrorAndSaysNothingOfWhatIsAbsent) {
  AppendTo(folder_.File("journal"), "{\"type\":\"start\",\"t\":1,\"server_id\":\"a\"}\nnonsense\n");
  tail_.FollowServerJournal(folder_.File("journal"), recorder_.AddServer("server-1"));
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  EXPECT_EQ(history.servers[0].broken_lines, 1);
  ASSERT_EQ(history.harness_errors.size(), 1u);
  EXPECT_NE(history.harness_errors[0].find("journal line 2: no JSON from byte"), std::string::npos)
      << history.harness_errors[0];
}

// Opening a FIFO waits for its other end, reading a device may never end: neither is opened, the other files go on, and
// nobody who asks is held up.
TEST_F(LogTailTest, OnlyRegularFilesAreOpened) {
  const std::string fifo = folder_.File("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::filesystem::create_symlink("fifo", folder_.File("link"));
  std::filesystem::create_symlink("/dev/zero", folder_.File("device"));
  std::filesystem::create_directory(folder_.File("folder"));
  tail_.FollowEventLog(fifo, 0);
  tail_.FollowAckLog(folder_.File("link"), 0);
  tail_.FollowServerJournal(folder_.File("device"), recorder_.AddServer("server-1"));
  tail_.FollowEventLog(folder_.File("folder"), 0);
  tail_.FollowEventLog(folder_.File("slow.jsonl"), 1);
  AppendTo(folder_.File("slow.jsonl"), EventLines(0, 10));
  EXPECT_TRUE(WaitForDelivered(1, 10));
  tail_.ProducerEnded(0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  const auto told = [&](const std::string& name, const std::string& kind) {
    const std::string sentence = "cannot follow " + folder_.File(name) + ": is " + kind + "; allowed: a regular file";
    return std::count(history.harness_errors.begin(), history.harness_errors.end(), sentence);
  };
  EXPECT_EQ(told("fifo", "a FIFO"), 1);
  EXPECT_EQ(told("link", "a FIFO"), 1);
  EXPECT_EQ(told("device", "a device"), 1);
  EXPECT_EQ(told("folder", "a folder"), 1);
  EXPECT_EQ(history.harness_errors.size(), 4u);
}

TEST_F(LogTailTest, ABrokenAcknowledgementLogIsAHarnessError) {
  AppendTo(folder_.File("load.acks"), R"({"type":"start","t":1,"producer":""}
{"type":"outcome","t":1,"seq":1,"outcome":"done"}
second
third
fourth
fifth
)");
  tail_.FollowAckLog(folder_.File("load.acks"), 0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  ASSERT_EQ(history.harness_errors.size(), 4u);
  EXPECT_NE(history.harness_errors[1].find("This one: third"), std::string::npos) << history.harness_errors[1];
  EXPECT_NE(history.harness_errors[3].find("1 more lines can't be read"), std::string::npos)
      << history.harness_errors[3];
  ASSERT_EQ(history.claims.size(), 1u);  // a whole line is its writer's word
  EXPECT_EQ(history.claims[0].subject, SubjectKind::kProducer);
  EXPECT_NE(
      history.claims[0].what.find("load.acks line 2: outcome is \"done\" (string); allowed is \"ok\", \"fail\" or "),
      std::string::npos)
      << history.claims[0].what;
}

// What can be read and can't be true is its writer's, and breaks nothing of the harness's.
TEST_F(LogTailTest, WhatCannotBeTrueIsAClaim) {
  AppendTo(folder_.File("fast.jsonl"), EventLines(0, 2) + R"({"type":"event","t":3,"p":0,"o":2,"payment":{"id":""}}
{"type":"event","t":3,"p":0,"o":3,"payment":{"id":"a","units":99999999999999999999}}
{"type":"event","t":3,"conn":-1,"p":0,"o":4,"payment":{"id":"a"}}
)" + EventLines(5, 6));
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  EXPECT_TRUE(history.harness_errors.empty());
  EXPECT_EQ(history.clients[0].broken_lines, 0);
  EXPECT_EQ(history.clients[0].deliveries.size(), 3u);
  ASSERT_EQ(history.claims.size(), 2u);
  EXPECT_EQ(history.claims[0].kind, ClaimKind::kContent);
  EXPECT_EQ(history.claims[0].count, 2);
  EXPECT_NE(history.claims[0].what.find("fast.jsonl line 3: payment.id is \"\""), std::string::npos)
      << history.claims[0].what;
  EXPECT_EQ(history.claims[1].kind, ClaimKind::kItself);
}

TEST_F(LogTailTest, ATimeThatCannotBeIsReplacedByTheMomentOfReading) {
  const int64_t begun_ns = pipeline::MonotonicNs();
  ProcessSpan process;
  process.name = "fast";
  process.started_ns = begun_ns;
  recorder_.OnProcess(process);
  const auto event = [&](int64_t time_ns, int64_t offset) {
    return R"({"type":"event","t":)" + std::to_string(time_ns) + R"(,"p":0,"o":)" + std::to_string(offset) +
           R"(,"payment":{"id":"a"}})" + "\n";
  };
  const int64_t right_ns = pipeline::MonotonicNs();
  AppendTo(folder_.File("fast.jsonl"), ConnectionLine(begun_ns - 1) + event(right_ns, 0) + event(-5, 1) +
                                           event(begun_ns - 9'300'000'000'000, 2) + event(INT64_MAX, 3));
  tail_.FollowEventLog(folder_.File("fast.jsonl"), 0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  const int64_t read_ns = pipeline::MonotonicNs();
  tail_.Stop();
  const History history = recorder_.Finish(nullptr);
  ASSERT_EQ(history.claims.size(), 1u);
  EXPECT_EQ(history.claims[0].kind, ClaimKind::kTime);
  EXPECT_EQ(history.claims[0].count, 4);
  const Client& client = history.clients[0];
  EXPECT_GE(client.connections[0].started_ns, begun_ns);
  ASSERT_EQ(client.deliveries.size(), 4u);
  EXPECT_EQ(client.deliveries[0].time_ns, right_ns);
  EXPECT_FALSE(client.deliveries[0].time_is_replaced);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_TRUE(client.deliveries[i].time_is_replaced);
    EXPECT_TRUE(client.deliveries[i].time_ns >= right_ns && client.deliveries[i].time_ns <= read_ns) << i;
  }
}

// What a log's writer puts in the log's place is read, without anybody asking for a look.
TEST_F(LogTailTest, ALogThatIsReplacedByRenameIsReadOn) {
  const std::string path = folder_.File("fast.events.jsonl");
  tail_.FollowEventLog(path, 0);
  AppendTo(path, ConnectionLine(1) + EventLines(0, 3));
  ASSERT_TRUE(WaitForDelivered(0, 3));
  std::filesystem::rename(path, folder_.File("old"));
  AppendTo(folder_.File("old"), EventLines(3, 5));  // its writer has it open still
  ASSERT_TRUE(WaitForDelivered(0, 5));
  AppendTo(folder_.File("new"), EventLines(5, 9));
  std::filesystem::rename(folder_.File("new"), path);
  ASSERT_TRUE(WaitForDelivered(0, 9));
  AppendTo(path, EventLines(9, 10));
  EXPECT_TRUE(WaitForDelivered(0, 10));
}

// A client that opens a stream before it has closed the one before has one open stream, its newest.
TEST_F(LogTailTest, TheEndOfAnOlderStreamLeavesTheNewestOpen) {
  const std::string path = folder_.File("fast.events.jsonl");
  AppendTo(path, R"({"type":"connection","t":1,"conn":1})"
                 "\n"
                 R"({"type":"event","t":2,"conn":1,"p":0,"o":0,"payment":{"id":"a"}})"
                 "\n"
                 R"({"type":"connection","t":3,"conn":2})"
                 "\n"
                 R"({"type":"event","t":4,"conn":1,"p":0,"o":1,"payment":{"id":"a"}})"
                 "\n"
                 R"({"type":"end","t":5,"conn":1,"code":14})"
                 "\n"
                 R"({"type":"event","t":6,"conn":2,"p":0,"o":2,"payment":{"id":"a"}})"
                 "\n"
                 R"({"type":"end","t":7,"conn":1,"code":14})"
                 "\n");
  tail_.FollowEventLog(path, 0);
  ASSERT_TRUE(tail_.Drain(SecondsFromNow(kWaitSeconds)));
  EXPECT_TRUE(recorder_.Counts().clients[0].connected);
  const History history = recorder_.Finish([](History*) {});
  const Client& client = history.clients[0];
  ASSERT_EQ(client.connections.size(), 2u);
  EXPECT_EQ(client.connections[0].ended_ns, 5);
  EXPECT_EQ(client.connections[1].ended_ns, 0);
  ASSERT_EQ(client.deliveries.size(), 3u);
  EXPECT_EQ(client.deliveries[1].connection, 0u);
  EXPECT_EQ(client.deliveries[2].connection, 1u);
  EXPECT_EQ(client.attempts.size(), 1u);  // nothing was open that the last line could end
}

}  // namespace
}  // namespace harness
