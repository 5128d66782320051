#include "harness/broker/address_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace harness {
namespace {

constexpr int kTriesMax = 100;  // each lost to another broker that started or ended at the same moment
constexpr size_t kAddressBytesMax = 4096;

[[noreturn]] void Fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("address file " + path + ": " + why);
}

std::string ErrorText(int error) { return std::generic_category().message(error); }

bool SameFile(int fd, const std::string& path) {
  struct stat open_file {};
  struct stat named {};
  return fstat(fd, &open_file) == 0 && stat(path.c_str(), &named) == 0 && open_file.st_dev == named.st_dev &&
         open_file.st_ino == named.st_ino;
}

std::string ReadSome(int fd) {
  std::string text(kAddressBytesMax + 1, '\0');
  const ssize_t count = pread(fd, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::generic_category());
    text.remove_prefix(static_cast<size_t>(count));
  }
}

// A new file beside `path`, locked, under a name of its own.
class Draft {
 public:
  Draft(const std::string& path, const std::string& address) : name_(path + ".XXXXXX") {
    fd_ = mkostemp(name_.data(), O_CLOEXEC);
    if (fd_ < 0) Fail(path, "can't be written: " + ErrorText(errno));
    try {
      WriteAll(fd_, address + "\n");
      if (fchmod(fd_, 0644) != 0 || flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        throw std::system_error(errno, std::generic_category());
      }
    } catch (const std::system_error& error) {
      unlink(name_.c_str());
      close(fd_);
      Fail(path, "can't be written: " + error.code().message());
    }
  }
  ~Draft() {
    if (!placed_) unlink(name_.c_str());
    if (fd_ >= 0) close(fd_);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // False when there is a file at `path` already.
  bool PlaceNew(const std::string& path) {
    if (link(name_.c_str(), path.c_str()) == 0) return true;
    if (errno != EEXIST) Fail(path, "can't be written: " + ErrorText(errno));
    return false;
  }
  void Replace(const std::string& path) {
    if (rename(name_.c_str(), path.c_str()) != 0) Fail(path, "can't be replaced: " + ErrorText(errno));
    placed_ = true;
  }
  int TakeLockedFd() { return std::exchange(fd_, -1); }

 private:
  std::string name_;
  int fd_ = -1;
  bool placed_ = false;
};

// True when `draft` has taken the place of a stale file; false when the file at `path` is another one by now.
bool ReplaceStale(const std::string& path, Draft* draft) {
  // Not O_RDWR: nothing is ever written into a file that may be somebody else's.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return false;
  if (fd < 0) Fail(path, "can't be read: " + ErrorText(errno));
  struct Closer {
    int fd;
    ~Closer() { close(fd); }
  } closer{fd};
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) Fail(path, "is no regular file");
  const std::string text = ReadSome(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    Fail(path, "a broker is running already" +
                   (text.empty() ? std::string() : " at " + text.substr(0, text.find('\n'))) +
                   "; end it, or give another file");
  }
  if (!SameFile(fd, path)) return false;
  if (!LooksLikeAddressFile(text)) {
    Fail(path, "holds something else than a broker's address; remove it, or give another file");
  }
  draft->Replace(path);
  return true;
}

}  // namespace

bool LooksLikeAddressFile(std::string_view text) {
  if (text.empty()) return true;
  if (text.size() > kAddressBytesMax || text.back() != '\n') return false;
  text.remove_suffix(1);
  while (!text.empty()) {
    const std::string_view address = text.substr(0, text.find(','));
    text.remove_prefix(std::min(address.size() + 1, text.size()));
    const size_t colon = address.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == address.size()) return false;
    const std::string_view port = address.substr(colon + 1);
    if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
    if (address.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  }
  return true;
}

AddressFile::AddressFile(std::string path, const std::string& address) : path_(std::move(path)) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) Fail(path_, "its folder can't be made: " + error.message());
  Draft draft(path_, address);
  for (int i = 0; i < kTriesMax; ++i) {
    if (draft.PlaceNew(path_) || ReplaceStale(path_, &draft)) {
      fd_ = draft.TakeLockedFd();
      return;
    }
  }
  Fail(path_, "other brokers keep writing it");
}

AddressFile::~AddressFile() {
  if (SameFile(fd_, path_)) unlink(path_.c_str());
  close(fd_);
}

}  // namespace harness
