// A journal gives back the History that its Recorder had, whatever was told; cut or damaged at any byte it gives a
// state that the Recorder had at some time before, and says so. A disk that takes no more is a harness error, not a
// crash.
#include "harness/observe/journal.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "observe_testing.h"
#include "tests/observe/history_text.h"

namespace harness {
namespace {

using ::testing::Test;

void SetUpSomething(Recorder* recorder) {
  recorder->SetPartitions({0, 5, 0}, true);
  recorder->AddProducer("load", true);
  recorder->AddProducer("load#2", true);
  recorder->AddClient(NamedClient("fast"));
}

void EndInOrder(History* history) {
  history->load_begin_ns = 10;
  history->load_end_ns = 900;
  history->drain_end_ns = 990;
  history->log_bytes = 1234;
  history->drained = true;
  for (Phase& phase : history->phases) phase.planned += 1;
  for (Client& client : history->clients) client.observed = true;
  history->harness_errors.push_back("the last word");
}

void Rewrite(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

RC_GTEST_PROP(JournalProperty, GivesBackTheSameHistory, (const std::vector<uint64_t>& seeds)) {
  const TempFolder folder;
  Recorder recorder("run-1", folder.path());
  SetUpSomething(&recorder);
  for (const uint64_t seed : seeds) TellSomething(seed, true, &recorder);
  const History live = recorder.Finish(EndInOrder);
  const JournalContent content = ReadJournal(folder.path());
  RC_ASSERT(content.problem == "");
  RC_ASSERT(content.bytes_cut == 0);
  RC_ASSERT(HistoryText(content.history) == HistoryText(live));
}

// Everything that a recording was, one after the other.
std::set<std::string> StatesOf(const std::vector<uint64_t>& seeds, const std::string& folder) {
  History nothing;
  nothing.audited = false;
  std::set<std::string> states = {HistoryText(nothing, false)};
  Recorder recorder("run-1", folder);
  const auto keep = [&] { recorder.Read([&](const History& history) { states.insert(HistoryText(history, false)); }); };
  keep();
  recorder.SetPartitions({0, 5, 0}, true);
  keep();
  recorder.AddProducer("load", true);
  keep();
  recorder.AddClient(NamedClient("fast"));
  keep();
  for (const uint64_t seed : seeds) {
    TellSomething(seed, false, &recorder);
    keep();
  }
  states.insert(HistoryText(recorder.Finish(nullptr), false));
  return states;
}

RC_GTEST_PROP(JournalProperty, CutAtAnyByteIsAnEarlierState, (const std::vector<uint64_t>& seeds)) {
  const TempFolder folder;
  const std::set<std::string> states = StatesOf(seeds, folder.path());
  const std::string path = JournalPath(folder.path());
  const std::string whole = ReadAll(path);
  const auto cuts = *rc::gen::container<std::vector<size_t>>(4, rc::gen::inRange<size_t>(0, whole.size()));
  for (const size_t cut : cuts) {
    Rewrite(path, whole.substr(0, cut));
    const JournalContent content = ReadJournal(folder.path());
    RC_ASSERT(content.problem != "");
    RC_ASSERT(content.history.harness_errors.back() == content.problem);
    RC_ASSERT(content.bytes_read + content.bytes_cut == static_cast<int64_t>(cut));
    RC_ASSERT(states.contains(HistoryText(content.history, false)));
  }
}

RC_GTEST_PROP(JournalProperty, AWrongBitIsNoticed, (const std::vector<uint64_t>& seeds)) {
  const TempFolder folder;
  const std::set<std::string> states = StatesOf(seeds, folder.path());
  const std::string path = JournalPath(folder.path());
  std::string bytes = ReadAll(path);
  const auto at = *rc::gen::inRange<size_t>(12, bytes.size());  // behind the header
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << *rc::gen::inRange(0, 8)));
  Rewrite(path, bytes);
  const JournalContent content = ReadJournal(folder.path());
  RC_ASSERT(content.problem != "");
  RC_ASSERT(states.contains(HistoryText(content.history, false)));
}

TEST(Journal, OtherFilesAreRefused) {
  const TempFolder folder;
  EXPECT_THROW(ReadJournal(folder.path()), std::system_error);
  Rewrite(JournalPath(folder.path()), "{\"type\":\"start\"}\n");
  EXPECT_THROW(ReadJournal(folder.path()), std::runtime_error);
  Rewrite(JournalPath(folder.path()), std::string("PAYJRNL\n\x07\0\0\0", 12));
  try {
    ReadJournal(folder.path());
    ADD_FAILURE() << "read another version";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("version 7"), std::string::npos) << error.what();
  }
}

TEST(Journal, WithoutItsClosingEntryItSaysSo) {
  const TempFolder folder;
  {
    Recorder recorder("run-1", folder.path());
    SetUpSomething(&recorder);  // and no Finish: the harness died
  }
  const JournalContent content = ReadJournal(folder.path());
  EXPECT_NE(content.problem.find("no closing entry"), std::string::npos) << content.problem;
  EXPECT_EQ(content.bytes_cut, 0);
  EXPECT_EQ(content.history.producers.size(), 2u);
}

TEST(Journal, WhatWasToldIsInTheFileSoon) {
  const TempFolder folder;
  Recorder recorder("run-1", folder.path());
  SetUpSomething(&recorder);
  const SendSeen send = SendOf(1);
  recorder.OnSends(0, {&send, 1});
  const int64_t deadline_ns = SecondsFromNow(30);
  size_t sends = 0;
  while (sends == 0 && pipeline::MonotonicNs() < deadline_ns) {
    sends = ReadJournal(folder.path()).history.producers.empty()
                ? 0
                : ReadJournal(folder.path()).history.producers[0].sends.size();
    std::this_thread::yield();
  }
  EXPECT_EQ(sends, 1u);  // while the recorder goes on
}

TEST(Journal, AFullDiskIsAHarnessErrorAndTheHistoryGoesOn) {
  const TempFolder folder;
  std::filesystem::create_symlink("/dev/full", JournalPath(folder.path()));
  Recorder recorder("run-1", folder.path());
  SetUpSomething(&recorder);
  for (uint64_t i = 1; i <= 100'000; ++i) {
    const SendSeen send = SendOf(i);
    recorder.OnSends(0, {&send, 1});
  }
  const History history = recorder.Finish(nullptr);
  EXPECT_EQ(history.producers[0].sends.size(), 100'000u);
  ASSERT_EQ(history.harness_errors.size(), 1u);
  EXPECT_NE(history.harness_errors[0].find(std::strerror(ENOSPC)), std::string::npos) << history.harness_errors[0];
}

TEST(Journal, AnUnwritableFolderIsSaidAtOnce) {
  const TempFolder folder;
  EXPECT_THROW(Recorder("run-1", folder.File("absent")), std::system_error);
}

}  // namespace
}  // namespace harness
