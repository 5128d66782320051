// The mock broker's own process: answers on standard output what it is asked on standard input, and ends when that
// closes, so that it never outlives the harness even without the reaper.
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "harness/broker/broker_protocol.h"
#include "harness/broker/mock_broker.h"
#include "harness/broker/mock_cluster.h"

namespace harness {
namespace {

// False when nobody reads any more.
bool SayLine(std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t count = write(STDOUT_FILENO, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    rest.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

class LineReader {
 public:
  // nullopt at the end of the input. A line that is too long comes as its first part, which no command is, and the rest
  // of it is dropped.
  std::optional<std::string> Next() {
    for (;;) {
      const size_t newline = buffer_.find('\n');
      if (newline != std::string::npos) {
        std::string line = buffer_.substr(0, newline);
        buffer_.erase(0, newline + 1);
        const bool rest_of_long = dropping_;
        dropping_ = false;
        if (!rest_of_long) return line;
        continue;
      }
      if (dropping_) buffer_.clear();
      if (buffer_.size() > kBrokerLineBytesMax) {
        dropping_ = true;
        return std::move(buffer_);
      }
      char bytes[4096];
      const ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return std::nullopt;
      buffer_.append(bytes, static_cast<size_t>(count));
    }
  }

 private:
  std::string buffer_;
  bool dropping_ = false;
};

int RunMockBroker(int brokers) {
  signal(SIGPIPE, SIG_IGN);
  std::optional<MockCluster> cluster;
  try {
    cluster.emplace(brokers);
  } catch (const std::runtime_error& error) {
    SayLine(nlohmann::json{{"failed", error.what()}}.dump());
    return 3;
  }
  const nlohmann::json ready{
      {"bootstrap", cluster->bootstrap()}, {"version", MockVersion()}, {"commands", BrokerCommandNames()}};
  bool heard = SayLine(nlohmann::json{{"ready", ready}}.dump());
  LineReader lines;
  while (heard) {
    const std::optional<std::string> line = lines.Next();
    if (!line) break;
    heard = SayLine(AnswerBrokerCommand(*line, &*cluster));
  }
  // Its records go with it; taking the cluster apart would only make the end of a run longer.
  _exit(0);
}

}  // namespace

void RunMockBrokerIfAsked(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "--mock-broker") return;
  const std::string_view text = argc == 3 ? argv[2] : "";
  int brokers = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), brokers);
  if (error != std::errc() || end != text.data() + text.size()) {
    std::fprintf(stderr, "--mock-broker is for the harness's own use\n");
    _exit(2);
  }
  _exit(RunMockBroker(brokers));
}

}  // namespace harness
