#include "common/line_file.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/crc32c.h"

namespace pipeline {
namespace {

constexpr std::string_view kSealBegin = ",\"crc\":\"";
constexpr std::string_view kSealEnd = "\"}";
// What is in these files is about people: their payments and e-mail addresses.
constexpr mode_t kOwnerOnly = 0600;
constexpr size_t kHexDigits = 8;
constexpr size_t kSealSize = kSealBegin.size() + kHexDigits + kSealEnd.size();

std::string Hex(uint32_t crc) { return absl::StrCat(absl::Hex(crc, absl::kZeroPad8)); }

bool LooksLikeObject(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t\r");
  const size_t end = line.find_last_not_of(" \t\r");
  return begin != std::string_view::npos && begin < end && line[begin] == '{' && line[end] == '}';
}

[[noreturn]] void FailErrno(const std::string& path, const char* what) {
  throw std::system_error(errno, std::generic_category(), path + ": " + what);
}

// All of it, or the file is as it was before (as far as the file system lets it) and std::system_error.
void WriteWhole(int fd, const std::string& path, std::string_view bytes) {
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = write(fd, bytes.data() + written, bytes.size() - written);
    if (count > 0) written += static_cast<size_t>(count);
    if (count > 0 || (count < 0 && errno == EINTR)) continue;
    const int error = count == 0 ? EIO : errno;
    // A full disk takes half a line. Cut it off again, so that the file stays one of whole lines.
    struct stat status {};
    if (written > 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
      [[maybe_unused]] const int ignored = ftruncate(fd, status.st_size - static_cast<off_t>(written));
    }
    errno = error;
    FailErrno(path, "can't write");
  }
}

}  // namespace

std::string SealLine(std::string_view json_object) {
  const bool whole = json_object.size() > 2 && json_object.front() == '{' && json_object.back() == '}';
  if (!whole || json_object.find('\n') != std::string_view::npos) {
    throw std::invalid_argument("a line to seal must be one JSON object with members, on one line");
  }
  json_object.remove_suffix(1);
  const std::string hex = Hex(Crc32c(json_object));
  std::string line;
  line.reserve(json_object.size() + kSealSize + 1);
  line += json_object;
  line += kSealBegin;
  line += hex;
  line += kSealEnd;
  line += '\n';
  return line;
}

LineState CheckLine(std::string_view line) {
  if (!LooksLikeObject(line)) return LineState::kBroken;
  if (line.size() <= kSealSize) return LineState::kUnsealed;
  const std::string_view content = line.substr(0, line.size() - kSealSize);
  const std::string_view seal = line.substr(content.size());
  const bool right = seal.substr(kSealBegin.size(), kHexDigits) == Hex(Crc32c(content));
  if (seal.starts_with(kSealBegin) && seal.ends_with(kSealEnd)) return right ? LineState::kSealed : LineState::kBroken;
  // The right checksum in a member that is not quite "crc" is a sealed line with damage in its seal.
  return right ? LineState::kBroken : LineState::kUnsealed;
}

LineFile::~LineFile() { Close(); }

LineFile::LineFile(LineFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

LineFile& LineFile::operator=(LineFile&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

LineFile LineFile::OpenForAppend(const std::string& path) {
  LineFile file;
  file.path_ = path;
  file.fd_ = open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (file.fd_ < 0) FailErrno(path, "can't open for appending");
  struct stat status {};
  if (fstat(file.fd_, &status) != 0) FailErrno(path, "can't read its state");
  char last = '\n';
  if (S_ISREG(status.st_mode) && status.st_size > 0 && pread(file.fd_, &last, 1, status.st_size - 1) != 1) {
    FailErrno(path, "can't read its last byte");
  }
  if (last != '\n') {
    throw std::system_error(std::make_error_code(std::errc::illegal_byte_sequence), path + ": its last line is torn");
  }
  return file;
}

void LineFile::Append(std::string_view json_object) { AppendSealed(SealLine(json_object)); }

void LineFile::AppendSealed(std::string_view lines) {
  if (fd_ < 0) throw std::system_error(EBADF, std::generic_category(), path_ + ": not open for appending");
  WriteWhole(fd_, path_, lines);
}

void LineFile::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace pipeline
