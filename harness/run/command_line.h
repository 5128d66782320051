// How the runner calls the programs under test: the built-in ones with the flags they need, foreign ones with the
// scenario's placeholders filled in. Pure. Called by the runner.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/settings.h"
#include "harness/plan/program_args.h"
#include "harness/plan/scenario.h"
#include "harness/process/supervisor.h"
#include "harness/run/run_directory.h"

namespace harness {

struct RunNames {
  RunDirectory directory;
  std::string run_id;
  std::string brokers;  // bootstrap addresses
  std::string topic;
  bool mock = true;
  std::string program_dir;                       // where the built-in programs are
  std::vector<std::string> kafka_properties;     // -X of the run, for a real cluster, those that may be seen
  std::map<std::string, std::string> kafka_env;  // how to speak with it, for every program: secrets too
  std::string scenario_directory;                // where the scenario file is; absolute
  std::map<std::string, int> ports;              // of each server, and of the scenario's broker
};

inline constexpr char kBrokerName[] = "broker";  // the scenario's own broker, as faults and logs name it

// What programs are told of the run's Kafka: settings that hold no secret by flags, the others through the environment,
// which the process list does not show. Null: the mock, and what the harness's own environment says of Kafka is blanked
// out.
void GiveKafkaSettings(const pipeline::KafkaSettings* settings, RunNames* names);

// `directory`: where it may keep its data from one start to the next.
ProcessSpec BrokerSpec(const ProgramPlan& plan, const std::string& directory, const RunNames& names);
std::string ServerAddress(const RunNames& names, const std::string& server);

ProcessSpec ServerSpec(const ServerPlan& plan, const RunNames& names);
// `servers`: the names that the client may use, resolved (never empty).
ProcessSpec ClientSpec(const ClientPlan& plan, const std::vector<std::string>& servers, const RunNames& names);
// `producer`: the recorder's name of this start of it: "shop", then "shop#2".
ProcessSpec ProducerSpec(const ProducerPlan& plan, const std::string& producer, const RunNames& names);

}  // namespace harness
