// payment-client run as a child of a test: standard output through a pipe that the test reads, standard error in a
// file. Killed and reaped at the end whatever happens. Waits have a condition and a deadline of a minute.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "tests/client/client_testing.h"

namespace pipeline {

class ClientProgram {
 public:
  explicit ClientProgram(const std::vector<std::string>& args, const std::map<std::string, std::string>& env = {});
  ~ClientProgram();
  ClientProgram(const ClientProgram&) = delete;
  ClientProgram& operator=(const ClientProgram&) = delete;

  // Reads standard output until all of it so far contains `text`; fails the test when it ends or takes too long.
  void ReadUntil(const std::string& text);
  // Reads what standard output holds by now, so that the client never waits for a reader. Does not wait.
  void ReadWhatIsThere();
  // Waits, without reading, until the pipe is full.
  void WaitUntilPipeIsFull();
  void CloseOutput();
  void Signal(int number) const;
  // Reads to the end and waits: the exit code, or minus the signal's number.
  int Wait();
  // The same, without reading.
  int WaitWithoutReading();

  const std::string& output() const { return output_; }
  std::string errors() const { return ReadFile(folder_.File("stderr")); }

 private:
  // False: the end, or nothing for `wait_ms`.
  bool ReadSome(int wait_ms);

  TempFolder folder_;
  pid_t pid_ = -1;
  int out_ = -1;
  std::string output_;
};

}  // namespace pipeline
