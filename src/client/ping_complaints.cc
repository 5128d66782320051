#include "client/ping_complaints.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/version_info.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <map>
#include <mutex>

#include "common/mutex.h"

namespace pipeline {
namespace {

// Never destroyed: gRPC's threads may log while the process ends.
struct Book {
  Mutex mutex;
  std::map<std::string, uint64_t> complaints ABSL_GUARDED_BY(mutex);
};
Book& TheBook() {
  static Book* const book = new Book;
  return *book;
}

void Note(const std::string& peer) {
  Book& book = TheBook();
  const MutexLock lock(&book.mutex);
  if (book.complaints.size() >= kComplainersMax && !book.complaints.contains(peer)) return;
  ++book.complaints[peer];
}

#if GRPC_CPP_VERSION_MAJOR == 1 && GRPC_CPP_VERSION_MINOR < 65
void OnLog(gpr_log_func_args* args) {
  if (const auto peer = ComplainerOf(args->message)) return Note(*peer);
  std::string_view file = args->file;
  file.remove_prefix(file.rfind('/') + 1);
  const std::string line =
      fmt::format("{} gRPC {}:{}] {}\n", gpr_log_severity_string(args->severity), file, args->line, args->message);
  // Never waits for who reads it: this is a thread of gRPC's. A pipe that poll() calls writable takes PIPE_BUF bytes.
  pollfd writable{STDERR_FILENO, POLLOUT, 0};
  if (poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), std::min<size_t>(line.size(), PIPE_BUF));
}

void TakeLog() { gpr_set_log_function(&OnLog); }
#else
void TakeLog() {}
#endif

}  // namespace

void WatchPingComplaints() {
  static std::once_flag once;
  std::call_once(once, TakeLog);
}

uint64_t PingComplaints(const std::string& peer) {
  Book& book = TheBook();
  const MutexLock lock(&book.mutex);
  const auto found = book.complaints.find(peer);
  return found == book.complaints.end() ? 0 : found->second;
}

std::optional<std::string> ComplainerOf(std::string_view line) {
  constexpr std::string_view kSays = ": Received a GOAWAY with error code ENHANCE_YOUR_CALM";
  constexpr std::string_view kWhy = "\"too_many_pings\"";
  const size_t says = line.find(kSays);
  if (says == std::string_view::npos || says == 0 || line.find(kWhy, says) == std::string_view::npos) {
    return std::nullopt;
  }
  return std::string(line.substr(0, says));
}

}  // namespace pipeline
