// One file of lines that another program appends to: gives each whole line once, as it comes. What follows the last
// newline is left until it is a line, or is cut off by its writer. The name counts: where another file has taken it,
// the old one is read to its end, then the new one, from its beginning or, when it begins with all that the old one
// gave (a writer that writes all anew), behind that. Called by the LogTail. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace harness {

class TailedFile {
 public:
  explicit TailedFile(std::string path);
  ~TailedFile();
  TailedFile(const TailedFile&) = delete;
  TailedFile& operator=(const TailedFile&) = delete;

  // What became of one line. `good`: it was understood.
  struct Line {
    std::string_view text;  // without its newline, kLinePaddingBytes readable behind it; empty and `too_long`: not kept
    int64_t number = 0;     // 1 for the first of the file
    int64_t begin_bytes = 0;  // where in the file
    bool too_long = false;    // above kLineBytesMax
  };
  // Reads up to what was the end when called; `each` returns whether the line was understood. True when at least one
  // line came. Errors are kept for problem().
  bool ReadLines(const std::function<bool(const Line&)>& each);

  bool exists() const { return fd_ >= 0; }
  // The file that is read has its name still: a watch on the name is one on the file.
  bool has_its_name() const;
  const std::string& path() const { return path_; }
  // What is wrong with the file, in a sentence; told once, empty otherwise.
  std::string TakeProblem();

 private:
  int OpenNamed();  // -1: it can't be opened, or is not there
  bool ReadOpenFile(const std::function<bool(const Line&)>& each);
  // Goes over to the file that has the name now. False: it is the one that is open, or there is none.
  bool FollowName();
  void FollowShrinking(int64_t size_bytes);
  // Gives the whole lines in buffer_[0, bytes). Returns the bytes consumed.
  size_t GiveLines(size_t bytes, const std::function<bool(const Line&)>& each, bool* any);
  void Problem(const std::string& what);

  const std::string path_;
  int fd_ = -1;
  std::string buffer_;
  int64_t lines_ = 0;       // whole lines given
  int64_t next_bytes_ = 0;  // the first byte that no line has given yet
  int64_t good_bytes_ = 0;  // behind the last line that was understood
  uint32_t crc32c_ = 0;     // of the bytes before next_bytes_
  bool skipping_ = false;   // within a line that is too long
  std::string problem_;
  bool told_ = false;
};

}  // namespace harness
