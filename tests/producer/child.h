// A program run as a child of a test, its output in a file, killed and reaped at the end whatever happens.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pipeline {

// A directory of its own that goes with the test.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct ChildOptions {
  std::map<std::string, std::string> env;
  // What the child may write to one file before writes fail.
  std::optional<uint64_t> file_bytes_max;
};

class Child {
 public:
  // `program` stands beside the test. stdout and stderr go to `output_path`.
  Child(const std::string& program, const std::vector<std::string>& args, const std::string& output_path,
        const ChildOptions& options = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void Signal(int number) const;
  // The exit code, or minus the signal's number; -1000 and a failed test when it does not end within a minute.
  int Wait();
  std::string Output() const;

 private:
  std::string output_path_;
  pid_t pid_ = -1;
};

std::string ReadFile(const std::string& path);
// Looks again and again until `condition` holds; a failed test after a minute.
void AwaitCondition(const std::function<bool()>& condition, const std::string& what);

}  // namespace pipeline
