// A record is found by each of its names, its life is told in time order from the plan to every client, and what it
// never came to is named; events become lines that programs can read whatever the names in them.
#include "harness/report/record_life.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/observe/log_lines.h"
#include "harness/report/event_lines.h"
#include "tests/report/report_testing.h"

namespace harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// LossyRun with payment ids that hash as they would in a run.
History LossyHistory() {
  History history = LossyRun().history;
  NameTable names;
  for (LogRecord& record : history.partitions[0].records) {
    const std::string id(history.names.Find(record.id_hash).value());
    record.id_hash = IdHash(id);
    names.Add(record.id_hash, id);
  }
  history.names = names;
  return history;
}

std::vector<std::string> Texts(const History& history, const std::vector<RunEvent>& events) {
  std::vector<std::string> texts;
  for (const RunEvent& event : events) {
    const std::string text = EventText(history, event);
    texts.push_back(EventPlace(history, event) + ": " + text.substr(0, text.find(", content")));
  }
  return texts;
}

TEST(FindRecordsTest, EachFormMeansTheSameRecord) {
  const History history = LossyHistory();
  const RecordName fifth{Rec::Make(0, 5), {{0, 4}}};
  for (const char* id : {"r1.load.5", "load.5", "pay_5", "0@4"}) {
    EXPECT_THAT(FindRecords(history, id), ElementsAre(fifth)) << id;
  }
}

TEST(FindRecordsTest, WhatTheRunDoesNotKnowIsNotFound) {
  const History history = LossyHistory();
  for (const char* id : {"",
                         ".",
                         "@",
                         "load",
                         "load.",
                         "load.0",
                         "load.10",
                         "load.-5",
                         "load.+5",
                         "load.5x",
                         "r2.load.5",
                         "other.5",
                         ".5",
                         "load.99999999999999999999",
                         "load.281474976710656",
                         "pay_10",
                         "0@9",
                         "1@4",
                         "-1@4",
                         "0@-1",
                         "0@",
                         "@4",
                         "4",
                         "0@4@4",
                         "99999999999@4"}) {
    EXPECT_THAT(FindRecords(history, id), IsEmpty()) << id;
  }
  EXPECT_THAT(FindRecords(History{}, "load.1"), IsEmpty());
}

TEST(FindRecordsTest, NamesWithDotsAndSignsAreTakenWhole) {
  History history = LossyHistory();
  history.run_id = "2026.1";
  history.producers[0].name = "shop.eu#2";
  EXPECT_THAT(FindRecords(history, "shop.eu#2.5"), SizeIs(1));
  EXPECT_THAT(FindRecords(history, "2026.1.shop.eu#2.5"), SizeIs(1));
  // A payment may be called like a position: where there is no such position, the payment is meant.
  LogRecord& record = history.partitions[0].records[4];
  record.id_hash = IdHash("7@7");
  EXPECT_THAT(FindRecords(history, "7@7"), ElementsAre(RecordName{record.rec, {{0, 4}}}));
}

TEST(FindRecordsTest, APaymentHasAllItsRecordsAndARecordAllItsPlaces) {
  History history = LossyHistory();
  std::vector<LogRecord>& records = history.partitions[0].records;
  records[6].id_hash = records[4].id_hash;
  LogRecord again = records[4];
  again.offset = 3;
  history.partitions[1].records.push_back(again);
  EXPECT_THAT(FindRecords(history, "pay_5"),
              ElementsAre(RecordName{Rec::Make(0, 5), {{0, 4}, {1, 3}}}, RecordName{Rec::Make(0, 7), {{0, 6}}}));
  EXPECT_THAT(FindRecords(history, "load.5"), ElementsAre(RecordName{Rec::Make(0, 5), {{0, 4}, {1, 3}}}));
}

TEST(FindRecordsTest, ARecordWithoutARecIsItsPlace) {
  History history = LossyHistory();
  history.partitions[0].records[4].rec = Rec{};
  EXPECT_THAT(FindRecords(history, "pay_5"), ElementsAre(RecordName{Rec{}, {{0, 4}}}));
  // A producer that was told of that place, and sent that content, sent it.
  EXPECT_THAT(FindRecords(history, "0@4"), ElementsAre(RecordName{Rec::Make(0, 5), {{0, 4}}}));
  // With another content the two may not be the same.
  history.producers[0].sends[4].content_hash = 1;
  EXPECT_THAT(FindRecords(history, "0@4"), SizeIs(2));
}

TEST(FindRecordsTest, WhatOnlyAClientSawIsFound) {
  History history = LossyHistory();
  Delivery phantom = history.clients[0].deliveries.back();
  phantom.rec = Rec{};
  phantom.partition = 1;
  phantom.offset = 77;
  history.clients[0].deliveries.push_back(phantom);
  EXPECT_THAT(FindRecords(history, "1@77"), ElementsAre(RecordName{Rec{}, {{1, 77}}}));
}

// A plain server gives no positions, and a plain client writes no metadata: the payment's id is all that there is.
TEST(FindRecordsTest, WhatAClientHasWithoutRecAndPositionIsFoundByItsPaymentId) {
  History history = LossyHistory();
  Delivery told = history.clients[1].deliveries.back();
  told.rec = Rec{};
  told.partition = -1;
  told.offset = -1;
  told.id_hash = IdHash("pay_5");
  told.content_hash = history.partitions[0].records[4].content_hash;
  history.clients[1].deliveries.push_back(told);
  // What the topic holds with that content is what it was handed.
  EXPECT_THAT(FindRecords(history, "pay_5"), ElementsAre(RecordName{Rec::Make(0, 5), {{0, 4}}}));
  const std::vector<RunEvent> life = LifeOf(history, FindRecords(history, "load.5"));
  EXPECT_THAT(Texts(history, life), ::testing::Contains("client fast: new, no position, connection 2"));
  EXPECT_THAT(AbsencesOf(history, life), IsEmpty());
  // Another content under that id is of no record that the run knows, and is found all the same.
  history.clients[1].deliveries.back().content_hash = 1;
  const RecordName nameless{Rec{}, {}, IdHash("pay_5")};
  EXPECT_THAT(FindRecords(history, "pay_5"), ElementsAre(RecordName{Rec::Make(0, 5), {{0, 4}}}, nameless));
  history.clients[1].deliveries.back().id_hash = IdHash("pay_invented");
  const std::vector<RecordName> invented = FindRecords(history, "pay_invented");
  EXPECT_THAT(invented, ElementsAre(RecordName{Rec{}, {}, IdHash("pay_invented")}));
  EXPECT_THAT(Texts(history, LifeOf(history, invented)), ElementsAre("client fast: new, no position, connection 2"));
  EXPECT_CONTAINS(RecordHeading(history, invented[0], LifeOf(history, invented)),
                  "without a rec and without a position");
}

TEST(FindRecordsTest, WhatWasOnlySentIsFoundByItsPaymentId) {
  History history = LossyHistory();
  Send sent = history.producers[0].sends.back();
  sent.outcome = Outcome::kUnknown;
  sent.offset = -1;
  sent.partition = -1;
  sent.id_hash = IdHash("pay_unsent");
  history.producers[0].sends.push_back(sent);
  EXPECT_THAT(FindRecords(history, "pay_unsent"), ElementsAre(RecordName{Rec::Make(0, 10), {}}));
}

TEST(FindRecordsTest, APaymentIsFoundWhereAClientHasItAtAnothersPlace) {
  History history = LossyHistory();
  history.clients[1].deliveries.front().id_hash = IdHash("pay_5");  // it says so of the first record
  EXPECT_THAT(FindRecords(history, "pay_5"),
              ElementsAre(RecordName{Rec::Make(0, 5), {{0, 4}}}, RecordName{Rec::Make(0, 1), {{0, 0}}}));
}

TEST(AbsencesTest, ManyClientsWithTheSameStoryAreFolded) {
  History history = LossyHistory();
  for (int i = 0; i < 98; ++i) history.clients.emplace_back().name = "more-" + std::to_string(i);
  const std::vector<Absence> absences = AbsencesOf(history, LifeOf(history, FindRecords(history, "load.5")));
  ASSERT_THAT(absences, SizeIs(9));
  EXPECT_EQ(absences.back().place, "91 more clients");
  EXPECT_EQ(absences.back().sentence, "never received");
}

TEST(RecordLifeTest, IsToldInTimeOrderHopByHop) {
  const History history = LossyHistory();
  const std::vector<RunEvent> life = LifeOf(history, FindRecords(history, "load.5"));
  EXPECT_THAT(Texts(history, life),
              ElementsAre("planned: phase steady", "sent: by load", "acknowledged: ok, partition 0 offset 4",
                          "in the topic: partition 0 offset 4, crc32c 00000000",
                          "client tutorial: new, partition 0 offset 4, connection 2"));
  const std::vector<Absence> absences = AbsencesOf(history, life);
  ASSERT_THAT(absences, SizeIs(1));
  EXPECT_EQ(absences[0].place, "client fast");
  EXPECT_EQ(absences[0].sentence, "never received");
}

// A server that keeps a journal is a hop of its own: what it read, to whom it wrote, and what it has nothing of.
TEST(RecordLifeTest, AServersJournalIsAHop) {
  History history = LossyHistory();
  JournaledServer& server = history.servers.emplace_back();
  server.name = "server-1";
  server.lives.push_back({.server_id = "host#1.1"});
  server.streams.push_back({.number = 3, .peer = {}, .reason = {}, .token = {}, .sent = {}});
  history.clients[0].connections[1].subscription = "host#1.1/3";
  const int64_t logged_ns = history.partitions[0].records[4].seen_ns;
  server.events = {{.time_ns = logged_ns + 1, .offset = 4},
                   {.time_ns = logged_ns + 2, .offset = 4, .kind = ServerEventKind::kWrote},
                   {.time_ns = logged_ns + 3, .offset = 5, .reason = pipeline::RejectReason::kNotJson}};
  const std::vector<RunEvent> life = LifeOf(history, FindRecords(history, "load.5"));
  EXPECT_THAT(
      Texts(history, life),
      ElementsAre("planned: phase steady", "sent: by load", "acknowledged: ok, partition 0 offset 4",
                  "in the topic: partition 0 offset 4, crc32c 00000000", "read by server-1: partition 0 offset 4",
                  "written by server-1: partition 0 offset 4 to subscription 3, client tutorial's connection 2",
                  "client tutorial: new, partition 0 offset 4, connection 2"));
  const auto line = nlohmann::json::parse(EventJson(history, life[4]));
  EXPECT_EQ(line["event"], "server_read");
  EXPECT_EQ(line["who"], "server-1");
  EXPECT_EQ(line["what"], "accepted");

  const std::vector<RunEvent> next = LifeOf(history, FindRecords(history, "load.6"));
  EXPECT_THAT(Texts(history, next), ::testing::Contains("read by server-1: partition 0 offset 5, rejected: not_json"));
  const std::vector<Absence> absences = AbsencesOf(history, next);
  ASSERT_THAT(absences, SizeIs(1));
  EXPECT_EQ(absences[0].place, "written by server-1");
  EXPECT_EQ(absences[0].sentence, "not in its journal");
  server.broken_lines = 1;
  EXPECT_EQ(AbsencesOf(history, next).front().sentence, "not in its journal, which is cut");
}

TEST(RecordLifeTest, MeanwhileAreFaultsAndBreaksBetweenItsFirstAndItsLast) {
  History history = LossyHistory();
  EXPECT_THAT(Texts(history, MeanwhileOf(history, LifeOf(history, FindRecords(history, "load.3")))), IsEmpty());
  // The fourth, had it been handed on only after the reconnect.
  history.clients[1].deliveries[3].time_ns = kBegin + 700 * kMs;
  history.clients[1].attempts.push_back({kBegin + 500 * kMs, 14, "refused"});
  EXPECT_THAT(
      Texts(history, MeanwhileOf(history, LifeOf(history, FindRecords(history, "load.4")))),
      ElementsAre("fault crash: process.kill server-1, struck; pid 4711 ended by signal 9",
                  "client tutorial: connection 1 ended with code 14 Socket closed",
                  "client fast: connection 1 ended with code 14 Socket closed",
                  "client fast: failed to connect, with code 14 refused", "fault crash: process.kill server-1, healed",
                  "client tutorial: connection 2 to , resumed", "client fast: connection 2 to , resumed"));
  // A fault that was on already is named too.
  EXPECT_THAT(Texts(history, MeanwhileOf(history, LifeOf(history, FindRecords(history, "load.5")))),
              ElementsAre("fault crash: process.kill server-1, struck; pid 4711 ended by signal 9",
                          "client fast: failed to connect, with code 14 refused"));
}

TEST(RecordLifeTest, WhatNeverCameIsLast) {
  History history = LossyHistory();
  history.producers[0].sends[4].acked_ns = 0;
  history.producers[0].sends[4].outcome = Outcome::kUnknown;
  const std::vector<RunEvent> life = LifeOf(history, FindRecords(history, "load.5"));
  ASSERT_THAT(life, SizeIs(5));
  EXPECT_EQ(life.back().type, EventType::kOutcome);
  EXPECT_EQ(life.back().time_ns, 0);
  // Of a producer that tells nothing of it, nothing is said.
  history.producers[0].has_acks = false;
  history.producers[0].sends[4].outcome = Outcome::kPending;
  EXPECT_THAT(LifeOf(history, FindRecords(history, "load.5")), SizeIs(4));
}

TEST(RecordLifeTest, EachOfSeveralRecordsHasItsOwn) {
  const History history = LossyHistory();
  std::vector<RecordName> records = FindRecords(history, "load.5");
  records.push_back(FindRecords(history, "load.6").front());
  const std::vector<RunEvent> both = LifeOf(history, records);
  EXPECT_THAT(both, SizeIs(11));
  EXPECT_EQ(LifeWithin(history, both, records[0]), LifeOf(history, {&records[0], 1}));
  EXPECT_EQ(LifeWithin(history, both, records[1]), LifeOf(history, {&records[1], 1}));
}

TEST(RecordLifeTest, HopsThatWereNotWatchedAreNamed) {
  History history = LossyHistory();
  history.clients[0].observed = false;
  history.clients[0].deliveries.clear();
  history.clients[1].filter.provider = pipeline::Provider::kPaypal;
  history.producers[0].sends[4] = Send{};
  std::vector<std::string> sentences;
  for (const Absence& absence : AbsencesOf(history, LifeOf(history, FindRecords(history, "0@4")))) {
    sentences.push_back(absence.place + ": " + absence.sentence);
  }
  EXPECT_THAT(sentences,
              ElementsAre("sent: no producer of this run says it sent it",
                          "client tutorial: not observed (no event log)", "client fast: not asked for by its filter"));
}

TEST(AllEventsTest, EveryEventOnceInTimeOrder) {
  const History history = LossyHistory();
  const std::vector<RunEvent> events = AllEvents(history);
  // Nine records planned, sent, told of and logged; 17 deliveries; 4 connections and 2 ends; a fault; a phase.
  EXPECT_THAT(events, SizeIs(4 * 9 + 17 + 6 + 2 + 2));
  EXPECT_TRUE(std::is_sorted(events.begin(), events.end(), Before));
}

TEST(EventLinesTest, JsonHasWhatIsKnownAndNoMore) {
  const History history = LossyHistory();
  const std::vector<RunEvent> life = LifeOf(history, FindRecords(history, "load.5"));
  const auto line = nlohmann::json::parse(EventJson(history, life[3]));
  EXPECT_EQ(line, nlohmann::json::parse(R"({"time_ns": 5503000000, "since_load_ns": 503000000, "event": "logged",
      "rec": "r1.load.5", "payment_id": "pay_5", "partition": 0, "offset": 4, "crc32c": 0,
      "content": "00000000000000c5", "text": "partition 0 offset 4, crc32c 00000000, content 00000000000000c5"})"));
  const auto delivered = nlohmann::json::parse(EventJson(history, life[4]));
  EXPECT_EQ(delivered["who"], "tutorial");
  EXPECT_EQ(delivered["what"], "new");
  EXPECT_EQ(delivered["connection"], 2);
}

TEST(EventLinesTest, NamesFromOutsideStayInTheirCell) {
  History history = LossyHistory();
  history.clients[0].connections[0].message = "a,\"b\"\nc\xFF\x1b[31m";
  for (const RunEvent& event : AllEvents(history)) {
    if (event.type != EventType::kDisconnected || event.actor != 0) continue;
    const std::string csv = EventCsv(history, event);
    EXPECT_CONTAINS(csv, ",\"connection 1 ended with code 14 a,\"\"b\"\"?c??[31m\"");
    EXPECT_TRUE(nlohmann::json::accept(EventJson(history, event)));
    EXPECT_CONTAINS(EventRow(history, event), "14 a,\"b\"?c??[31m");
  }
  EXPECT_EQ(EventCsvHeader(),
            "time_ns,since_load_ns,event,who,what,rec,payment_id,partition,offset,connection,crc32c,content,text");
}

TEST(EventLinesTest, ARowSaysWhatIsAtARecordsPlaceInItsStead) {
  History history = LossyHistory();
  history.clients[0].deliveries[4].rec = Rec::Make(0, 6);
  const std::vector<RecordName> records = FindRecords(history, "load.5");
  const std::vector<RunEvent> life = LifeOf(history, records);
  EXPECT_CONTAINS(RecordHeading(history, records[0], life), "r1.load.5, payment pay_5, partition 0 offset 4");
  EXPECT_CONTAINS(LifeRow(history, records[0], life[4]), "    +0.510000 s  client tutorial         new, partition 0");
  EXPECT_CONTAINS(LifeRow(history, records[0], life[4]), ", as r1.load.6");
  EXPECT_FALSE(Contains(LifeRow(history, records[0], life[3]), ", as "));
}

// Of what a client dropped its log says no more than where it stood: nothing is made up.
TEST(LifeOfTest, ADroppedRecordHasAPlaceAndNoContent) {
  History history = LossyHistory();
  Delivery& delivery = history.clients[0].deliveries.front();
  delivery.kind = DeliveryKind::kDropped;
  delivery.rec = {};
  delivery.content_hash = 0;
  std::vector<std::string> texts;
  for (const RunEvent& event : LifeOf(history, FindRecords(history, fmt::format("0@{}", delivery.offset)))) {
    if (event.type == EventType::kDelivered && event.actor == 0) texts.push_back(EventText(history, event));
  }
  EXPECT_THAT(texts, ElementsAre(fmt::format("dropped, partition 0 offset {}, connection 1", delivery.offset)));
}

}  // namespace
}  // namespace harness
