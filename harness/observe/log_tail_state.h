// What LogTail is made of: the thread's state, the files that it follows. Private to log_tail.cc (the thread, what it
// is asked) and log_tail_lines.cc (what the lines mean). Its thread's own, but for what stands under the mutex.
#pragma once

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "harness/observe/line_problem.h"
#include "harness/observe/log_lines.h"
#include "harness/observe/log_tail.h"
#include "harness/observe/name_batch.h"
#include "harness/observe/server_lines.h"
#include "harness/observe/tailed_file.h"
#include "harness/verify/checker.h"
namespace harness {

inline int CheckedFd(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

struct Fd {
  explicit Fd(int value) : fd(value) {}
  ~Fd() { close(fd); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  const int fd;
};

struct Followed {
  explicit Followed(const std::string& path) : file(path) {}
  TailedFile file;
  LogKind content = LogKind::kEventLog;
  size_t client = 0;
  uint16_t producer = 0;
  size_t server = 0;
  int watch = -1;     // on the file, gone after its first event; before the file is there, on its folder
  bool dirty = true;  // may have lines
  int64_t broken_lines = 0;
  int64_t broken_lines_told = 0;
  std::string name;      // of the program that writes it
  int64_t begun_ns = 0;  // when its first process began; 0: not known yet

  SubjectKind subject() const {
    return content == LogKind::kEventLog ? SubjectKind::kClient
           : content == LogKind::kAckLog ? SubjectKind::kProducer
                                         : SubjectKind::kServer;
  }
  uint32_t index() const {
    return static_cast<uint32_t>(content == LogKind::kEventLog ? client
                                 : content == LogKind::kAckLog ? producer
                                                               : server);
  }
};

struct LogTail::State {
  explicit State(Recorder* to)
      : recorder(to),
        inotify(CheckedFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1")),
        wake(CheckedFd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
        changes(CheckedFd(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
        commands(CheckedFd(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    Add(changes.fd, inotify.fd);
    Add(changes.fd, wake.fd);
    Add(commands.fd, wake.fd);
  }
  static void Add(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) CheckedFd(-1, "epoll_ctl");
  }

  // What the others ask of the tail's thread: a file to follow, one to read to its end, or (neither) all of them.
  struct Request {
    std::unique_ptr<Followed> follow;
    std::optional<uint16_t> producer_ended;
  };
  // Returns its number, for `done`.
  uint64_t Ask(Request request);
  void TakeRequests();
  void Take(Request request);
  void Wake() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake.fd, &one, sizeof(one));
  }
  void Run();
  // One look at all files that may have lines. Returns how long to wait, and for what.
  struct Wait {
    int epoll = -1;
    int timeout_ms = -1;
  };
  Wait Look();
  void WatchFile(Followed* followed);
  void Unwatch(Followed* followed);
  void ReadChanges();

  bool ReadFile(Followed* followed);
  bool TakeEventLine(Followed* followed, const TailedFile::Line& line);
  bool TakeAckLine(Followed* followed, const TailedFile::Line& line);
  bool TakeServerLine(Followed* followed, const TailedFile::Line& line);
  // Where it is and what is wrong with it, for the first few of a file; empty for further ones, which are counted.
  static std::string BrokenLine(Followed* followed, const TailedFile::Line& line, const LineProblem& problem);
  // A line that can't be understood: what its writer said, or damage, for which `damaged` is called with where it is
  // and what is wrong (nothing after the first few).
  void NotUnderstood(Followed* followed, const TailedFile::Line& line,
                     const std::function<void(const std::string&)>& damaged) const;
  void TellClaim(Followed* followed, ClaimKind kind, const std::string& what) const;
  // The time that a line tells, or the moment of reading where it can't be true.
  int64_t TrueTime(Followed* followed, const TailedFile::Line& line, int64_t told_ns, bool* replaced) const;
  void MakeTimesTrue(Followed* followed, const TailedFile::Line& line, ServerSeen* seen) const;
  // Says how many more there were of those that break HARNESS_OK line by line.
  void TellFurtherBrokenLines(Followed* followed) const;
  void TakeDelivery(const Followed& followed);
  void Flush(const Followed& followed);

  Recorder* const recorder;
  const Fd inotify;
  const Fd wake;
  const Fd changes;   // wakes for changed files and for commands
  const Fd commands;  // wakes for commands alone

  pipeline::Mutex mutex;
  pipeline::CondVar changed;  // of `done`
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::deque<Request> requests ABSL_GUARDED_BY(mutex);
  uint64_t asked ABSL_GUARDED_BY(mutex) = 0;
  uint64_t done ABSL_GUARDED_BY(mutex) = 0;

  // The thread's own.
  std::vector<std::unique_ptr<Followed>> files;
  std::unordered_map<int, std::vector<Followed*>> watches;
  LogLineParser parser;
  ServerLineParser server_parser;
  ServerSeen server_seen;
  EventLine event;
  AckLine ack;
  std::vector<Delivery> deliveries;
  std::vector<SendSeen> sends;
  std::vector<OutcomeSeen> outcomes;
  NameBatch names;

  std::thread thread;
};

}  // namespace harness
