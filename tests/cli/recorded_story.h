// For the tests of the commands that read run directories: a story (tests/verify/story.h) told to a Recorder, so that
// its run directory holds the journal and the scenario that a run would have left.
#pragma once

#include <filesystem>
#include <string>

#include "harness/report/report.h"
#include "tests/verify/story.h"

namespace harness {

// A run directory that is gone with its owner. Two clients, "watcher" and "second"; producers "load" and "shop".
class StoryFolder {
 public:
  StoryFolder();
  ~StoryFolder();
  StoryFolder(const StoryFolder&) = delete;
  StoryFolder& operator=(const StoryFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::string File(const std::string& name) const { return (path_ / name).string(); }
  std::string Read(const std::string& name) const;
  void Write(const std::string& name, const std::string& text) const;

  // Writes scenario.json and history/run.journal. `threshold`: one that the scenario expects; empty: none.
  void Record(const History& history, const std::string& threshold = "") const;
  // Writes result.json and its kin, as the run did.
  void Report(const History& history, const RunFacts& facts) const;

 private:
  std::filesystem::path path_;
};

inline const std::vector<std::string> kStoryClients = {"watcher", "second"};

// Thirty records in two partitions, all received by both clients; "second" lost its stream in between.
Story WholeStory();
// The same, and "second" never received partition 1 offset 3.
Story LossyStory();

}  // namespace harness
