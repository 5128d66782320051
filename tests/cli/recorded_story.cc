#include "tests/cli/recorded_story.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <variant>

#include "harness/judge/judge.h"
#include "harness/observe/recorder.h"
#include "harness/scenario/scenario_file.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

void TellProducers(const History& history, Recorder* recorder) {
  for (const Producer& producer : history.producers) {
    const uint16_t index = recorder->AddProducer(producer.name, producer.has_acks);
    for (size_t i = 0; i < producer.sends.size(); ++i) {
      const Send& send = producer.sends[i];
      const SendSeen sent{.sequence = i + 1, .send = send};
      recorder->OnSends(index, {&sent, 1});
      const OutcomeSeen outcome{i + 1, send.acked_ns, send.outcome, send.partition, send.offset};
      recorder->OnOutcomes(index, {&outcome, 1});
    }
  }
}

void TellLog(const History& history, Recorder* recorder) {
  for (size_t p = 0; p < history.partitions.size(); ++p) {
    for (const LogRecord& record : history.partitions[p].records) {
      const LogSeen seen{static_cast<int32_t>(p), record};
      recorder->OnLog({&seen, 1});
      recorder->OnName(record.id_hash, "pay_" + std::to_string(record.id_hash));
    }
  }
}

void TellClients(const History& history, Recorder* recorder) {
  for (const Client& client : history.clients) {
    const size_t index = recorder->AddClient(client);
    size_t told = 0;
    for (size_t c = 0; c < client.connections.size(); ++c) {
      Connection started = client.connections[c];
      started.ended_ns = 0;
      recorder->OnConnection(index, started);
      for (; told < client.deliveries.size() && client.deliveries[told].connection == c; ++told) {
        recorder->OnDeliveries(index, {&client.deliveries[told], 1});
      }
      const Connection& ended = client.connections[c];
      if (ended.ended_ns != 0) recorder->OnConnectionEnd(index, {ended.ended_ns, ended.code, ended.message});
    }
  }
}

std::string ScenarioText(const std::string& threshold) {
  const std::string expect = threshold.empty() ? "" : R"(, "expect": {"thresholds": [")" + threshold + R"("]})";
  return R"({
    "name": "story", "seed": 7, "broker": {"partitions": 2}, "servers": [{"name": "server-1"}],
    "clients": [{"name": "watcher"}, {"name": "second"}],
    "producers": [{"name": "load"}, {"name": "shop", "kind": "process"}],
    "phases": [{"name": "steady", "duration": "1s", "rate": "100/s"}])" +
         expect + "}\n";
}

}  // namespace

StoryFolder::StoryFolder() {
  std::string name = (fs::temp_directory_path() / "recorded_story.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder: " + name);
  path_ = name;
}

StoryFolder::~StoryFolder() { fs::remove_all(path_); }

std::string StoryFolder::Read(const std::string& name) const {
  std::ifstream file(path_ / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void StoryFolder::Write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary | std::ios::trunc) << text;
}

void StoryFolder::Record(const History& history, const std::string& threshold) const {
  Write("scenario.json", ScenarioText(threshold));
  fs::create_directories(path_ / "history");
  Recorder recorder(history.run_id, File("history"));
  recorder.SetPartitions(std::vector<int64_t>(history.partitions.size(), 0), true);
  for (const Phase& phase : history.phases) recorder.AddPhase(phase);
  TellProducers(history, &recorder);
  TellLog(history, &recorder);
  TellClients(history, &recorder);
  for (const FaultEvent& fault : history.faults) recorder.OnFault(fault);
  for (const ProcessSpan& process : history.processes) recorder.OnProcess(process);
  recorder.Finish([&](History* end) {
    end->load_begin_ns = history.load_begin_ns;
    end->load_end_ns = history.load_end_ns;
    end->drain_end_ns = history.drain_end_ns;
    end->log_bytes = history.log_bytes;
    end->drained = history.drained;
    end->interrupted = history.interrupted;
  });
}

void StoryFolder::Report(const History& history, const RunFacts& facts) const {
  const ScenarioResult scenario = LoadScenario(File("scenario.json"));
  const JudgeOptions options{.report_time_thresholds = facts.report_time_thresholds};
  const Verdict verdict = Judge(history, std::get<Scenario>(scenario), options);
  const Metrics metrics = ComputeMetrics(history);
  WriteReport({history, metrics, verdict, std::get<Scenario>(scenario), facts}, path());
}

namespace {

Story Told(bool lossy) {
  Story story(2, kStoryClients);
  for (int i = 0; i < 30; ++i) {
    const int32_t partition = i % 2;
    const int64_t offset = story.Write(partition);
    story.Deliver(0, partition, offset);
    if (!(lossy && partition == 1 && offset == 3)) story.Deliver(1, partition, offset);
    if (i == 9) {
      story.Break(1);
      story.history.clients[1].connections.back().message = "Socket closed";
      story.Connect(1, {{0, 4, -1}, {1, 4, -1}}, true);
    }
  }
  story.End();
  return story;
}

}  // namespace

Story WholeStory() { return Told(false); }
Story LossyStory() { return Told(true); }

}  // namespace harness
