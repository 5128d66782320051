#include "harness/observe/log_tail.h"

#include "harness/observe/log_tail_state.h"

namespace harness {
namespace {

// Lines come one by one; looking at each at once would cost a wake-up a line. So a file that has just given lines is
// looked at again after this, and only one that gave none is watched.
constexpr int kCoalesceMs = 1;
// Where the kernel grants no watch (its limit is reached, or the folder is not there yet).
constexpr int kWithoutWatchMs = 10;

}  // namespace

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
  const pipeline::MutexLock lock(&state.mutex);
  return state.changed.WaitUntil(&state.mutex, deadline,
                                 [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) { return state.done >= number; });
}

void LogTail::Stop() {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    state.stopping = true;
  }
  state.Wake();
  if (state.thread.joinable()) state.thread.join();
}

uint64_t LogTail::State::Ask(Request request) {
  uint64_t number = 0;
  {
    const pipeline::MutexLock lock(&mutex);
    requests.push_back(std::move(request));
    number = ++asked;
  }
  Wake();
  return number;
}

void LogTail::State::TakeRequests() {
  pipeline::MutexLock lock(&mutex);
  while (!requests.empty()) {
    Request request = std::move(requests.front());
    requests.pop_front();
    lock.Unlock();
    Take(std::move(request));
    lock.Lock();
    ++done;
    changed.NotifyAll();
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
      const pipeline::MutexLock lock(&mutex);
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
}  // namespace harness
