#include "client/event_log_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace pipeline {

void EventLogFile::Open(const std::string& path, const Filter& filter) {
  lock_ = FileLock(path, "event log " + path);
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
  held_token_ = replay.held_token();
  last_connection_ = replay.last_connection();
}

void EventLogFile::Write() {
  if (pending_.empty()) return;
  file_.AppendSealed(pending_);
  pending_.clear();
}

}  // namespace pipeline
