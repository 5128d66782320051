#include "client/event_log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace pipeline {

EventLogFile::~EventLogFile() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

void EventLogFile::Open(const std::string& path, const Filter& filter) {
  // For its owner alone: it holds e-mail addresses. A file that is there keeps the mode that it has.
  lock_fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) throw std::system_error(errno, std::generic_category(), "event log " + path);
  struct stat status {};
  if (fstat(lock_fd_, &status) != 0) throw std::system_error(errno, std::generic_category(), "event log " + path);
  if (!S_ISREG(status.st_mode)) throw std::runtime_error("event log " + path + ": not a regular file");
  // Two writers would each resume from what the other wrote.
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) throw std::runtime_error("event log " + path + ": in use by another process");
    throw std::system_error(errno, std::generic_category(), "event log " + path);
  }
  cut_bytes_ = CutTornTail(path);
  Replay(path, filter);
  file_ = LineFile::OpenForAppend(path);
}

void EventLogFile::Replay(const std::string& path, const Filter& filter) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::system_error(errno, std::generic_category(), "event log " + path);
  LogReplay replay(filter);
  LogDecoder decoder;
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    try {
      if (line.size() > kLogLineBytesMax) throw std::runtime_error("line too long");
      if (CheckLine(line) == LineState::kBroken) throw std::runtime_error("the line does not match its checksum");
      replay.Apply(decoder.Decode(line));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("event log {}:{}: {}", path, number, error.what()));
    }
  }
  if (in.bad()) throw std::system_error(EIO, std::generic_category(), "event log " + path);
  position_ = replay.position();
  last_connection_ = replay.last_connection();
}

void EventLogFile::Write() {
  if (pending_.empty()) return;
  file_.AppendSealed(pending_);
  pending_.clear();
}

}  // namespace pipeline
