#include "harness/cli/clean_command.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <optional>
#include <ostream>
#include <system_error>

#include "common/regular_file.h"
#include "common/secrets.h"
#include "harness/broker/kafka_cluster.h"
#include "harness/run/run_topics.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

constexpr char kDefaultFolder[] = "runs";
constexpr size_t kFileBytesMax = 64 << 10;
constexpr int kAnswersWithinMs = 10'000;

// The run itself, or the runs in a folder of them, that have left something.
std::vector<std::string> RunsIn(const std::string& path) {
  std::error_code ignored;
  if (fs::exists(RunTopicsPath(path), ignored)) return {path};
  std::vector<std::string> runs;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    if (fs::exists(RunTopicsPath(entry.path().string()), ignored)) runs.push_back(entry.path().string());
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

std::string ReadSome(int fd) {
  std::string text(kFileBytesMax, '\0');
  const ssize_t count = pread(fd, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

class Cleaner {
 public:
  Cleaner(const CleanOptions& options, std::ostream* out, std::ostream* err)
      : options_(options), out_(*out), err_(*err) {}

  int Clean() {
    const std::vector<std::string> paths =
        options_.paths.empty() ? std::vector<std::string>{kDefaultFolder} : options_.paths;
    for (const std::string& path : paths) {
      std::error_code ignored;
      if (!fs::is_directory(path, ignored)) {
        err_ << "harness: there is no folder \"" << path << "\"; allowed: a run directory, or a folder of them\n";
        return kExitBadScenario;
      }
    }
    int exit_code = kExitPass;
    size_t count = 0;
    for (const std::string& path : paths) {
      for (const std::string& run : RunsIn(path)) {
        ++count;
        const std::string problem = CleanRun(run);
        if (problem.empty()) continue;
        err_ << "harness: " << run << ": " << pipeline::HideSecrets(problem) << "\n";
        exit_code = kExitEnvironment;
      }
    }
    if (count == 0) out_ << "No run has left a topic behind.\n";
    return exit_code;
  }

 private:
  // Empty, or what is in the way.
  std::string CleanRun(const std::string& run) {
    const pipeline::RegularFile file = pipeline::OpenRegularFile(RunTopicsPath(run));
    if (!file.is_open()) return RunTopicsPath(run) + ": " + file.Reason();
    if (flock(file.fd, LOCK_EX | LOCK_NB) != 0) {
      out_ << run << ": still running, left alone\n";
      return {};
    }
    const std::optional<RunTopics> topics = ParseRunTopics(ReadSome(file.fd));
    if (!topics) return RunTopicsPath(run) + " is no file of this program's, or names topics of others; not touched";
    try {
      return DeleteTopics(run, *topics);
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  std::string DeleteTopics(const std::string& run, const RunTopics& topics) {
    pipeline::KafkaSettings kafka = options_.kafka;
    kafka.brokers = options_.brokers.empty() ? topics.brokers : options_.brokers;
    KafkaCluster cluster(kafka, kAnswersWithinMs, [] { return false; });
    // Behind the same address there may be another cluster by now.
    const bool same = topics.cluster.empty() ? kafka.brokers == topics.brokers : cluster.id() == topics.cluster;
    if (!same) {
      return fmt::format("Kafka at {} is cluster {}, and the run was on {}; its topics are not there", kafka.brokers,
                         cluster.id(), topics.cluster.empty() ? topics.brokers : topics.cluster);
    }
    for (const std::string& topic : topics.topics) {
      const std::string problem = cluster.DeleteTopic(topic);
      if (!problem.empty()) return fmt::format("topic {} could not be deleted: {}", topic, problem);
      out_ << run << ": topic " << topic << " is deleted\n";
    }
    if (unlink(RunTopicsPath(run).c_str()) != 0) {
      return RunTopicsPath(run) + " can't be removed: " + std::generic_category().message(errno);
    }
    return {};
  }

  const CleanOptions& options_;
  std::ostream& out_;
  std::ostream& err_;
};

}  // namespace

int RunClean(const CleanOptions& options, std::ostream& out, std::ostream& err) {
  return Cleaner(options, &out, &err).Clean();
}

}  // namespace harness
