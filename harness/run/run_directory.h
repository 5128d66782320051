// The folder that a run leaves behind: runs/<time>-<scenario>-<seed>/. Made by the runner before anything starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/plan/scenario.h"

namespace harness {

struct RunDirectory {
  std::string path;  // absolute
  std::string history() const { return path + "/history"; }
  std::string log(const std::string& name) const { return path + "/logs/" + name + ".log"; }
  std::string event_log(const std::string& client) const { return history() + "/" + client + ".events.jsonl"; }
  std::string server_journal(const std::string& server) const { return history() + "/" + server + ".server.jsonl"; }
  std::string ack_log(const std::string& producer) const { return history() + "/" + producer + ".acks.jsonl"; }
};

// Makes it, a new one each time ("-2", "-3" appended when two runs start in one second), and writes scenario.json.
// `wall_ns`: the time in its name (UTC). Throws std::runtime_error that says what to do: the folder can't be written,
// or the disk has less room than the run will need (DiskBytesNeeded).
RunDirectory MakeRunDirectory(const std::string& out_dir, const Scenario& scenario, int64_t wall_ns);

// A folder of that kind for a run that never starts, without anything in it. `name` may be anything: what no file is
// called becomes "-". Throws std::runtime_error likewise.
RunDirectory MakeProblemDirectory(const std::string& out_dir, const std::string& name, std::optional<uint64_t> seed,
                                  int64_t wall_ns);

// An upper estimate of what journals, event logs and program logs of a run take, in bytes. Pure.
int64_t DiskBytesNeeded(const Scenario& scenario);

}  // namespace harness
