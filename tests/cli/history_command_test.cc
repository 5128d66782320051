// `harness history` prints what the journal holds, of one record or of all, says what it does not know, and stops
// quietly when nobody reads on.
#include "harness/cli/history_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <streambuf>
#include <string>

#include "tests/cli/recorded_story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kJournal[] = "history/run.journal";

class HistoryCommandTest : public ::testing::Test {
 protected:
  int Print(const std::string& record, HistoryFormat format = HistoryFormat::kTable) {
    out_.str("");
    err_.str("");
    return RunHistory({.run_dir = folder_.path(), .record = record, .format = format}, out_, err_);
  }
  int64_t Lines() const {
    const std::string text = out_.str();
    return std::count(text.begin(), text.end(), '\n');
  }

  StoryFolder folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(HistoryCommandTest, ShowsALifeThroughAllHopsAndWhereItEnded) {
  folder_.Record(LossyStory().history);
  for (const char* record : {"run.load.8", "load.8", "1@3"}) {
    EXPECT_EQ(Print(record), 0) << err_.str();
    const std::string text = out_.str();
    EXPECT_THAT(text, StartsWith("run.load.8, payment pay_1000008, partition 1 offset 3\n")) << record;
    size_t at = 0;
    for (const char* hop :
         {"planned                 phase steady", "sent                    by load",
          "acknowledged            ok, partition 1 offset 3", "in the topic            partition 1 offset 3",
          "client watcher          new, partition 1 offset 3, connection 1",
          "never  client second           never received"}) {
      const size_t found = text.find(hop);
      EXPECT_NE(found, std::string::npos) << hop << " is not in\n" << text;
      EXPECT_GE(found, at) << hop << " is not in its place in\n" << text;
      at = found;
    }
  }
}

TEST_F(HistoryCommandTest, ShowsTheFaultsAndBreaksOfThatTime) {
  Story story = LossyStory();
  const int64_t first_ns = story.SendAt(0, 2)->sent_ns;
  story.AddFault("crash", "server-1", first_ns, first_ns + 2 * kMillisecond);
  folder_.Record(story.history);
  EXPECT_EQ(Print("0@2"), 0);
  EXPECT_THAT(out_.str(), HasSubstr("fault crash             process.kill server-1, struck; pid 7 ended by signal 9"));
  EXPECT_EQ(Print("1@9"), 0);
  EXPECT_THAT(out_.str(), Not(HasSubstr("fault crash")));
}

TEST_F(HistoryCommandTest, MachinesGetTheSameEvents) {
  const Story story = LossyStory();
  folder_.Record(story.history);
  EXPECT_EQ(Print("load.8", HistoryFormat::kJsonLines), 0);
  EXPECT_EQ(Lines(), 5);
  std::istringstream lines(out_.str());
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line)["event"]);
  EXPECT_THAT(events, ::testing::ElementsAre("planned", "sent", "outcome", "logged", "delivered"));
  EXPECT_EQ(Print("load.8", HistoryFormat::kCsv), 0);
  EXPECT_EQ(Lines(), 6);
  EXPECT_THAT(out_.str(), StartsWith("time_ns,"));
}

TEST_F(HistoryCommandTest, WithoutARecordEveryEventIsThere) {
  folder_.Record(LossyStory().history);
  EXPECT_EQ(Print(""), 0);
  // 34 records with four events each, 67 deliveries, 3 connections, an end, 4 processes (started, ready), a phase
  // (begin, end), and the header.
  EXPECT_EQ(Lines(), 34 * 4 + 67 + 3 + 1 + 8 + 2 + 1) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr("connection 1 ended with code 14 Socket closed"));
  EXPECT_EQ(Print("", HistoryFormat::kJsonLines), 0);
  EXPECT_EQ(Lines(), 34 * 4 + 67 + 3 + 1 + 8 + 2);
}

TEST_F(HistoryCommandTest, AnUnknownRecordIsExit5AndSaysWhatIsAccepted) {
  folder_.Record(LossyStory().history);
  EXPECT_EQ(Print("load.500"), 5);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(err_.str(),
            "harness: the run knows no record \"load.500\"; it may be a rec (RUN.PRODUCER.SEQUENCE or "
            "PRODUCER.SEQUENCE), a payment id (all its records), or a position (PARTITION@OFFSET)\n");
}

TEST_F(HistoryCommandTest, WhatIsNoRunDirectoryIsSaidInALine) {
  EXPECT_EQ(Print(""), 2);
  EXPECT_THAT(err_.str(), HasSubstr(" is no run directory: "));
  folder_.Record(LossyStory().history);
  folder_.Write(kJournal, "nothing of the kind");
  EXPECT_EQ(Print(""), 3);
  EXPECT_THAT(err_.str(), HasSubstr(" is no journal: "));
}

TEST_F(HistoryCommandTest, OfATornJournalThereIsWhatItHolds) {
  folder_.Record(LossyStory().history);
  const std::string whole = folder_.Read(kJournal);
  for (size_t cut = 0; cut < whole.size(); cut += 1 + whole.size() / 200) {
    folder_.Write(kJournal, whole.substr(0, cut));
    for (const HistoryFormat format : {HistoryFormat::kTable, HistoryFormat::kJsonLines, HistoryFormat::kCsv}) {
      EXPECT_EQ(Print("", format), 4) << cut;
    }
    EXPECT_THAT(err_.str(), HasSubstr("the journal ")) << cut;
    const int code = Print("1@3");
    EXPECT_TRUE(code == 4 || code == 5) << cut;
  }
}

// Takes so many bytes, then fails as a write to a file descriptor does.
class FailingBuffer : public std::streambuf {
 public:
  FailingBuffer(std::streamsize room, int error) : room_(room), error_(error) {}
  int64_t refused() const { return refused_; }

 protected:
  std::streamsize xsputn(const char* /*bytes*/, std::streamsize count) override {
    if (count <= room_) {
      room_ -= count;
      return count;
    }
    ++refused_;
    errno = error_;
    return 0;
  }
  int_type overflow(int_type c) override { return xsputn(nullptr, 1) == 1 ? c : traits_type::eof(); }

 private:
  std::streamsize room_;
  int error_;
  int64_t refused_ = 0;
};

TEST_F(HistoryCommandTest, AClosedPipeEndsItQuietlyAndAFullDiskDoesNot) {
  folder_.Record(LossyStory().history);
  for (const HistoryFormat format : {HistoryFormat::kTable, HistoryFormat::kJsonLines, HistoryFormat::kCsv}) {
    FailingBuffer closed(500, EPIPE);
    std::ostream pipe(&closed);
    EXPECT_EQ(RunHistory({.run_dir = folder_.path(), .format = format}, pipe, err_), 0);
    EXPECT_EQ(err_.str(), "");
    EXPECT_EQ(closed.refused(), 1) << "it did not stop";
  }
  FailingBuffer full(500, ENOSPC);
  std::ostream disk(&full);
  EXPECT_EQ(RunHistory({.run_dir = folder_.path(), .record = "load.8"}, disk, err_), 3);
  EXPECT_EQ(err_.str(), std::string("harness: the output can't be written: ") + std::strerror(ENOSPC) + "\n");
}

}  // namespace
}  // namespace harness
