// How the runner calls the programs under test: the built-in ones with the flags they need, foreign ones with the
// scenario's placeholders filled in. Pure. Called by the runner.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/process/supervisor.h"
#include "harness/run/run_directory.h"
#include "harness/scenario/program_args.h"
#include "harness/scenario/scenario.h"

namespace harness {

struct RunNames {
  RunDirectory directory;
  std::string run_id;
  std::string brokers;  // bootstrap addresses
  std::string topic;
  bool mock = true;
  std::string program_dir;                    // where the built-in programs are
  std::vector<std::string> kafka_properties;  // -X of the run, for a real cluster
  std::map<std::string, int> ports;           // of each server
};

std::string ServerAddress(const RunNames& names, const std::string& server);

ProcessSpec ServerSpec(const ServerPlan& plan, const RunNames& names);
// `servers`: the names that the client may use, resolved (never empty).
ProcessSpec ClientSpec(const ClientPlan& plan, const std::vector<std::string>& servers, const RunNames& names);
// `producer`: the recorder's name of this start of it: "shop", then "shop#2".
ProcessSpec ProducerSpec(const ProducerPlan& plan, const std::string& producer, const RunNames& names);

}  // namespace harness
