#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/crc32c.h"
#include "harness/observe/journal.h"
#include "harness/observe/journal_bytes.h"

namespace harness {
namespace {

constexpr size_t kWriteBytes = size_t{256} << 10;  // from here on it is written at once, not at the next flush

template <typename T>
void AppendRaw(T value, std::string* out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}

}  // namespace

std::string JournalPath(const std::string& history_dir) { return history_dir + "/run.journal"; }

JournalWriter::JournalWriter(const std::string& history_dir) : path_(JournalPath(history_dir)) {
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot write the journal " + path_);
  pending_ = kJournalMagic;
  AppendRaw(kJournalVersion, &pending_);
  thread_ = std::thread([this] { Run(); });
}

JournalWriter::~JournalWriter() { Close(); }

void JournalWriter::Append(FrameType type, std::string_view payload) {
  const pipeline::MutexLock lock(&mutex_);
  if (payload.size() > kFramePayloadBytesMax && error_.empty()) {
    error_ = "the journal " + path_ + " is cut: an entry of " + std::to_string(payload.size()) + " bytes, allowed " +
             std::to_string(kFramePayloadBytesMax);
  }
  if (error_.empty() && pending_.size() > kJournalBufferBytesMax &&
      !room_.WaitFor(&mutex_, std::chrono::nanoseconds(kJournalStallNs),
                     [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                       return pending_.size() <= kJournalBufferBytesMax || !error_.empty();
                     })) {
    error_ = "the journal " + path_ + " is cut: the disk took nothing for 5 s";
  }
  if (!error_.empty() || closing_) {
    frames_lost_ += 1;
    return;
  }
  const size_t begin = pending_.size();
  AppendRaw(static_cast<uint32_t>(payload.size()), &pending_);
  AppendRaw(type, &pending_);
  pending_.append(payload);
  AppendRaw(pipeline::Crc32c({pending_.data() + begin, pending_.size() - begin}), &pending_);
  if (begin < kWriteBytes && pending_.size() >= kWriteBytes) wake_.NotifyOne();
}

void JournalWriter::Run() {
  std::string writing;
  std::string write_error;
  pipeline::MutexLock lock(&mutex_);
  for (bool last = false; !last;) {
    wake_.WaitFor(&mutex_, std::chrono::nanoseconds(kJournalFlushNs), [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return closing_ || pending_.size() >= kWriteBytes;
    });
    last = closing_;
    std::swap(writing, pending_);
    lock.Unlock();
    room_.NotifyAll();
    // Nothing follows bytes that were written in part: the file stays whole up to there.
    if (write_error.empty()) write_error = Write(writing);
    writing.clear();
    lock.Lock();
    if (error_.empty()) error_ = write_error;
  }
}

std::string JournalWriter::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return "the journal " + path_ + " is cut: " + std::strerror(errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

std::string JournalWriter::Close() {
  {
    const pipeline::MutexLock lock(&mutex_);
    closing_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
  const pipeline::MutexLock lock(&mutex_);
  if (fd_ >= 0 && close(std::exchange(fd_, -1)) != 0 && error_.empty()) {
    error_ = "the journal " + path_ + " is cut: " + std::strerror(errno);
  }
  if (error_.empty()) return {};
  return error_ + (frames_lost_ > 0 ? " (" + std::to_string(frames_lost_) + " further entries were not written)" : "");
}

}  // namespace harness
