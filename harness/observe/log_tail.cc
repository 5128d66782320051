#include "harness/observe/log_tail.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "harness/observe/line_problem.h"
#include "harness/observe/log_lines.h"
#include "harness/observe/name_batch.h"
#include "harness/observe/server_lines.h"
#include "harness/observe/tailed_file.h"
#include "harness/verify/checker.h"

namespace harness {
namespace {

constexpr size_t kBatchMax = 1'024;
// Lines come one by one; looking at each at once would cost a wake-up a line. So a file that has just given lines is
// looked at again after this, and only one that gave none is watched.
constexpr int kCoalesceMs = 1;
// Where the kernel grants no watch (its limit is reached, or the folder is not there yet).
constexpr int kWithoutWatchMs = 10;

int CheckedFd(int fd, const char* what) {
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

std::string WhereText(const Followed& followed, const TailedFile::Line& line) {
  return followed.file.path() + " line " + std::to_string(line.number) + ": ";
}

}  // namespace

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

  std::mutex mutex;
  std::condition_variable changed;  // of `done`
  bool stopping = false;            // this and the next three under mutex
  std::deque<Request> requests;
  uint64_t asked = 0;
  uint64_t done = 0;

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

LogTail::LogTail(Recorder* recorder) : state_(std::make_unique<State>(recorder)) {
  state_->thread = std::thread([this] { state_->Run(); });
}

LogTail::~LogTail() { Stop(); }

void LogTail::FollowEventLog(const std::string& path, size_t client) {
  auto followed = std::make_unique<Followed>(path);
  followed->client = client;
  state_->recorder->Read([&](const History& history) {
    if (client < history.clients.size()) followed->name = history.clients[client].name;
  });
  state_->Ask({std::move(followed), std::nullopt});
}

void LogTail::FollowAckLog(const std::string& path, uint16_t producer) {
  auto followed = std::make_unique<Followed>(path);
  followed->content = LogKind::kAckLog;
  followed->producer = producer;
  state_->recorder->Read([&](const History& history) {
    if (producer < history.producers.size()) followed->name = BaseName(history.producers[producer].name);
  });
  state_->Ask({std::move(followed), std::nullopt});
}

void LogTail::FollowServerJournal(const std::string& path, size_t server) {
  auto followed = std::make_unique<Followed>(path);
  followed->content = LogKind::kServerJournal;
  followed->server = server;
  state_->recorder->Read([&](const History& history) {
    if (server < history.servers.size()) followed->name = history.servers[server].name;
  });
  state_->Ask({std::move(followed), std::nullopt});
}

void LogTail::ProducerEnded(uint16_t producer) { state_->Ask({nullptr, producer}); }

bool LogTail::Drain(int64_t deadline_ns) {
  State& state = *state_;
  const uint64_t number = state.Ask({nullptr, std::nullopt});
  const std::chrono::steady_clock::time_point deadline{std::chrono::nanoseconds(deadline_ns)};
  std::unique_lock lock(state.mutex);
  return state.changed.wait_until(lock, deadline, [&] { return state.done >= number; });
}

void LogTail::Stop() {
  State& state = *state_;
  {
    const std::scoped_lock lock(state.mutex);
    state.stopping = true;
  }
  state.Wake();
  if (state.thread.joinable()) state.thread.join();
}

uint64_t LogTail::State::Ask(Request request) {
  uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex);
    requests.push_back(std::move(request));
    number = ++asked;
  }
  Wake();
  return number;
}

void LogTail::State::TakeRequests() {
  std::unique_lock lock(mutex);
  while (!requests.empty()) {
    Request request = std::move(requests.front());
    requests.pop_front();
    lock.unlock();
    Take(std::move(request));
    lock.lock();
    ++done;
    changed.notify_all();
  }
}

void LogTail::State::Take(Request request) {
  if (request.follow) {
    files.push_back(std::move(request.follow));
  } else if (!request.producer_ended) {
    for (const auto& followed : files) {
      ReadFile(followed.get());
      TellFurtherBrokenLines(followed.get());
    }
  } else {
    for (const auto& followed : files) {
      const bool its_own = followed->content == LogKind::kAckLog && followed->producer == *request.producer_ended;
      if (its_own) ReadFile(followed.get());
    }
    recorder->OnProducerEnded(*request.producer_ended);
  }
}

void LogTail::State::Run() {
  while (true) {
    TakeRequests();
    {
      const std::scoped_lock lock(mutex);
      if (stopping) return;
    }
    const Wait wait = Look();
    epoll_event event_seen{};
    epoll_wait(wait.epoll, &event_seen, 1, wait.timeout_ms);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t bytes = read(wake.fd, &count, sizeof(count));
  }
}

LogTail::State::Wait LogTail::State::Look() {
  ReadChanges();
  bool gave_lines = false;
  bool without_watch = false;
  for (const auto& followed : files) {
    if (!followed->dirty) continue;
    bool any = ReadFile(followed.get());
    if (!any && followed->watch < 0) {
      const bool existed = followed->file.exists();
      WatchFile(followed.get());
      any = ReadFile(followed.get());                                   // what came before the watch stood
      if (followed->file.exists() != existed) Unwatch(followed.get());  // it stands on the folder still
    }
    followed->dirty = any || followed->watch < 0;
    gave_lines |= any;
    without_watch |= followed->watch < 0;
  }
  if (gave_lines) return {commands.fd, kCoalesceMs};
  return {changes.fd, without_watch ? kWithoutWatchMs : -1};
}

void LogTail::State::WatchFile(Followed* followed) {
  std::string folder = std::filesystem::path(followed->file.path()).parent_path().string();
  if (folder.empty()) folder = ".";
  if (followed->file.exists() && !followed->file.has_its_name()) return;  // moved away: both may grow
  // Gone after the first event, so that a program that writes fast does not pay for one a line. The last three: the
  // file has lost its name.
  constexpr uint32_t kChanges = IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB | IN_DELETE_SELF;
  followed->watch = followed->file.exists()
                        ? inotify_add_watch(inotify.fd, followed->file.path().c_str(), kChanges | IN_ONESHOT)
                        : inotify_add_watch(inotify.fd, folder.c_str(), IN_CREATE | IN_MOVED_TO);
  if (followed->watch >= 0) watches[followed->watch].push_back(followed);
}

void LogTail::State::Unwatch(Followed* followed) {
  const auto found = watches.find(std::exchange(followed->watch, -1));
  if (found != watches.end()) std::erase(found->second, followed);
}

void LogTail::State::ReadChanges() {
  alignas(inotify_event) std::array<char, size_t{64} << 10> buffer;
  while (true) {
    const ssize_t bytes = read(inotify.fd, buffer.data(), buffer.size());
    if (bytes <= 0) return;
    for (ssize_t at = 0; at < bytes;) {
      const auto* change = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + change->len);
      if ((change->mask & IN_Q_OVERFLOW) != 0) {
        for (const auto& followed : files) followed->dirty = true;
        continue;
      }
      const auto found = watches.find(change->wd);
      if (found == watches.end()) continue;
      // A folder's watch has done its work once its files are there; those that are not are watched for again.
      for (Followed* followed : found->second) {
        followed->dirty = true;
        followed->watch = -1;
      }
      watches.erase(found);
    }
  }
}

bool LogTail::State::ReadFile(Followed* followed) {
  const bool any = followed->file.ReadLines([&](const TailedFile::Line& line) {
    switch (followed->content) {
      case LogKind::kAckLog:
        return TakeAckLine(followed, line);
      case LogKind::kServerJournal:
        return TakeServerLine(followed, line);
      case LogKind::kEventLog:
        break;
    }
    return TakeEventLine(followed, line);
  });
  Flush(*followed);
  const std::string problem = followed->file.TakeProblem();
  if (!problem.empty()) recorder->HarnessError(problem);
  return any;
}

bool LogTail::State::TakeEventLine(Followed* followed, const TailedFile::Line& line) {
  if (line.too_long || !parser.ParseEvent(line.text, &event)) {
    NotUnderstood(followed, line,
                  [&](const std::string& sentence) { recorder->OnBrokenLine(followed->client, sentence); });
    return false;
  }
  bool replaced = false;
  event.time_ns = TrueTime(followed, line, event.time_ns, &replaced);
  event.delivery.time_ns = event.connection.started_ns = event.time_ns;
  event.delivery.time_is_replaced = replaced;
  for (Bookmark& bookmark : event.bookmarks) bookmark.time_ns = event.time_ns;
  if (event.type == EventLine::Type::kEvent || event.type == EventLine::Type::kDrop) {
    TakeDelivery(*followed);
  } else if (event.type == EventLine::Type::kBookmark) {
    Flush(*followed);
    recorder->OnBookmarks(followed->client, event.bookmarks);
  } else if (event.type == EventLine::Type::kConnection) {
    Flush(*followed);
    recorder->OnConnection(followed->client, event.connection);
  } else if (event.type == EventLine::Type::kEnd) {
    Flush(*followed);
    event.attempt.time_ns = event.time_ns;
    if (event.connection_number == 0U) {
      recorder->OnFailedAttempt(followed->client, event.attempt);
    } else {
      recorder->OnConnectionEnd(followed->client, event.attempt, event.connection_number.value_or(0));
    }
  }
  return true;
}

void LogTail::State::TakeDelivery(const Followed& followed) {
  if (event.type == EventLine::Type::kEvent) {
    const std::string_view rec = event.rec_text();
    if (!rec.empty()) event.delivery.rec = recorder->ParseRec(rec).value_or(Rec{});
    event.delivery.sentinel = recorder->IsSentinel(event.delivery.rec);
    names.Add(event.delivery.id_hash, event.payment.id);
  }
  deliveries.push_back(event.delivery);
  if (deliveries.size() >= kBatchMax) Flush(followed);
}

bool LogTail::State::TakeAckLine(Followed* followed, const TailedFile::Line& line) {
  if (line.too_long || !parser.ParseAck(line.text, &ack)) {
    // A send or an outcome may be lost with it, and every verdict on this producer's records.
    NotUnderstood(followed, line, [&](const std::string& sentence) {
      if (!sentence.empty()) recorder->HarnessError("the acknowledgement log can't be read: " + sentence);
    });
    return false;
  }
  bool replaced = false;
  ack.time_ns = TrueTime(followed, line, ack.time_ns, &replaced);
  ack.send.send.planned_ns = ack.send.send.sent_ns = ack.outcome.acked_ns = ack.time_ns;
  ack.send.send.time_is_replaced = ack.outcome.time_is_replaced = replaced;
  if (ack.type == AckLine::Type::kSend) {
    if (ack.send.id_hash != 0) names.Add(ack.send.id_hash, ack.payment.id);
    sends.push_back(ack.send);
  } else if (ack.type == AckLine::Type::kOutcome) {
    outcomes.push_back(ack.outcome);
  }
  if (sends.size() >= kBatchMax || outcomes.size() >= kBatchMax) Flush(*followed);
  return true;
}

bool LogTail::State::TakeServerLine(Followed* followed, const TailedFile::Line& line) {
  if (line.too_long || !server_parser.Parse(line.text, &server_seen)) {
    NotUnderstood(followed, line, [&](const std::string& sentence) {
      if (!sentence.empty()) recorder->HarnessError("the server's journal can't be read: " + sentence);
    });
    recorder->OnServer(followed->server, ServerBroken{1});
    return false;
  }
  MakeTimesTrue(followed, line, &server_seen);
  recorder->OnServer(followed->server, server_seen);
  return true;
}

void LogTail::State::NotUnderstood(Followed* followed, const TailedFile::Line& line,
                                   const std::function<void(const std::string&)>& damaged) const {
  LineProblem problem;
  if (!line.too_long) problem = FindLineProblem(followed->content, line.text);
  if (!problem.is_whole) {
    damaged(BrokenLine(followed, line, problem));
    return;
  }
  const bool content = followed->content == LogKind::kEventLog && IsAboutContent(problem.member);
  TellClaim(followed, content ? ClaimKind::kContent : ClaimKind::kItself,
            WhereText(*followed, line) + LineProblemText(problem, line.text));
}

void LogTail::State::TellClaim(Followed* followed, ClaimKind kind, const std::string& what) const {
  recorder->OnClaim({.subject = followed->subject(),
                     .kind = kind,
                     .index = followed->index(),
                     .time_ns = pipeline::MonotonicNs(),
                     .what = what});
}

int64_t LogTail::State::TrueTime(Followed* followed, const TailedFile::Line& line, int64_t told_ns,
                                 bool* replaced) const {
  if (followed->begun_ns == 0) followed->begun_ns = recorder->StartedNs(followed->name);
  const int64_t now_ns = pipeline::MonotonicNs();
  if (told_ns >= std::max<int64_t>(followed->begun_ns, 1) && told_ns <= now_ns) return told_ns;
  *replaced = true;
  TellClaim(followed, ClaimKind::kTime,
            fmt::format("{}its time, {}, is {}", WhereText(*followed, line), told_ns,
                        told_ns > now_ns ? "after the moment at which it was read" : "before its process began"));
  return now_ns;
}

void LogTail::State::MakeTimesTrue(Followed* followed, const TailedFile::Line& line, ServerSeen* seen) const {
  bool replaced = false;
  const auto correct = [&](int64_t* time_ns) { *time_ns = TrueTime(followed, line, *time_ns, &replaced); };
  if (auto* started = std::get_if<ServerStarted>(seen)) correct(&started->time_ns);
  if (auto* began = std::get_if<ServerBegan>(seen)) correct(&began->stream.began_ns);
  if (auto* ended = std::get_if<ServerEnded>(seen)) correct(&ended->time_ns);
  if (auto* stopped = std::get_if<ServerStopped>(seen)) correct(&stopped->time_ns);
  if (auto* places = std::get_if<ServerPlaces>(seen)) {
    for (ServerPlace& place : places->places) correct(&place.time_ns);
  }
}

std::string LogTail::State::BrokenLine(Followed* followed, const TailedFile::Line& line, const LineProblem& problem) {
  if (followed->broken_lines++ >= kBrokenLinesTold) return {};
  followed->broken_lines_told += 1;
  const std::string where = WhereText(*followed, line);
  if (line.too_long) return where + "it has more than " + std::to_string(kLineBytesMax) + " bytes, which are allowed";
  return where + LineProblemText(problem, line.text);
}

void LogTail::State::TellFurtherBrokenLines(Followed* followed) const {
  if (followed->content == LogKind::kEventLog) return;  // its client has the count
  const int64_t untold = followed->broken_lines - std::exchange(followed->broken_lines_told, followed->broken_lines);
  if (untold <= 0) return;
  recorder->HarnessError(followed->file.path() + ": " + std::to_string(untold) + " more lines can't be read");
}

void LogTail::State::Flush(const Followed& followed) {
  names.TellTo(recorder);
  if (!deliveries.empty()) recorder->OnDeliveries(followed.client, deliveries);
  if (!sends.empty()) recorder->OnSends(followed.producer, sends);
  if (!outcomes.empty()) recorder->OnOutcomes(followed.producer, outcomes);
  deliveries.clear();
  sends.clear();
  outcomes.clear();
}

}  // namespace harness
