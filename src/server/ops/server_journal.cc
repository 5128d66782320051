#include "server/ops/server_journal.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/clock.h"

namespace pipeline {
namespace {

// A line stays well below what its readers take (8 MiB).
constexpr size_t kRecordsInALine = 2'000;
// From here on it is written at once, not at the next flush.
constexpr size_t kEntriesAtOnce = 16'384;

}  // namespace

// A device is written to as it is. A pipe that nobody reads would hold up the server's end.
ServerJournal::ServerJournal(const std::string& path, const std::string& server_id, size_t waiting_bytes_max)
    : waiting_bytes_max_(waiting_bytes_max), lock_(path, "server journal " + path, true) {
  if (lock_.is_regular()) CutTornTail(path);
  file_ = LineFile::OpenForAppend(path);
  std::string line;
  AppendJournalStart(MonotonicNs(), server_id, getpid(), &line);
  Write(SealLine(line), 1);
  thread_ = std::thread([this] { Run(); });
}

ServerJournal::~ServerJournal() { Close(); }

void ServerJournal::Push(Entry entry, std::string text) {
  const size_t bytes = sizeof(Entry) + (text.empty() ? 0 : sizeof(std::string) + text.capacity());
  if (closing_ || waiting_bytes_ + bytes > waiting_bytes_max_) {
    ++overflowed_;
    return;
  }
  waiting_bytes_ += bytes;
  if (!text.empty()) {
    entry.text = texts_.size();
    texts_.push_back(std::move(text));
  }
  entries_.push_back(entry);
  if (entries_.size() == 1 || entries_.size() == kEntriesAtOnce) wake_.NotifyOne();
}

void ServerJournal::Read(std::span<const JournaledRecord> records) {
  const MutexLock lock(&mutex_);
  for (const JournaledRecord& record : records) Push({.record = record});
}

void ServerJournal::Begin(const SubscriptionBegan& began) {
  std::string line;
  AppendJournalBegin(began, &line);
  const MutexLock lock(&mutex_);
  Push({.subscription = began.number, .record = {}}, std::move(line));
}

void ServerJournal::Wrote(uint64_t subscription, int32_t partition, int64_t offset) {
  const JournaledRecord record{.time_ns = MonotonicNs(), .offset = offset, .partition = partition};
  const MutexLock lock(&mutex_);
  Push({.subscription = subscription, .record = record});
}

void ServerJournal::End(uint64_t subscription, int code, const std::string& reason) {
  std::string line;
  AppendJournalEnd(MonotonicNs(), subscription, code, reason, &line);
  const MutexLock lock(&mutex_);
  Push({.subscription = subscription, .record = {}}, std::move(line));
}

size_t ServerJournal::waiting_bytes() const {
  const MutexLock lock(&mutex_);
  return waiting_bytes_;
}

void ServerJournal::Close() {
  {
    const MutexLock lock(&mutex_);
    closing_ = true;
  }
  wake_.NotifyOne();
  if (!thread_.joinable()) return;
  thread_.join();
  if (lost_ > 0) spdlog::warn("[SERVER] the journal lacks {} entries", lost_.load());
}

void ServerJournal::Run() {
  std::vector<Entry> entries;
  std::vector<std::string> texts;
  MutexLock lock(&mutex_);
  for (bool last = false; !last;) {
    wake_.Wait(&mutex_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closing_ || !entries_.empty(); });
    wake_.WaitFor(&mutex_, std::chrono::nanoseconds(kJournalFlushNs), [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return closing_ || entries_.size() >= kEntriesAtOnce;
    });
    last = closing_;
    entries.swap(entries_);
    texts.swap(texts_);
    waiting_bytes_ = 0;
    const int64_t overflowed = std::exchange(overflowed_, 0);
    lock.Unlock();
    lost_ += overflowed;
    untold_ += overflowed;
    std::string lines = Lines(&entries, texts);
    if (last) {
      std::string stop;
      AppendJournalStop(MonotonicNs(), &stop);
      lines += SealLine(stop);
    }
    Write(lines, entries.size());
    entries.clear();
    texts.clear();
    lock.Lock();
  }
}

std::string ServerJournal::Lines(std::vector<Entry>* entries, const std::vector<std::string>& texts) {
  std::stable_sort(entries->begin(), entries->end(),
                   [](const Entry& a, const Entry& b) { return a.subscription < b.subscription; });
  std::string lines, line;
  std::vector<JournaledRecord> records;
  for (size_t i = 0; i < entries->size(); ++i) {
    const Entry& entry = (*entries)[i];
    line.clear();
    if (entry.text != SIZE_MAX) {
      lines += SealLine(texts[entry.text]);
      continue;
    }
    records.push_back(entry.record);
    const Entry* next = i + 1 < entries->size() ? &(*entries)[i + 1] : nullptr;
    const bool goes_on = next != nullptr && next->subscription == entry.subscription && next->text == SIZE_MAX;
    if (goes_on && records.size() < kRecordsInALine) continue;
    if (entry.subscription == 0) {
      AppendJournalRead(records, &line);
    } else {
      AppendJournalWrite(entry.subscription, records, &line);
    }
    lines += SealLine(line);
    records.clear();
  }
  return lines;
}

void ServerJournal::Write(const std::string& lines, size_t entries) {
  std::string all;
  if (untold_ > 0) {
    std::string cut;
    AppendJournalCut(MonotonicNs(), untold_, &cut);
    all = SealLine(cut);
  }
  all += lines;
  if (all.empty()) return;
  try {
    file_.AppendSealed(all);
    untold_ = 0;
  } catch (const std::system_error& error) {
    lost_ += static_cast<int64_t>(entries);
    untold_ += static_cast<int64_t>(entries);
    if (!std::exchange(warned_, true)) {
      spdlog::error("[SERVER] the journal is cut, the server goes on: {}", error.what());
    }
  }
}

}  // namespace pipeline
