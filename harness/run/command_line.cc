#include "harness/run/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/secrets.h"

namespace harness {
namespace {

using Values = std::map<std::string, std::string>;

std::string FillIn(std::string text, const Values& values) {
  for (const auto& [placeholder, value] : values) {
    for (size_t at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + value.size())) {
      text.replace(at, placeholder.size(), value);
    }
  }
  return text;
}

Values CommonValues(const ProgramPlan& plan, const RunNames& names) {
  return {{"{brokers}", names.brokers},
          {"{topic}", names.topic},
          {"{name}", plan.name},
          {"{run}", names.run_id},
          {"{scenario_directory}", names.scenario_directory}};
}

// `built_in`: the program and its own arguments, used when the plan brings no command.
ProcessSpec Spec(const ProgramPlan& plan, const std::string& process_name, const std::vector<std::string>& built_in,
                 const Values& values, const RunNames& names) {
  ProcessSpec spec;
  spec.name = process_name;
  spec.argv = plan.command.empty() ? built_in : plan.command;
  spec.argv.insert(spec.argv.end(), plan.args.begin(), plan.args.end());
  for (std::string& word : spec.argv) word = FillIn(std::move(word), values);
  spec.env = names.kafka_env;
  for (const auto& [name, value] : plan.env) spec.env[name] = FillIn(value, values);
  spec.cwd = plan.cwd.empty() ? names.directory.path : FillIn(plan.cwd, values);
  spec.log_path = names.directory.log(process_name);
  return spec;
}

void AddKafka(const RunNames& names, std::vector<std::string>* argv) {
  argv->insert(argv->end(), {"--brokers", names.brokers, "--topic", names.topic});
  for (const std::string& property : names.kafka_properties) argv->insert(argv->end(), {"-X", property});
}

}  // namespace

void GiveKafkaSettings(const pipeline::KafkaSettings* settings, RunNames* names) {
  const pipeline::KafkaSettings mock;
  const pipeline::KafkaSettings& given = settings == nullptr ? mock : *settings;
  std::vector<std::string> hidden = given.environment_properties;
  for (const std::string& property : given.properties) {
    const bool is_secret = pipeline::IsSecretProperty(property.substr(0, property.find('=')));
    (is_secret ? hidden : names->kafka_properties).push_back(property);
  }
  names->kafka_env = {{"KAFKA_SSL", given.ssl ? "true" : ""},
                      {"KAFKA_SASL_MECHANISM", given.sasl_mechanism},
                      {"KAFKA_SASL_USERNAME", given.sasl_username},
                      {"KAFKA_SASL_PASSWORD", given.sasl_password},
                      {"KAFKA_PROPERTIES", pipeline::JoinProperties(hidden)}};
}

ProcessSpec BrokerSpec(const ProgramPlan& plan, const std::string& directory, const RunNames& names) {
  Values values = CommonValues(plan, names);
  values["{port}"] = std::to_string(names.ports.at(kBrokerName));
  values["{directory}"] = directory;
  ProcessSpec spec = Spec(plan, kBrokerName, {}, values, names);
  spec.cwd = plan.cwd.empty() ? directory : spec.cwd;
  return spec;
}

std::string ServerAddress(const RunNames& names, const std::string& server) {
  return fmt::format("127.0.0.1:{}", names.ports.at(server));
}

ProcessSpec ServerSpec(const ServerPlan& plan, const RunNames& names) {
  const std::string port = std::to_string(names.ports.at(plan.name));
  std::vector<std::string> argv = {names.program_dir + "/payment-server", "--listen", "127.0.0.1", "--port", port};
  AddKafka(names, &argv);
  // An empty Fetch on the mock cluster waits its whole time: new data does not wake it.
  if (names.mock) argv.insert(argv.end(), {"-X", "fetch.wait.max.ms=1"});
  const std::string journal = names.directory.server_journal(plan.name);
  if (plan.journal) argv.insert(argv.end(), {"--journal", journal});
  Values values = CommonValues(plan, names);
  values["{port}"] = port;
  values["{server_journal}"] = journal;
  return Spec(plan, plan.name, argv, values, names);
}

ProcessSpec ClientSpec(const ClientPlan& plan, const std::vector<std::string>& servers, const RunNames& names) {
  std::string addresses;
  for (const std::string& server : servers) {
    if (!addresses.empty()) addresses += ',';
    addresses += ServerAddress(names, server);
  }
  const std::string event_log = names.directory.event_log(plan.name);
  std::vector<std::string> argv = {
      names.program_dir + "/payment-client", "stream", "--server", addresses, "--event-log", event_log};
  const auto filter_word = [](std::string_view name) {
    std::string word(name);
    std::transform(word.begin(), word.end(), word.begin(), [](char c) { return static_cast<char>(c | 0x20); });
    return word;
  };
  if (plan.filter.provider != pipeline::Provider::kUnknown) {
    argv.insert(argv.end(), {"--provider", filter_word(pipeline::ProviderName(plan.filter.provider))});
  }
  if (plan.filter.status != pipeline::PaymentStatus::kUnknown) {
    argv.insert(argv.end(), {"--status", filter_word(pipeline::StatusName(plan.filter.status))});
  }
  if (!plan.resume_token) argv.insert(argv.end(), {"--resume", "none"});
  Values values = CommonValues(plan, names);
  values["{servers}"] = addresses;
  values["{event_log}"] = event_log;
  return Spec(plan, plan.name, argv, values, names);
}

ProcessSpec ProducerSpec(const ProducerPlan& plan, const std::string& producer, const RunNames& names) {
  const std::string ack_log = names.directory.ack_log(producer);
  const std::string rec_prefix = names.run_id + "." + producer;
  std::vector<std::string> argv = {names.program_dir + "/payment-producer"};
  AddKafka(names, &argv);
  argv.insert(argv.end(), {"--ack-log", ack_log, "--rec-prefix", rec_prefix});
  Values values = CommonValues(plan, names);
  values["{ack_log}"] = ack_log;
  values["{rec_prefix}"] = rec_prefix;
  return Spec(plan, producer, argv, values, names);
}

}  // namespace harness
