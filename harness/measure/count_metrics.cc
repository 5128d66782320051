// Counts: what of the history is not whole at a client, and what the programs took of the host.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/metric_functions.h"
#include "harness/measure/recovery_values.h"
#include "harness/verify/checker.h"

namespace harness {
namespace {

template <typename Count>
Measured OfClients(const Measurement& of, const Threshold& threshold, const Count& count) {
  std::vector<Measured> values;
  for (size_t i = 0; i < of.history.clients.size(); ++i) {
    if (!IsSelected(threshold, of.history.clients[i])) continue;
    Measured measured;
    measured.value = static_cast<double>(count(i));
    measured.samples = 1;
    measured.whose = of.history.clients[i].name;
    values.push_back(std::move(measured));
  }
  return OfValues(threshold, std::move(values));
}

Measured OfOffences(const Measurement& of, const Threshold& threshold, OffenceKind kind) {
  return OfClients(of, threshold, [&](size_t client) {
    const auto& offences = of.clients.sequence(client).offences;
    return std::count_if(offences.begin(), offences.end(), [&](const Offence& one) { return one.kind == kind; });
  });
}

const ProcessUsage* FindUsage(const Measurement& of, const Threshold& threshold) {
  const auto& all = of.host.processes;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const ProcessUsage& usage) { return usage.name == threshold.process; });
  return found == all.end() ? nullptr : &*found;
}

template <typename Value>
Measured OfProcess(const Measurement& of, const Threshold& threshold, const Value& value) {
  const ProcessUsage* usage = FindUsage(of, threshold);
  Measured measured;
  measured.whose = threshold.process;
  const std::optional<double> found = usage == nullptr ? std::nullopt : std::optional<double>(value(*usage));
  if (!found || *found <= 0) {
    measured.note = "what " + threshold.process + " used is not known";
    return measured;
  }
  measured.value = *found;
  measured.samples = 1;
  return measured;
}

int64_t CpuNs(const ProcessUsage& usage) { return usage.cpu_user_ns + usage.cpu_system_ns; }

int64_t SendsOf(const Producer& producer) {
  return std::count_if(producer.sends.begin(), producer.sends.end(),
                       [](const Send& send) { return send.sent_ns != 0 && !send.sentinel; });
}

// What a server wrote to a client, as the client counts it: on connections to its address, or of a client that may use
// no other server.
int64_t DeliveriesOf(const History& history, const std::string& server, const Client& client) {
  const auto probed = std::find_if(history.probed.begin(), history.probed.end(),
                                   [&](const ProbedServer& one) { return one.name == server; });
  int64_t count = 0;
  for (const Delivery& delivery : client.deliveries) {
    const bool known = probed != history.probed.end() && delivery.connection < client.connections.size() &&
                       !client.connections[delivery.connection].server.empty();
    count += known ? client.connections[delivery.connection].server == probed->address
                   : client.servers == std::vector<std::string>{server};
  }
  return count;
}

int64_t MessagesOf(const Measurement& of, const std::string& name) {
  const History& history = of.history;
  if (name == "broker") return static_cast<int64_t>(of.log.size());
  int64_t count = 0;
  for (const Client& client : history.clients) {
    const bool is_its = name == "harness" ? client.embedded : BaseName(client.name) == name;
    if (is_its) count += static_cast<int64_t>(client.deliveries.size());
  }
  for (size_t i = 0; i < history.producers.size(); ++i) {
    const Producer& producer = history.producers[i];
    const bool is_its = name == "harness" ? !IsProcessProducer(history, i) : BaseName(producer.name) == name;
    if (is_its) count += SendsOf(producer);
  }
  if (count > 0 || name == "harness") return count;
  for (const Client& client : history.clients) count += DeliveriesOf(history, name, client);
  return count;
}

}  // namespace

Measured MeasureLost(const Measurement& of, const Recoveries&, const Threshold& threshold) {
  if (of.history.audited) {
    return OfClients(of, threshold, [&](size_t client) { return of.clients.missing(client).size(); });
  }
  Measured measured;
  measured.note = "the topic was not audited";
  return measured;
}

Measured MeasureDuplicates(const Measurement& of, const Recoveries&, const Threshold& threshold) {
  return OfOffences(of, threshold, OffenceKind::kRepeat);
}

Measured MeasureOutOfOrder(const Measurement& of, const Recoveries&, const Threshold& threshold) {
  return OfOffences(of, threshold, OffenceKind::kBackward);
}

Measured MeasureIndeterminate(const Measurement& of, const Recoveries&, const Threshold&) {
  Measured measured;
  int64_t unknown = 0;
  for (const Producer& producer : of.history.producers) {
    for (const Send& send : producer.sends) {
      if (send.sent_ns == 0 || send.sentinel) continue;
      ++measured.samples;
      if (send.outcome != Outcome::kOk && send.outcome != Outcome::kFail) ++unknown;
    }
  }
  if (measured.samples > 0) measured.value = static_cast<double>(unknown);
  return measured;
}

Measured MeasureCpu(const Measurement& of, const Recoveries&, const Threshold& threshold) {
  return OfProcess(of, threshold, [](const ProcessUsage& usage) { return CpuNs(usage); });
}

Measured MeasureMessagesPerCore(const Measurement& of, const Recoveries&, const Threshold& threshold) {
  return OfProcess(of, threshold, [&](const ProcessUsage& usage) {
    const int64_t cpu_ns = CpuNs(usage);
    return cpu_ns <= 0 ? 0.0 : static_cast<double>(MessagesOf(of, usage.name)) * 1e9 / static_cast<double>(cpu_ns);
  });
}

Measured MeasureRssPeak(const Measurement& of, const Recoveries&, const Threshold& threshold) {
  return OfProcess(of, threshold, [](const ProcessUsage& usage) { return usage.rss_bytes_max; });
}

}  // namespace harness
