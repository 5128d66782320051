#include "common/log.h"

#include <pthread.h>
#include <signal.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/os.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "common/mutex.h"
#include "common/output.h"

namespace pipeline {
namespace {

// What is still to come when the reader has been given up.
constexpr std::chrono::nanoseconds kEndPatience(Output::kGraceNs + 500'000'000);

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A FILE that writes to an Output, whose waits can be cut short.
std::FILE* OpenFile(Output* output) {
  cookie_io_functions_t functions{};
  functions.write = [](void* cookie, const char* text, size_t size) {
    static_cast<Output*>(cookie)->Write({text, size});
    return static_cast<ssize_t>(size);  // what is lost the sink asks for
  };
  return fopencookie(output, "w", functions);
}

using ColorSink = spdlog::sinks::ansicolor_sink<spdlog::details::console_nullmutex>;

// Standard error. Written to by the logging thread alone; End() and dropped() from any.
class StderrSink final : public ColorSink {
 public:
  StderrSink() : StderrSink(std::make_unique<Output>(STDERR_FILENO, /*flush_each=*/true)) {}
  ~StderrSink() override { std::fclose(file_); }
  StderrSink(const StderrSink&) = delete;
  StderrSink& operator=(const StderrSink&) = delete;

  void SetQueue(std::weak_ptr<spdlog::details::thread_pool> queue) { queue_ = std::move(queue); }

  void log(const spdlog::details::log_msg& message) override {
    if (const int64_t dropped = this->dropped(); dropped != told_) {
      const std::string text = fmt::format("[LOG] {} lines were dropped: nobody read standard error",
                                           dropped - std::exchange(told_, dropped));
      ColorSink::log({message.logger_name, spdlog::level::warn, text});
    }
    ColorSink::log(message);
    if (output_->error() == 0) return;
    ++lost_;
    if (!ending_) output_->Retry();
  }

  // Asked for with spdlog's flush(): all lines before it have been written.
  void flush() override {
    {
      const MutexLock lock(&mutex_);
      flushed_ = true;
    }
    flushed_changed_.NotifyAll();
  }

  void End(spdlog::logger* logger) {
    ending_ = true;
    {
      const MutexLock lock(&mutex_);
      flushed_ = false;
    }
    output_->Interrupt();
    logger->flush();
    const MutexLock lock(&mutex_);
    flushed_changed_.WaitFor(&mutex_, kEndPatience,
                             [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return flushed_; });
  }

  int64_t dropped() const {
    const auto queue = queue_.lock();
    return lost_ + (queue == nullptr ? 0 : static_cast<int64_t>(queue->overrun_counter()));
  }

 private:
  explicit StderrSink(std::unique_ptr<Output>&& output) : StderrSink(OpenFile(output.get()), std::move(output)) {}
  StderrSink(std::FILE* file, std::unique_ptr<Output>&& output)
      : ColorSink(file, spdlog::color_mode::never), file_(file), output_(std::move(output)) {
    const bool plain = Variable("TERM") == "dumb" || !Variable("NO_COLOR").empty();
    if (!plain && isatty(STDERR_FILENO) == 1 && spdlog::details::os::is_color_terminal()) {
      set_color_mode(spdlog::color_mode::always);
    }
  }

  std::FILE* const file_;
  const std::unique_ptr<Output> output_;
  std::weak_ptr<spdlog::details::thread_pool> queue_;
  std::atomic<int64_t> lost_ = 0;
  int64_t told_ = 0;
  std::atomic<bool> ending_ = false;
  Mutex mutex_;
  CondVar flushed_changed_;
  bool flushed_ ABSL_GUARDED_BY(mutex_) = false;
};

// Threads that are made meanwhile take no signal: those are for whoever waits for them (StopSignal), which may begin to
// only later.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// Never taken down: threads may log until the very end.
struct Log {
  std::shared_ptr<StderrSink> sink = std::make_shared<StderrSink>();
  std::shared_ptr<spdlog::details::thread_pool> queue = std::make_shared<spdlog::details::thread_pool>(kLogLinesMax, 1);
  std::shared_ptr<spdlog::logger> logger;
  Log* before = nullptr;  // that this one has taken the place of
};
std::atomic<Log*> current_log = nullptr;

// From the environment; what is wrong with it is logged.
void SetLevel() {
  constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 7> kLevels = {
      {{"trace", spdlog::level::trace},
       {"debug", spdlog::level::debug},
       {"info", spdlog::level::info},
       {"warn", spdlog::level::warn},
       {"error", spdlog::level::err},
       {"critical", spdlog::level::critical},
       {"off", spdlog::level::off}}};
  const std::string_view given = Variable("PIPELINE_LOG_LEVEL");
  const std::string_view wanted = given.empty() ? "info" : given;
  for (const auto& [name, level] : kLevels) {
    if (name == wanted) return spdlog::set_level(level);
  }
  spdlog::set_level(spdlog::level::info);
  spdlog::warn(
      "PIPELINE_LOG_LEVEL: found \"{}\"; allowed: trace, debug, info, warn, error, critical, off; info is taken",
      wanted);
}

}  // namespace

void StartLog(const std::string& program) {
  Log* log = nullptr;
  {
    const SignalsBlocked blocked;
    log = new Log;
  }
  log->sink->SetQueue(log->queue);
  log->logger = std::make_shared<spdlog::async_logger>(program, log->sink, log->queue,
                                                       spdlog::async_overflow_policy::overrun_oldest);
  log->logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-8l%$ %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(log->logger);
  log->before = current_log.exchange(log);
  if (log->before == nullptr) std::atexit(&EndLog);
  SetLevel();
}

void EndLog() {
  if (const Log* log = current_log; log != nullptr) log->sink->End(log->logger.get());
}

int64_t LogLinesDropped() {
  const Log* log = current_log;
  return log == nullptr ? 0 : log->sink->dropped();
}

}  // namespace pipeline
