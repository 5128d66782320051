// The journal holds what the server read and what it handed to each stream, in order and once, in sealed lines that
// name the stream as its metadata do; a file is carried on behind its torn tail; a disk that takes nothing costs the
// journal its entries, which are counted, and the server nothing.
#include "server/ops/server_journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

class ServerJournalTest : public ::testing::Test {
 protected:
  ServerJournalTest() {
    char name[] = "/tmp/server_journal_test.XXXXXX";
    const int fd = mkstemp(name);
    if (fd < 0) throw std::runtime_error("no temporary file");
    close(fd);
    path_ = name;
  }
  ~ServerJournalTest() override { unlink(path_.c_str()); }

  // The lines without their seals; each has to be sealed.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    std::ifstream in(path_);
    for (std::string line; std::getline(in, line);) {
      EXPECT_EQ(CheckLine(line), LineState::kSealed) << line;
      lines.push_back(line.substr(0, line.find(",\"crc\"")));
    }
    return lines;
  }
  size_t Count(const std::string& text) const {
    size_t count = 0;
    for (const std::string& line : Lines()) {
      for (size_t at = line.find(text); at != std::string::npos; at = line.find(text, at + 1)) ++count;
    }
    return count;
  }

  std::string path_;
};

TEST(JournalLinesTest, EntriesHaveTheDocumentedMembers) {
  std::string line;
  const std::vector<JournaledRecord> places = {{100, 7, 0, RejectReason::kNone}, {130, 2, 3, RejectReason::kNotJson}};
  AppendJournalRead(places, &line);
  EXPECT_EQ(line, R"({"type":"read","t":100,"records":[[0,7,0],[3,2,30,"not_json"]]})");
  line.clear();
  AppendJournalWrite(5, std::span(places).first(1), &line);
  EXPECT_EQ(line, R"({"type":"write","t":100,"sub":5,"events":[[0,7,0]]})");
  line.clear();
  AppendJournalStart(9, "host#1.1", 77, &line);
  EXPECT_EQ(line, R"({"type":"start","t":9,"pid":77,"server_id":"host#1.1"})");
  line.clear();
  SubscriptionBegan began{.time_ns = 8, .number = 5, .peer = "ipv4:1", .filter = {}, .sent = {}, .token = {}};
  began.token.set_log_id("log");
  began.token.add_partitions()->set_after(-1);
  began.token.mutable_partitions(0)->set_snapshot_until(4);
  AppendJournalBegin(began, &line);
  EXPECT_EQ(line, R"({"type":"begin","t":8,"sub":5,"peer":"ipv4:1","provider":"UNKNOWN","status":"UNKNOWN",)"
                  R"("token":{"log_id":"log","partitions":[{"p":0,"after":-1,"snapshot_until":4}]}})");
  line.clear();
  AppendJournalEnd(10, 5, 14, "shutdown", &line);
  EXPECT_EQ(line, R"({"type":"end","t":10,"sub":5,"code":14,"reason":"shutdown"})");
  line.clear();
  AppendJournalCut(11, 3, &line);
  EXPECT_EQ(line, R"({"type":"cut","t":11,"lost":3})");
  EXPECT_EQ(SubscriptionName("host#1.1", 5), "host#1.1/5");
}

// What four streams tell at once is there, each stream's own in its order, behind its begin and before its end.
TEST_F(ServerJournalTest, NothingIsLostBetweenThreads) {
  constexpr int64_t kEvents = 20'000;
  ServerJournal journal(path_, "id");
  std::vector<std::thread> threads;
  for (uint64_t sub = 1; sub <= 4; ++sub) {
    threads.emplace_back([&journal, sub] {
      journal.Begin({.time_ns = 1, .number = sub, .peer = "", .filter = {}, .sent = {}, .token = {}});
      for (int64_t offset = 0; offset < kEvents; ++offset) journal.Wrote(sub, 0, offset);
      journal.End(sub, 0, "done");
    });
  }
  for (std::thread& thread : threads) thread.join();
  journal.Close();
  EXPECT_EQ(journal.lost(), 0);
  std::map<std::string, std::string> by_stream;
  for (const std::string& line : Lines()) {
    const size_t sub = line.find("\"sub\":");
    if (sub != std::string::npos) by_stream[line.substr(sub, 7)] += line;
  }
  ASSERT_EQ(by_stream.size(), 4u);
  for (const auto& [sub, text] : by_stream) {
    size_t at = text.find("\"begin\"");
    ASSERT_NE(at, std::string::npos) << sub;
    for (int64_t offset = 0; offset < kEvents; ++offset) {
      at = text.find("[0," + std::to_string(offset) + ",", at);
      ASSERT_NE(at, std::string::npos) << sub << " offset " << offset;
    }
    EXPECT_NE(text.find("\"end\"", at), std::string::npos) << sub;
  }
  EXPECT_NE(Lines().back().find("\"stop\""), std::string::npos);
}

TEST_F(ServerJournalTest, IsCarriedOnBehindItsTornTailAndIsOneProcesssAlone) {
  {
    unlink(path_.c_str());
    const mode_t before = umask(0);
    ServerJournal first(path_, "first");
    umask(before);
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(path_).permissions(), perms::owner_read | perms::owner_write);
    EXPECT_THROW(ServerJournal(path_, "second"), std::runtime_error) << "in use";
  }
  std::ofstream(path_, std::ios::app) << R"({"type":"write","t":1,"su)";
  { ServerJournal second(path_, "second"); }
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_NE(lines[0].find("first"), std::string::npos);
  EXPECT_NE(lines[2].find("second"), std::string::npos);
}

// A file that may not grow stands for a full disk: what fits is whole, and what came after it is counted and told.
TEST_F(ServerJournalTest, AFullDiskIsCountedAndTold) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ServerJournal journal(path_, "id");
  rlimit full = before;
  full.rlim_cur = 4'096;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  for (int64_t offset = 0; offset < 5'000; ++offset) journal.Wrote(1, 0, offset);
  EXPECT_TRUE(Eventually([&] { return journal.lost() > 0; }));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  journal.Close();
  EXPECT_EQ(static_cast<size_t>(journal.lost()) + Count("[0,"), 5'000u);
  EXPECT_EQ(Count("\"lost\":" + std::to_string(journal.lost())), 1u)
      << "told as soon as the disk takes something again";
  EXPECT_NE(Lines().back().find("\"stop\""), std::string::npos);
}

// The whole server: a record accepted and one rejected are read, and what the stream received was written to it.
TEST_F(ServerJournalTest, HoldsWhatTheServerReadAndWrote) {
  TestKafka kafka(1);
  kafka.ProducePayment(0, "pay_1");
  kafka.Produce(0, "pay_2", "no json");
  kafka.ProducePayment(0, "pay_3");
  kafka.Flush();
  ServerOptions options = TestOptions(kafka.settings());
  options.journal_path = path_;
  PaymentServer server(options);
  server.Start();
  TestStream stream(server.port());
  stream.Open();
  ASSERT_TRUE(stream.WaitForStart());
  EXPECT_EQ(stream.ReadMany(2).size(), 2u);
  EXPECT_EQ(stream.subscription(), stream.start().server_id() + "/1");
  stream.Cancel();
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 0; }));
  server.Shutdown();
  EXPECT_EQ(Count("\"server_id\":\"" + stream.start().server_id() + "\""), 1u);
  EXPECT_EQ(Count("\"not_json\""), 1u);
  std::string writes, reads;
  for (const std::string& line : Lines()) {
    if (line.find("\"type\":\"write\"") != std::string::npos) writes += line;
    if (line.find("\"type\":\"read\"") != std::string::npos) reads += line;
  }
  for (const char* offset : {"[0,0,", "[0,2,"}) {
    EXPECT_NE(writes.find(offset), std::string::npos) << writes;
    EXPECT_NE(reads.find(offset), std::string::npos) << reads;
  }
  EXPECT_EQ(writes.find("[0,1,"), std::string::npos) << writes;
  EXPECT_EQ(Count("\"reason\":\"client\""), 1u);
  EXPECT_NE(Lines().back().find("\"stop\""), std::string::npos);
}

TEST_F(ServerJournalTest, ADiskThatTakesNothingNeverStopsTheServer) {
  TestKafka kafka(1);
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  ServerOptions options = TestOptions(kafka.settings());
  options.journal_path = "/dev/full";
  PaymentServer server(options);
  server.Start();
  TestStream stream(server.port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1).size(), 1u);
  EXPECT_TRUE(Eventually([&] { return server.journal_lost() >= 4; })) << "start, read, begin, write";
}

// A disk that stands still: a terminal whose other end nobody reads.
class StuckDisk {
 public:
  StuckDisk() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_EQ(grantpt(master_) + unlockpt(master_), 0);
    path_ = ptsname(master_);
  }
  ~StuckDisk() {
    GoOn();
    reading_.join();
    close(master_);
  }
  StuckDisk(const StuckDisk&) = delete;
  StuckDisk& operator=(const StuckDisk&) = delete;

  const std::string& path() const { return path_; }
  // All that comes is taken, until the writer has closed it.
  void GoOn() {
    if (reading_.joinable()) return;
    reading_ = std::thread([this] {
      char buffer[65536];
      for (ssize_t got = 0; (got = read(master_, buffer, sizeof(buffer))) > 0;) {
        text_.append(buffer, static_cast<size_t>(got));
      }
    });
  }
  const std::string& text() const { return text_; }  // once the writer is gone

 private:
  const int master_;
  std::string path_;
  std::string text_;
  std::thread reading_;
};

// Clients' tokens are in it, as long as they made them.
TEST_F(ServerJournalTest, WhatWaitsForADiskThatStandsStillIsBoundedInBytes) {
  constexpr size_t kWaitingBytesMax = 1'000'000;
  StuckDisk disk;
  ServerJournal journal(disk.path(), "server", kWaitingBytesMax);
  SubscriptionBegan began;
  began.number = 1;
  began.sent.emplace().set_log_id(std::string(60'000, 'x'));
  journal.Begin(began);
  ASSERT_TRUE(Eventually([&] { return journal.waiting_bytes() == 0; })) << "it is being written, and stays so";
  for (int i = 0; i < 1'000; ++i) {
    journal.Begin(began);
    journal.Wrote(1, 0, i);
    ASSERT_LE(journal.waiting_bytes(), kWaitingBytesMax);
  }
  EXPECT_GT(journal.waiting_bytes(), kWaitingBytesMax / 2);
  disk.GoOn();
  journal.Close();
  EXPECT_GT(journal.lost(), 900) << "of 2,000 entries those are counted that had no room";
  EXPECT_LT(journal.lost(), 2'000);
}

TEST_F(ServerJournalTest, APlaceThatCannotBeOpenedIsSaidBeforeAnythingIsServed) {
  ServerOptions options = TestOptions(NoKafka());
  options.journal_path = "/no/such/folder/journal";
  EXPECT_THROW(PaymentServer{options}, std::runtime_error);
}

}  // namespace
}  // namespace pipeline
