#include "harness/run/run_topics.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr size_t kTopicBytesMax = 249;  // Kafka's own limit

bool IsTopicOf(const std::string& topic, const std::string& run_id) {
  return topic.size() <= kTopicBytesMax && (topic == RunTopic(run_id) || topic == RunDeadLetterTopic(run_id));
}

}  // namespace

std::string RunTopic(const std::string& run_id) { return "payments.raw." + run_id; }
std::string RunDeadLetterTopic(const std::string& run_id) { return RunTopic(run_id) + ".dlq"; }

std::string RunTopicsPath(const std::string& run_dir) { return run_dir + "/kafka-topics.json"; }

std::string RunTopicsJson(const RunTopics& topics) {
  const Json json{{"format", kFormat},
                  {"run_id", topics.run_id},
                  {"brokers", topics.brokers},
                  {"cluster", topics.cluster},
                  {"topics", topics.topics}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<RunTopics> ParseRunTopics(std::string_view json) {
  const Json found = Json::parse(json, nullptr, false);
  if (!found.is_object() || found.size() != 5 || !found.contains("format") || found["format"] != kFormat) {
    return std::nullopt;
  }
  RunTopics topics;
  try {
    topics = {found.at("run_id").get<std::string>(), found.at("brokers").get<std::string>(),
              found.at("cluster").get<std::string>(), found.at("topics").get<std::vector<std::string>>()};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  const bool its_own = std::all_of(topics.topics.begin(), topics.topics.end(),
                                   [&](const std::string& topic) { return IsTopicOf(topic, topics.run_id); });
  if (topics.run_id.empty() || topics.brokers.empty() || topics.topics.empty() || !its_own) return std::nullopt;
  return topics;
}

RunTopicsFile::RunTopicsFile(const std::string& run_dir, const RunTopics& topics) : path_(RunTopicsPath(run_dir)) {
  const auto fail = [&] { throw std::system_error(errno, std::generic_category(), "can't write " + path_); };
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd_ < 0 || flock(fd_, LOCK_EX | LOCK_NB) != 0) fail();
  const std::string text = RunTopicsJson(topics);
  if (write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail();
}

RunTopicsFile::~RunTopicsFile() {
  if (fd_ >= 0) close(fd_);
}

void RunTopicsFile::Remove() { unlink(path_.c_str()); }

}  // namespace harness
