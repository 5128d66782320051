#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/crc32c.h"
#include "harness/observe/history_builder.h"
#include "harness/observe/journal.h"
#include "harness/observe/journal_bytes.h"

namespace harness {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

uint32_t U32At(const char* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// Reads frame after frame. Next() is false at the end, and where the file stops being whole.
class FrameReader {
 public:
  explicit FrameReader(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rbe")) {
    struct stat status {};
    if (file_ == nullptr || fstat(fileno(file_.get()), &status) != 0) {
      throw std::system_error(errno, std::generic_category(), "cannot read the journal " + path);
    }
    std::setvbuf(file_.get(), nullptr, _IOFBF, kReadBytes);
    file_bytes_ = status.st_size;
    ReadHeader();
  }

  bool Next() {
    const int64_t left = file_bytes_ - whole_bytes_;
    if (left <= 0) return false;
    char head[kFrameHeadBytes];
    if (!Read(head, sizeof(head))) return Broken("ends within an entry");
    const size_t payload_bytes = U32At(head);
    if (payload_bytes > kFramePayloadBytesMax) return Broken("is damaged");
    const size_t frame_bytes = kFrameHeadBytes + payload_bytes + kFrameTailBytes;
    if (static_cast<int64_t>(frame_bytes) > left) return Broken("ends within an entry");
    frame_.resize(payload_bytes + kFrameTailBytes);
    if (!Read(frame_.data(), frame_.size())) return Broken("ends within an entry");
    const uint32_t crc = pipeline::Crc32c(payload_view(payload_bytes), pipeline::Crc32c({head, sizeof(head)}));
    if (crc != U32At(frame_.data() + payload_bytes)) return Broken("is damaged");
    type_ = static_cast<FrameType>(head[4]);
    payload_bytes_ = payload_bytes;
    frame_begin_ = whole_bytes_;
    whole_bytes_ += static_cast<int64_t>(frame_bytes);
    return true;
  }
  // The frame that Next() gave makes no sense: the file counts as whole only up to it.
  void Refuse() {
    whole_bytes_ = frame_begin_;
    Broken("has an entry that this program does not understand");
  }

  FrameType type() const { return type_; }
  std::string_view payload() const { return payload_view(payload_bytes_); }
  const std::string& problem() const { return problem_; }
  int64_t whole_bytes() const { return whole_bytes_; }
  int64_t bytes_cut() const { return file_bytes_ - whole_bytes_; }

 private:
  void ReadHeader() {
    char header[kJournalHeaderBytes];
    if (!Read(header, sizeof(header))) {
      if (std::memcmp(header, kJournalMagic.data(), std::min(read_bytes_, kJournalMagic.size())) != 0) {
        throw std::runtime_error(path_ + " is no journal: it does not begin with PAYJRNL");
      }
      Broken("ends within its header");
      return;
    }
    if (std::memcmp(header, kJournalMagic.data(), kJournalMagic.size()) != 0) {
      throw std::runtime_error(path_ + " is no journal: it does not begin with PAYJRNL");
    }
    const uint32_t version = U32At(header + kJournalMagic.size());
    if (version != kJournalVersion) {
      throw std::runtime_error(path_ + " is a journal of version " + std::to_string(version) +
                               "; this program reads version " + std::to_string(kJournalVersion));
    }
    whole_bytes_ = kJournalHeaderBytes;
  }
  bool Read(char* into, size_t bytes) {
    read_bytes_ = std::fread(into, 1, bytes, file_.get());
    return read_bytes_ == bytes;
  }
  bool Broken(const char* how) {
    problem_ = "the journal " + path_ + " " + how + " at byte " + std::to_string(whole_bytes_) + ": " +
               std::to_string(bytes_cut()) + " bytes were not read";
    return false;
  }
  std::string_view payload_view(size_t bytes) const { return {frame_.data(), bytes}; }

  const std::string path_;
  std::unique_ptr<std::FILE, FileCloser> file_;
  int64_t file_bytes_ = 0;
  int64_t whole_bytes_ = 0;
  int64_t frame_begin_ = 0;
  size_t read_bytes_ = 0;
  std::string frame_;
  size_t payload_bytes_ = 0;
  FrameType type_ = FrameType::kRun;
  std::string problem_;
};

EntryCounts CountJournal(const std::string& path) {
  EntryCounts counts;
  FrameReader reader(path);
  while (reader.problem().empty() && reader.Next()) CountEntries(reader.type(), reader.payload(), &counts);
  return counts;
}

}  // namespace

JournalContent ReadJournal(const std::string& history_dir) { return ReadJournalFile(JournalPath(history_dir)); }

JournalContent ReadJournalFile(const std::string& path) {
  HistoryBuilder builder("", CountJournal(path));
  FrameReader reader(path);
  JournalContent content;
  bool closed = false;
  while (reader.problem().empty() && reader.Next()) {
    if (closed || !ReplayFrame(reader.type(), reader.payload(), &builder)) {
      reader.Refuse();
      break;
    }
    content.frames += 1;
    closed = reader.type() == FrameType::kClosing;
  }
  builder.PlaceInPhases();
  if (!closed) builder.ReportComplaints();  // a closing entry has them
  content.bytes_read = reader.whole_bytes();
  content.bytes_cut = reader.bytes_cut();
  content.problem = reader.problem();
  if (content.problem.empty() && !closed) {
    content.problem = "the journal " + path + " has no closing entry: its run did not come to an orderly end";
  }
  content.history = std::move(builder.history());
  if (!content.problem.empty()) content.history.harness_errors.push_back(content.problem);
  return content;
}

}  // namespace harness
