// One of our programs run as a child of a test, its output in a file. Killed and reaped at the end, whatever happens.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace pipeline {

struct ProgramSetting {
  int descriptors_max = 0;  // how many it may have open, soft and hard limit; 0: as here
  int error_fd = -1;        // its standard error; -1: the file
};

class Program {
 public:
  // `name`: of a program beside the test.
  Program(const std::string& name, std::vector<std::string> args, const ProgramSetting& setting = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Signal(int number) const;
  // Stdout and stderr so far.
  std::string Output() const;
  // The port that stands in the output behind `before`; 0 and a test failure when none comes.
  int PortBehind(const std::string& before) const;
  // Its exit code, minus the signal's number when it was ended by one; nullopt when it still runs after kPatience.
  std::optional<int> Wait();

 private:
  std::string output_path_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace pipeline
