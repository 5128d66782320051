// `harness clean`: removes what a run has left on a cluster of the user's because its harness was killed. Called by
// main.cc; returns the exit code.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "common/settings.h"

namespace harness {

struct CleanOptions {
  std::vector<std::string> paths;  // run directories, or folders of them; empty: runs
  std::string brokers;             // in place of those that the runs name; empty: those
  pipeline::KafkaSettings kafka;   // how to speak with them
};

// Deletes the topics that the runs' kafka-topics.json name as their own, on the cluster that it names, and then the
// file. A run that goes on is left alone. 0: nothing of theirs is left; 2: no such folder; 3: something could not be
// deleted.
int RunClean(const CleanOptions& options, std::ostream& out, std::ostream& err);

}  // namespace harness
