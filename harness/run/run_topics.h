// The topics that a run makes on a cluster of the user's, named in a file of its directory, so that what a harness
// leaves behind that was killed can be removed later (`harness clean`). Written by the runner before it makes them,
// gone with them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

struct RunTopics {
  std::string run_id;
  std::string brokers;  // where they are: HOST:PORT, several with commas
  std::string cluster;  // the cluster's id; empty: it has none
  std::vector<std::string> topics;

  bool operator==(const RunTopics&) const = default;
};

// "payments.raw.<run id>": the run's own, whatever else is in the cluster.
std::string RunTopic(const std::string& run_id);
std::string RunDeadLetterTopic(const std::string& run_id);

std::string RunTopicsPath(const std::string& run_dir);
std::string RunTopicsJson(const RunTopics& topics);  // docs/formats.md, "kafka-topics.json"
// nullopt for anything that RunTopicsJson does not write, and for a topic that is not named after the run.
std::optional<RunTopics> ParseRunTopics(std::string_view json);

// The file of a run that goes on. It is locked (flock, exclusive) for as long as this lives: one that can be locked was
// left behind.
class RunTopicsFile {
 public:
  // Throws std::system_error that names the path.
  RunTopicsFile(const std::string& run_dir, const RunTopics& topics);
  ~RunTopicsFile();
  RunTopicsFile(const RunTopicsFile&) = delete;
  RunTopicsFile& operator=(const RunTopicsFile&) = delete;
  // The topics are gone.
  void Remove();

 private:
  const std::string path_;
  int fd_ = -1;
};

}  // namespace harness
